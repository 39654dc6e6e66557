//! `turnback backup list`: which backups there are, and which are good.

use serde_json::json;
use turnback_core::backup::{BackupState, Method};
use turnback_core::exit::ExitCode;
use turnback_core::human::human_bytes;
use turnback_postgres::backup::Entry;

use super::place;
use crate::cli::BackupListArgs;
use crate::failure::Failure;
use crate::output::table;
use crate::output::text::count;

pub(crate) fn run(args: BackupListArgs) -> Result<ExitCode, Failure> {
    let (_, shelf) = place(&args.place)?;
    let entries = shelf.entries()?;
    if args.json {
        let backups: Vec<_> = entries.iter().map(shown).collect();
        anstream::println!(
            "{:#}",
            json!({ "directory": shelf.directory(), "backups": backups })
        );
        return Ok(ExitCode::Done);
    }
    if entries.is_empty() {
        anstream::println!(
            "There is no backup in {}. `turnback backup create --verify` makes one.",
            shelf.directory().display()
        );
        return Ok(ExitCode::Done);
    }
    let mut rows = table(["backup", "of", "taken (UTC)", "by", "size", "rows", "is"]);
    for entry in &entries {
        let manifest = &entry.manifest;
        rows.add_row([
            manifest.id.clone(),
            manifest.database.clone(),
            manifest.taken_at.clone(),
            by(&manifest.method),
            human_bytes(manifest.bytes()),
            count(manifest.contents.rows()),
            standing(entry),
        ]);
    }
    anstream::println!("{rows}");
    let good = entries.iter().filter(|entry| is_good(entry)).count();
    anstream::println!(
        "{good} of {} good. One that is not verified counts as none.",
        entries.len()
    );
    Ok(ExitCode::Done)
}

fn is_good(entry: &Entry) -> bool {
    entry.manifest.is_good() && entry.damaged.is_none() && !entry.at_work
}

fn by(method: &Method) -> String {
    match method {
        Method::PgDump => "pg_dump".to_owned(),
        Method::PgBackRest { label, .. } => format!("pgBackRest {label}"),
        Method::Command => "command".to_owned(),
    }
}

/// What it is worth, in words.
fn standing(entry: &Entry) -> String {
    match (
        &entry.manifest.state,
        &entry.damaged,
        &entry.manifest.verified,
    ) {
        (BackupState::Begun, ..) if entry.at_work => "at work".to_owned(),
        (BackupState::Begun, ..) => "not whole: it was cut short".to_owned(),
        (BackupState::Failed(reason), ..) => format!("failed: {reason}"),
        (BackupState::Whole, Some(flaw), _) => format!("damaged: {flaw}"),
        (BackupState::Whole, None, Some(verified)) => format!("verified {}", verified.at),
        (BackupState::Whole, None, None) => "not verified".to_owned(),
    }
}

fn shown(entry: &Entry) -> serde_json::Value {
    let manifest = &entry.manifest;
    json!({
        "id": manifest.id, "path": entry.path, "database": manifest.database, "plan": manifest.plan,
        "taken_at": manifest.taken_at, "method": manifest.method, "bytes": manifest.bytes(),
        "rows": manifest.contents.rows(), "tables": manifest.contents.tables.len(),
        "phases": manifest.phases, "restore_point": manifest.restore_point,
        "state": manifest.state, "at_work": entry.at_work, "damaged": entry.damaged,
        "verified": manifest.verified, "good": is_good(entry),
    })
}
