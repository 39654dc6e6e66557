//! Turning back: all swaps first, so that `public` shows the old shape at once; then the new
//! shape is dropped; then the proof.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Serialize;
use turnback_core::name::TableName;
use turnback_core::program::Stage;
use turnback_core::scope::{Scope, Standing, as_asked, phases_to_turn_back};
use turnback_core::state::{PhaseEvent, PhaseState};

use crate::contract::retire;
use crate::edges::{Journal, PhaseRecord, Target, Withdrawn};
use crate::error::EngineError;
use crate::proof::Proof;
use crate::run::Run;
use crate::stage::Becomes;

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
    let records = run.phases().await?;
    let asked = asked(run, &records, scope).await?;
    let (over, turning): (Vec<&PhaseRecord>, Vec<&PhaseRecord>) = asked
        .iter()
        .filter_map(|phase| records.iter().find(|record| &record.phase == phase))
        .partition(|record| record.state == PhaseState::Pending);
    let names = |records: &[&PhaseRecord]| -> Vec<String> {
        records.iter().map(|record| record.phase.clone()).collect()
    };
    let (before, phases) = (names(&over), names(&turning));
    let mut swaps = Vec::new();
    let mut withdrawn = Vec::new();
    let mut left: Vec<&PhaseRecord> = Vec::new();
    for record in turning.iter().copied() {
        if matches!(record.state, PhaseState::CutOver | PhaseState::Contracting) {
            let next = record.state.next(PhaseEvent::SwappedBack)?;
            let hold = swap(run, record, next).await?;
            swaps.push((record.phase.clone(), hold));
        }
        left.push(record);
        // SQL of the user's may have put something on the new keys of a phase before it, and
        // what came after it on what it made: all that goes before that phase can swap.
        if to == BackTo::Start && record.program.swap_back.is_empty() {
            for record in left.drain(..) {
                withdrawn.push(withdraw(run, record).await?);
            }
        }
    }
    let millis_to_old_shape = begun.elapsed().as_millis() as u64;
    let mut proof = None;
    if to == BackTo::Start {
        for record in left {
            withdrawn.push(withdraw(run, record).await?);
        }
        retire(run, &phases).await?;
        let all: Vec<&PhaseRecord> = over.iter().chain(&turning).copied().collect();
        let proven = prove(run, &all, &records).await?;
        if !withdrawn.is_empty() {
            forget(run, &withdrawn).await?;
        }
        proof = Some(proven.into_proven()?);
    }
    Ok(BackReport {
        phases,
        before,
        swaps,
        millis_to_old_shape,
        millis: begun.elapsed().as_millis() as u64,
        proof,
        old_again: match to {
            BackTo::Start => vec![],
            BackTo::OldShape => old_again(&turning),
        },
    })
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

/// The phases that the scope means, taken down before anything is done about them. Until the end
/// has been told ([`Run::end`]), scopes count from where things stood: whoever was killed and is
/// started again does what was asked for, and no more.
async fn asked<T: Target, J: Journal>(
    run: &Run<T, J>,
    records: &[PhaseRecord],
    scope: &Scope,
) -> Result<Vec<String>, EngineError> {
    let mut untold = run
        .persist("reading the ledger", async || {
            run.target.asked_back(&run.plan).await
        })
        .await?;
    let phases = phases_to_turn_back(&as_asked(&standings(records), &untold), scope)?;
    untold.retain(|phase| !phases.contains(phase));
    let all: Vec<String> = phases.iter().chain(&untold).cloned().collect();
    run.ask_back(&all).await?;
    Ok(phases)
}

impl<T: Target, J: Journal> Run<T, J> {
    /// Takes down which phases a way back is about; none for another command, with which the one
    /// asked for before is over.
    pub(crate) async fn ask_back(&self, phases: &[String]) -> Result<(), EngineError> {
        self.persist("writing the ledger", async || {
            self.target.ask_back(self.fence, &self.plan, phases).await
        })
        .await
    }
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

async fn swap<T: Target, J: Journal>(
    run: &Run<T, J>,
    record: &PhaseRecord,
    next: PhaseState,
) -> Result<f64, EngineError> {
    if record.program.swap_back.is_empty() {
        run.become_state(&record.phase, record.state, next, None)
            .await?;
        return Ok(0.0);
    }
    let becomes = Becomes {
        from: record.state,
        state: next,
    };
    let swapped = run
        .stage(&record.program, Stage::SwapBack, Some(becomes))
        .await?;
    let hold = swapped.lock.map_or(0.0, |times| times.hold_millis);
    run.became(&record.phase, next, Some(hold)).await?;
    Ok(hold)
}

async fn withdraw<T: Target, J: Journal>(
    run: &Run<T, J>,
    record: &PhaseRecord,
) -> Result<Withdrawn, EngineError> {
    if matches!(record.state, PhaseState::Expanding | PhaseState::Expanded) {
        let next = record.state.next(PhaseEvent::WithdrawBegun)?;
        run.become_state(&record.phase, record.state, next, None)
            .await?;
    }
    let dropped = run.stage(&record.program, Stage::Withdraw, None).await?;
    Ok(Withdrawn {
        phase: record.phase.clone(),
        after: dropped.last,
    })
}

/// The last thing of a way back: until here the ledger knows which phases it is about, and
/// the same call goes on with these and no others.
async fn forget<T: Target, J: Journal>(
    run: &Run<T, J>,
    phases: &[Withdrawn],
) -> Result<(), EngineError> {
    let state = PhaseState::Withdrawing.next(PhaseEvent::Withdrawn)?;
    run.persist("writing the ledger", async || {
        run.target.forget_phases(run.fence, &run.plan, phases).await
    })
    .await?;
    for Withdrawn { phase, .. } in phases {
        run.became(phase, state, None).await?;
    }
    Ok(())
}

/// Compares with the catalog before the earliest of the phases.
async fn prove<T: Target, J: Journal>(
    run: &Run<T, J>,
    turned: &[&PhaseRecord],
    records: &[PhaseRecord],
) -> Result<Proof, EngineError> {
    let Some(earliest) = turned.last() else {
        return Ok(Proof::default());
    };
    let after = run.snapshot().await?;
    let programs = turned.iter().map(|record| &record.program);
    let contracted_meanwhile = records
        .iter()
        .any(|r| r.ordinal < earliest.ordinal && r.state == PhaseState::Contracted);
    Ok(if contracted_meanwhile {
        Proof::after_contract(&earliest.before, &after, programs)
    } else {
        Proof::of(&earliest.before, &after, programs)
    })
}

impl Proof {
    /// # Errors
    ///
    /// When something of ours is not as it was.
    fn into_proven(self) -> Result<Self, EngineError> {
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
