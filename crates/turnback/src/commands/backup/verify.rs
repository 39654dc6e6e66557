//! `turnback backup verify`: restores a backup into a scratch database and compares.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_postgres::backup::{Given, verify};

use super::progress::Screen;
use super::{on, place, until_interrupt};
use crate::cli::BackupVerifyArgs;
use crate::failure::Failure;
use crate::output::text::{count, millis};

pub(crate) async fn run(args: BackupVerifyArgs) -> Result<ExitCode, Failure> {
    let (loaded, shelf) = place(&args.place)?;
    let given = Given::named(&shelf, &args.backup)?;
    let server = on(&loaded, args.on.as_deref())?;
    let screen = Screen::new();
    let tell = |doing| screen.tell(doing);
    let outcome = until_interrupt(
        async {
            Ok(verify(
                &shelf,
                &given,
                &loaded.plan().backups,
                loaded.directory(),
                &server,
                &tell,
            )
            .await?)
        },
        "nothing is known of the backup; the next verification removes what is left of this one",
    )
    .await;
    screen.finish();
    let outcome = outcome?;
    let (tables, rows) = (outcome.contents.tables.len(), outcome.contents.rows());
    if args.json {
        anstream::println!(
            "{:#}",
            json!({ "id": given.name(), "verified": outcome.compared, "tables": tables, "rows": rows, "millis": outcome.millis })
        );
    } else if outcome.compared {
        anstream::println!(
            "{} is good: restored in {}, and all {tables} tables ({} rows) are what they were.",
            given.name(),
            millis(outcome.millis as f64),
            count(rows)
        );
    } else {
        anstream::println!(
            "{} can be restored: {tables} tables with {} rows in {}. It says nothing of what it should hold, so nothing could be compared.",
            given.name(),
            count(rows),
            millis(outcome.millis as f64)
        );
    }
    Ok(ExitCode::Done)
}
