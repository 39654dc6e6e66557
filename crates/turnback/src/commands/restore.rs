//! `turnback restore`: a backup in the place of the database, or some of its tables.

use turnback_core::exit::ExitCode;
use turnback_core::name::TableName;
use turnback_core::plan::parse_table;
use turnback_postgres::backup::{
    Given, Server, cancel_swap, let_clients_in, restore_swap, restore_tables,
};

use super::backup::progress::Screen;
use super::backup::{place, server, until_interrupt};
use crate::cli::RestoreArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::text::count;
use crate::output::{ask, table};

const GOES_ON: &str = "the same command goes on, `turnback restore --cancel` drops what it made; clients go on in the database as it was";

pub(crate) async fn run(args: RestoreArgs) -> Result<ExitCode, Failure> {
    let (loaded, shelf) = place(&args.place)?;
    let database = server(&loaded)?;
    if args.cancel {
        return cancel(&database).await;
    }
    let given = Given::named(&shelf, &args.backup)?;
    if args.swap {
        swap(&args, &loaded, &database, &given).await
    } else {
        tables(&args, &loaded, &database, &given).await
    }
}

async fn cancel(database: &Server) -> Result<ExitCode, Failure> {
    if cancel_swap(database).await? {
        anstream::println!(
            "Dropped what the restore had made; clients may connect to {}.",
            database.redacted()
        );
    } else {
        anstream::println!(
            "No restore of {} was under way; clients may connect to it.",
            database.redacted()
        );
    }
    Ok(ExitCode::Done)
}

fn says_yes(args: &RestoreArgs, question: &str) -> Result<(), Failure> {
    if args.yes || ask(question) {
        return Ok(());
    }
    Err(Failure::usage("nobody said yes; nothing was touched")
        .next("`--yes` says it without asking."))
}

/// When what is restored was taken.
fn taken(given: &Given) -> String {
    match given {
        Given::Backup(entry) => {
            format!(
                "{} UTC (of {})",
                entry.manifest.taken_at, entry.manifest.database
            )
        }
        Given::Dump(..) => "the dump was made".to_owned(),
    }
}

async fn swap(
    args: &RestoreArgs,
    loaded: &Loaded,
    database: &Server,
    given: &Given,
) -> Result<ExitCode, Failure> {
    says_yes(
        args,
        &format!(
            "Put {} in the place of {}? Its sessions are ended; what was written since {} is in the database that is kept, and not in the new one.",
            given.name(),
            database.redacted(),
            taken(given)
        ),
    )?;
    let screen = Screen::new();
    let tell = |doing| screen.tell(doing);
    let swapped = until_interrupt(
        async {
            Ok(restore_swap(database, given, &loaded.plan().backups, args.again, &tell).await?)
        },
        GOES_ON,
    )
    .await;
    screen.finish();
    if swapped.is_err()
        && let Err(error) = let_clients_in(database).await
    {
        anstream::eprintln!(
            "clients may be kept out of {}: {error}. `turnback restore --cancel` lets them in.",
            database.redacted()
        );
    }
    let swapped = swapped?;
    let name = database.database();
    match &swapped.failed {
        Some(failed) if swapped.before => anstream::println!(
            "{} has taken the place of {name} already; what was there is kept as {failed}. `--again` restores it once more.",
            given.name()
        ),
        Some(failed) => {
            anstream::println!(
                "{name} is {} now. {} sessions were ended; the database that was there is kept, read-only, as {failed}.",
                given.name(),
                swapped.ended
            );
            for slot in &swapped.slots {
                anstream::println!(
                    "The replication slot {slot} stays with {failed}: make it anew where it is needed, and drop it there."
                );
            }
            anstream::println!(
                "`turnback salvage` shows what was written after the backup, and puts back what nothing is in the way of. `DROP DATABASE {}` when it is not needed any more.",
                turnback_core::name::Ident::new(failed.as_str())
            );
        }
        None => anstream::println!("{name} was not there; it is {} now.", given.name()),
    }
    Ok(ExitCode::Done)
}

async fn tables(
    args: &RestoreArgs,
    loaded: &Loaded,
    database: &Server,
    given: &Given,
) -> Result<ExitCode, Failure> {
    let wanted = named(&args.tables, loaded)?;
    says_yes(
        args,
        &format!(
            "Give {} on {} the rows they had at {}? Those they have now are kept beside.",
            turnback_core::name::list(&wanted),
            database.redacted(),
            taken(given)
        ),
    )?;
    let screen = Screen::new();
    let tell = |doing| screen.tell(doing);
    let restored = until_interrupt(
        async {
            Ok(restore_tables(database, given, &wanted, &loaded.plan().backups, &tell).await?)
        },
        "no table has changed; the next restore removes what is left of this one",
    )
    .await;
    screen.finish();
    let mut shown = table([
        "table",
        "rows before",
        "rows now",
        "those before are kept in",
    ]);
    for row in restored? {
        shown.add_row([
            row.table.to_string(),
            count(row.before),
            count(row.after),
            row.kept.to_string(),
        ]);
    }
    anstream::println!("{shown}");
    anstream::println!(
        "Every foreign key of these tables was checked. Drop the schema with the rows before when it is not needed any more."
    );
    Ok(ExitCode::Done)
}

/// Tables as the user names them.
pub(crate) fn named(tables: &[String], loaded: &Loaded) -> Result<Vec<TableName>, Failure> {
    tables
        .iter()
        .map(|text| {
            parse_table(text, &loaded.plan().schema).map_err(|wrong| {
                Failure::usage(format!("{text} is not the name of a table: {wrong}"))
                    .next("Names are written as in SQL: users, billing.invoices, '\"Order\"'.")
            })
        })
        .collect()
}
