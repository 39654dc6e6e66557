//! The report that a run writes by itself when it has had an incident.

use std::path::{Path, PathBuf};

use turnback_core::guard::Moment;
use turnback_core::incident::report::html;
use turnback_store::StorePlace;

use super::case::Cases;
use super::store;
use crate::failure::Failure;

/// The report of the last incident that was opened since a moment, as HTML, with its number;
/// nothing where there was none.
pub(crate) async fn last_report(
    place: &StorePlace,
    since: Moment,
) -> Result<Option<(u32, String)>, Failure> {
    let store = store(place).await?;
    let head = store.head().await?;
    let cases = Cases::read(&store).await?;
    let last = cases.all.into_iter().next_back();
    Ok(last
        .filter(|case| case.incident.opened >= since)
        .map(|case| (case.incident.number, html(&case.facts(head)))))
}

/// Writes it beside the control store, or to where the file would be, in the place of an earlier
/// one of the same incident, and says so. A report that cannot be written takes nothing from the
/// run.
pub(crate) async fn write_report(store: &StorePlace, since: Moment) {
    if store.file().is_some_and(|file| !file.exists()) {
        return;
    }
    let beside = store.file().unwrap_or(Path::new(".turnback/journal.db"));
    let written = async {
        let Some((number, html)) = last_report(store, since).await? else {
            return Ok(None);
        };
        let path: PathBuf = beside.with_file_name(format!("incident-{number}.html"));
        let directory = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        directory
            .and_then(|()| std::fs::write(&path, html))
            .map_err(|error| {
                Failure::usage(format!("{} cannot be written: {error}", path.display()))
            })?;
        Ok::<_, Failure>(Some((number, path)))
    };
    match written.await {
        Ok(None) => {}
        Ok(Some((number, path))) => anstream::eprintln!(
            "Report: {} (`turnback incident report {number}` for one to write into)",
            path.display()
        ),
        Err(failure) => anstream::eprintln!(
            "warning: there is no report of what happened: {}",
            failure.message
        ),
    }
}
