//! The report that a run writes by itself when it has had an incident.

use std::path::{Path, PathBuf};

use turnback_core::guard::Moment;
use turnback_core::incident::report::html;

use super::case::Cases;
use super::store;
use crate::failure::Failure;

/// The report of the last incident that was opened since a moment, as HTML, with its number;
/// nothing where there was none.
pub(crate) async fn last_report(
    path: &Path,
    since: Moment,
) -> Result<Option<(u32, String)>, Failure> {
    let store = store(path).await?;
    let head = store.head().await?;
    let cases = Cases::read(&store).await?;
    let last = cases.all.into_iter().next_back();
    Ok(last
        .filter(|case| case.incident.opened >= since)
        .map(|case| (case.incident.number, html(&case.facts(head)))))
}

/// Writes it beside the control store, in the place of an earlier one of the same incident, and
/// says so. A report that cannot be written takes nothing from the run.
pub(crate) async fn write_report(store: &Path, since: Moment) {
    if !store.exists() {
        return;
    }
    let written = async {
        let Some((number, html)) = last_report(store, since).await? else {
            return Ok(None);
        };
        let path: PathBuf = store.with_file_name(format!("incident-{number}.html"));
        std::fs::write(&path, html).map_err(|error| {
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
