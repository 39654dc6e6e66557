//! `turnback backup create`: makes a backup.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::human::human_bytes;
use turnback_postgres::backup::{Given, Request, create, verify};

use super::progress::Screen;
use super::{on, place, server, until_interrupt};
use crate::cli::BackupCreateArgs;
use crate::failure::Failure;
use crate::output::text::{count, millis};

const LEFT: &str = "the backup is not whole, and `turnback backup prune` removes it";

pub(crate) async fn run(args: BackupCreateArgs) -> Result<ExitCode, Failure> {
    let (loaded, shelf) = place(&args.place)?;
    let plan = loaded.plan();
    let database = server(&loaded)?;
    let verify_on = on(&loaded, args.on.as_deref())?;
    let screen = Screen::new();
    let request = Request {
        plan: &plan.name,
        backups: &plan.backups,
        label: args.label.as_deref(),
        base: loaded.directory(),
    };
    let tell = |doing| screen.tell(doing);
    let made = until_interrupt(
        async { Ok(create(&database, &shelf, request, &tell).await?) },
        LEFT,
    )
    .await;
    let entry = made.inspect_err(|_| screen.finish())?;
    let manifest = entry.manifest.clone();
    let mut verified = None;
    if args.verify {
        let given = Given::Backup(Box::new(entry.clone()));
        let outcome = until_interrupt(
            async {
                Ok(verify(
                    &shelf,
                    &given,
                    &plan.backups,
                    loaded.directory(),
                    &verify_on,
                    &tell,
                )
                .await?)
            },
            "the backup is whole, and not verified",
        )
        .await;
        verified = Some(outcome.inspect_err(|_| screen.finish())?);
    }
    screen.finish();
    if args.json {
        anstream::println!(
            "{:#}",
            json!({ "id": manifest.id, "path": entry.path, "bytes": manifest.bytes(), "rows": manifest.contents.rows(),
                "tables": manifest.contents.tables.len(), "millis": manifest.millis,
                "restore_point": manifest.restore_point, "verified": verified.is_some() })
        );
        return Ok(ExitCode::Done);
    }
    anstream::println!(
        "{}: {} tables, {} rows, {} in {}, in {}.",
        manifest.id,
        manifest.contents.tables.len(),
        count(manifest.contents.rows()),
        human_bytes(manifest.bytes()),
        millis(manifest.millis as f64),
        entry.path.display()
    );
    match &manifest.restore_point {
        Some(point) => anstream::println!("Restore point {} at {}.", point.name, point.lsn),
        None => anstream::println!(
            "No restore point was set: the role may not (`GRANT EXECUTE ON FUNCTION pg_create_restore_point(text) TO role`)."
        ),
    }
    match verified {
        Some(outcome) => anstream::println!(
            "Verified: restored and compared, table by table, in {}.",
            millis(outcome.millis as f64)
        ),
        None => anstream::println!(
            "It is not verified, and so counts as none: `turnback backup verify {}` restores it somewhere and compares.",
            manifest.id
        ),
    }
    Ok(ExitCode::Done)
}
