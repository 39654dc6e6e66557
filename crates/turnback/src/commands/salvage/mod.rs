//! `turnback salvage`: what was written after a backup, found, exported and put back.

mod export;

use serde_json::json;
use turnback_core::backup::salvage::{Direction, Kind};
use turnback_core::exit::ExitCode;
use turnback_postgres::backup::{Found, Heard, Salvage, TranslatedKey, replaced, salvage};

use self::export::Export;

use super::backup::progress::Screen;
use super::backup::{server, until_interrupt};
use super::restore::named;
use crate::cli::SalvageArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::text::count;
use crate::output::{ask, table};

pub(crate) async fn run(args: SalvageArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let database = server(&loaded)?;
    let failed = match &args.failed {
        Some(failed) => failed.clone(),
        None => replaced(&database).await?.pop().ok_or_else(|| {
            Failure::usage(format!(
                "no database that {} replaced is on the server",
                database.redacted()
            ))
            .next(
                "`turnback restore --swap` keeps the one that it replaces; --failed names another.",
            )
        })?,
    };
    let only = named(&args.tables, &loaded)?;
    let mut kinds = Vec::new();
    if args.put_back {
        kinds.push(Kind::Added);
        kinds.extend(args.changed.then_some(Kind::Changed));
        kinds.extend(args.deleted.then_some(Kind::Deleted));
        let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let question = format!(
            "Put back into {} what was {} after the backup, where nothing is in the way?",
            database.redacted(),
            words.join(", ")
        );
        if !args.yes && !ask(&question) {
            return Err(Failure::usage("nobody said yes; nothing was touched")
                .next("`--yes` says it without asking."));
        }
    }
    let mut export = args.export.as_deref().map(Export::to).transpose()?;
    let screen = Screen::new();
    let tell = |doing| screen.tell(doing);
    let mut hear = |heard: Heard<'_>| match &mut export {
        Some(export) => export.write(heard),
        None => Ok(()),
    };
    let wanted = Salvage {
        failed: &failed,
        only: &only,
        put_back: &kinds,
    };
    let found = until_interrupt(
        async { Ok(salvage(&database, wanted, &mut hear, &tell).await?) },
        "what was put back is there, and the same command goes on",
    )
    .await;
    screen.finish();
    let found = found?;
    if let Some(export) = export {
        export.end()?;
    }
    if args.json {
        anstream::println!("{:#}", shown(&failed, &found));
    } else {
        show(&failed, &found, args.put_back);
    }
    let conflicts = found.tables.iter().any(|table| table.conflicts > 0);
    // Something is left that only a person can decide.
    Ok(if args.put_back && conflicts {
        ExitCode::NeedsPerson
    } else {
        ExitCode::Done
    })
}

fn shown(failed: &str, found: &Found) -> serde_json::Value {
    let tables: Vec<_> = found
        .tables
        .iter()
        .map(|table| {
            let [added, changed, deleted] = table.counts;
            let conflicts: Vec<_> = table
                .reasons
                .iter()
                .map(|(key, reason)| json!({ "key": key, "reason": reason }))
                .collect();
            json!({ "table": table.table.to_string(), "added": added, "changed": changed, "deleted": deleted,
                "put_back": table.put_back, "conflicts": table.conflicts, "first_conflicts": conflicts })
        })
        .collect();
    let untold: Vec<_> = found
        .untold
        .iter()
        .map(|(table, reason)| json!({ "table": table.to_string(), "reason": reason }))
        .collect();
    let translated: Vec<_> = found
        .translated
        .iter()
        .map(|(table, column, key)| {
            json!({ "table": table.to_string(), "column": column.as_str(), "key": key.to_string() })
        })
        .collect();
    let keys: Vec<_> = found
        .keys
        .iter()
        .map(|key| {
            let [from, to] = words(key.direction);
            json!({ "key": key.key.to_string(), "from": from, "to": to, "archive": key.archive.to_string(),
                "given": key.given, "without": key.without })
        })
        .collect();
    json!({ "failed": failed, "tables": tables, "not_compared": untold, "translated": translated, "keys": keys })
}

fn show(failed: &str, found: &Found, put_back: bool) {
    if found.tables.is_empty() {
        anstream::println!("Nothing differs from {failed} in the tables that can be compared.");
    } else {
        let mut rows = table([
            "table",
            "added",
            "changed",
            "deleted",
            "put back",
            "conflicts",
        ]);
        for table in &found.tables {
            let [added, changed, deleted] = table.counts.map(count);
            rows.add_row([
                table.table.to_string(),
                added,
                changed,
                deleted,
                count(table.put_back),
                count(table.conflicts),
            ]);
        }
        anstream::println!("In {failed}, after the backup:\n{rows}");
    }
    for table in &found.tables {
        for (key, reason) in &table.reasons {
            anstream::println!("{} ({}): {reason}", table.table, key.join(", "));
        }
        let more = table.conflicts.saturating_sub(table.reasons.len() as u64);
        if more > 0 {
            anstream::println!("{}: {more} more", table.table);
        }
    }
    for key in &found.keys {
        anstream::println!("{}", led(key, found));
    }
    for (table, reason) in &found.untold {
        anstream::println!("{table} was not compared: {reason}.");
    }
    if !put_back && !found.tables.is_empty() {
        anstream::println!(
            "Nothing was changed. --export FILE writes it down; --put-back puts back what was added, --changed and --deleted more."
        );
    }
}

/// From which shape a key leads to which.
fn words(direction: Direction) -> [&'static str; 2] {
    match direction {
        Direction::ToOld => ["new", "old"],
        Direction::ToNew => ["old", "new"],
    }
}

/// What was compared by way of a key, and what becomes of rows without one.
fn led(key: &TranslatedKey, found: &Found) -> String {
    let [from, to] = words(key.direction);
    let columns = found.translated.iter().filter(|(_, _, by)| *by == key.key);
    let columns: Vec<String> = columns
        .map(|(table, column, _)| format!("{table}.{column}"))
        .collect();
    let mut said = format!(
        "By {}, which leads from {from} keys to {to} ones: {}.",
        key.archive,
        columns.join(", ")
    );
    let article = match key.direction {
        Direction::ToOld => "an old key",
        Direction::ToNew => "a new key",
    };
    if key.given > 0 {
        said += &format!(
            " {} came after it and got {article}: turnback.salvaged_key has them.",
            rows(key.given)
        );
    }
    if key.without > 0 {
        said += &format!(" {} came after it", rows(key.without));
        said += &if key.can_be_given {
            format!(", and --put-back gives each {article}.")
        } else {
            format!(
                ", and cannot be put back: no sequence makes keys of {}.",
                key.key
            )
        };
    }
    said
}

fn rows(number: u64) -> String {
    match number {
        1 => "1 row".to_owned(),
        more => format!("{} rows", count(more)),
    }
}
