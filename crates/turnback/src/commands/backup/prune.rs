//! `turnback backup prune`: removes what is not needed; never the last good backup.

use turnback_core::backup::{Kept, prune};
use turnback_core::exit::ExitCode;
use turnback_core::human::human_bytes;
use turnback_postgres::backup::remove;

use super::{place, server};
use crate::cli::BackupPruneArgs;
use crate::failure::Failure;
use crate::output::{ask, table};

pub(crate) async fn run(args: BackupPruneArgs) -> Result<ExitCode, Failure> {
    let (loaded, shelf) = place(&args.place)?;
    let entries = shelf.entries()?;
    let kept: Vec<Kept<'_>> = entries.iter().map(|entry| entry.kept()).collect();
    let keep = args.keep.unwrap_or(loaded.plan().backups.keep) as usize;
    let decided = prune(&kept, keep);
    let mut shown = table(["backup", "size", "", "why"]);
    for (entry, keeping) in entries.iter().zip(&decided) {
        shown.add_row([
            entry.manifest.id.clone(),
            human_bytes(entry.manifest.bytes()),
            if keeping.goes() { "goes" } else { "stays" }.to_owned(),
            keeping.reason().to_owned(),
        ]);
    }
    let going: Vec<_> = entries
        .iter()
        .zip(&decided)
        .filter_map(|(entry, keeping)| keeping.goes().then_some(entry))
        .collect();
    if !entries.is_empty() {
        anstream::println!("{shown}");
    }
    if going.is_empty() || args.dry_run {
        anstream::println!(
            "{} of {} would go; nothing was removed.",
            going.len(),
            entries.len()
        );
        return Ok(ExitCode::Done);
    }
    if !args.yes && !ask(&format!("Remove {} of {}?", going.len(), entries.len())) {
        return Err(Failure::usage("nobody said yes; nothing was removed")
            .next("`--yes` says it without asking."));
    }
    let server = server(&loaded)?;
    for entry in &going {
        remove(&server, &shelf, entry, &loaded.plan().backups).await?;
    }
    anstream::println!("Removed {}.", going.len());
    Ok(ExitCode::Done)
}
