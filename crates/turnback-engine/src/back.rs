//! Turning back: all swaps first, so that `public` shows the old shape at once; then the new
//! shape is dropped; then the proof.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Serialize;
use turnback_core::name::TableName;
use turnback_core::scope::{Scope, Standing};

use crate::edges::{Journal, PhaseRecord, Target};
use crate::error::EngineError;
use crate::proof::Proof;
use crate::run::Run;
use crate::way::Way;

/// How far one call of [`back`] goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackTo {
    /// Until nothing of the phase is left.
    #[default]
    Start,
    /// Until `public` shows the old shape; the new one stays open for clients that still use
    /// it, and another call drops it.
    OldShape,
}

/// What turning back came to.
#[derive(Clone, Debug, Serialize)]
pub struct BackReport {
    /// The phases that it turned back, last first.
    pub phases: Vec<String>,
    /// Phases that were asked for and had been turned back before: by a call that was ended
    /// before it could say so.
    pub before: Vec<String>,
    /// How long each swap held its locks, in milliseconds.
    pub swaps: Vec<(String, f64)>,
    /// From the call until `public` showed the old shape in every phase, in milliseconds.
    pub millis_to_old_shape: u64,
    /// How long it all took, in milliseconds.
    pub millis: u64,
    /// The comparison with the catalog before; absent while the new shape is kept.
    pub proof: Option<Proof>,
    /// While the new shape is kept: phases with the tables that only phases before them had
    /// changed. Clients of such a phase's version see those in the old shape again.
    pub old_again: Vec<(String, Vec<TableName>)>,
}

/// Turns back as far as the scope says.
///
/// # Errors
///
/// See [`EngineError`]; whatever was done is in the ledger, and the same call goes on.
pub async fn back<T: Target, J: Journal>(
    run: &Run<T, J>,
    scope: &Scope,
    to: BackTo,
) -> Result<BackReport, EngineError> {
    run.explained(turn_back(run, scope, to).await).await
}

async fn turn_back<T: Target, J: Journal>(
    run: &Run<T, J>,
    scope: &Scope,
    to: BackTo,
) -> Result<BackReport, EngineError> {
    let begun = Instant::now();
    let way = Way::confirm(run, scope).await?;
    let mut swapped = way.swap(run, to, async |_| Ok(())).await?;
    let millis_to_old_shape = begun.elapsed().as_millis() as u64;
    let mut proof = None;
    if to == BackTo::Start {
        let (proven, _) = way.drop_new_shape(run, &mut swapped).await?;
        proof = Some(proven.into_proven()?);
    }
    Ok(BackReport {
        phases: way.phases(),
        before: way.before(),
        swaps: swapped.swaps,
        millis_to_old_shape,
        millis: begun.elapsed().as_millis() as u64,
        proof,
        old_again: old_again_unless_dropped(&way, to),
    })
}

/// What clients of a new shape that is kept see otherwise than before.
pub(crate) fn old_again_unless_dropped(way: &Way, to: BackTo) -> Vec<(String, Vec<TableName>)> {
    match to {
        BackTo::Start => vec![],
        BackTo::OldShape => old_again(&way.turning().collect::<Vec<_>>()),
    }
}

/// The version schemas of a phase hold what it changed; whatever else its clients see is what
/// `public` shows. So what only an earlier phase had changed turns back for them too. `turned`
/// are phases, last first.
fn old_again(turned: &[&PhaseRecord]) -> Vec<(String, Vec<TableName>)> {
    let changed = |record: &PhaseRecord| -> BTreeSet<TableName> {
        let columns = record.program.columns.iter().map(|(table, _)| table);
        columns.chain(&record.program.views).cloned().collect()
    };
    turned
        .iter()
        .enumerate()
        .filter(|(_, record)| !record.program.version_schemas.is_empty())
        .map(|(at, record)| {
            let earlier: BTreeSet<TableName> =
                turned[at + 1..].iter().flat_map(|r| changed(r)).collect();
            let own = changed(record);
            (
                record.phase.clone(),
                earlier.difference(&own).cloned().collect(),
            )
        })
        .filter(|(_, tables): &(String, Vec<TableName>)| !tables.is_empty())
        .collect()
}

/// Where every phase stands, for the decision how far to turn back.
pub fn standings(records: &[PhaseRecord]) -> Vec<Standing> {
    records
        .iter()
        .map(|record| Standing {
            phase: record.phase.clone(),
            state: record.state,
            irreversible: !record.program.irreversible.is_empty(),
        })
        .collect()
}

impl Proof {
    /// # Errors
    ///
    /// When something of ours is not as it was.
    pub(crate) fn into_proven(self) -> Result<Self, EngineError> {
        match self.left_behind.first() {
            None => Ok(self),
            Some(first) => Err(EngineError::NeedsPerson {
                what: format!(
                    "turned back, but the catalog is not as it was: {} difference(s), the first: {first}",
                    self.left_behind.len()
                ),
                next: "Every client can read and write; compare the object with its definition before the change".to_owned(),
            }),
        }
    }
}
