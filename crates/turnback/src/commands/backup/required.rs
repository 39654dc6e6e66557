//! Whether the plan requires a backup that is not there; and the copy of the ledger that it
//! may ask for after each phase.

use turnback_core::backup::{Demand, Manifest, Situation, requirement};
use turnback_core::plan::Require;
use turnback_core::preflight::Finding;
use turnback_postgres::backup::{About, copy_ledger};

use super::{server, shelf};
use crate::context::Loaded;
use crate::failure::Failure;

/// What stands in the way of these for want of a backup.
pub(crate) async fn findings(
    loaded: &Loaded,
    demands: &[Demand<'_>],
) -> Result<Vec<Finding>, Failure> {
    let backups = &loaded.plan().backups;
    if backups.require == Require::Never || demands.is_empty() {
        return Ok(vec![]);
    }
    let about = About::of(&server(loaded)?).await?;
    let known: Vec<Manifest> = shelf(loaded)
        .entries()?
        .into_iter()
        .filter(|entry| entry.damaged.is_none() && !entry.at_work)
        .map(|entry| entry.manifest)
        .collect();
    let situation = Situation {
        database: &about.database,
        system: about.system.as_deref(),
        now: about.now,
        phases: &about.phases,
        backups: &known,
    };
    Ok(demands
        .iter()
        .filter_map(|demand| requirement(backups, *demand, &situation))
        .collect())
}

/// Copies the ledger and the key archives to the plan's second database, where it names one. A
/// copy that fails takes nothing from what was done: it is said, and that is all.
pub(crate) async fn copy(loaded: &Loaded) {
    let Some(to) = &loaded.plan().backups.copy_to else {
        return;
    };
    let copied = match server(loaded) {
        Ok(server) => copy_ledger(&server, to).await.map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    match copied {
        Ok(tables) => {
            anstream::eprintln!("copied the ledger ({tables} tables) to {}", to.redacted())
        }
        Err(failure) => anstream::eprintln!(
            "warning: the ledger could not be copied to {}: {}. What was done to the database is done, and in its own ledger.",
            to.redacted(),
            failure.message
        ),
    }
}
