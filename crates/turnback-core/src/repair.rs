//! Repair: what a database in a half-way state has of each table, from the ledger and the
//! catalog alone, and what can be done about it.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::fact::{Fact, Inspection};
use crate::name::TableName;
use crate::program::{Program, Stage};
use crate::state::PhaseState;
use crate::step::{Step, Work};

/// What is there of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum There {
    /// All of it.
    Done,
    /// Some of it: the remains of a try, or work that goes on where it was.
    Partial,
    /// Nothing.
    Missing,
    /// The ledger says that it is done, and the catalog does not have it.
    Lost,
}

impl There {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Missing => "missing",
            Self::Lost => "lost",
        }
    }
}

/// A step of the stage that a phase is in the middle of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepThere {
    /// The table that it is about, where it is about one.
    pub table: Option<TableName>,
    /// What it does.
    pub title: String,
    /// What is there of it.
    pub there: There,
}

/// What can be done about a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// Going on is safe.
    pub complete: bool,
    /// Turning back is safe.
    pub back: bool,
    /// Why, in a sentence.
    pub because: String,
}

/// The stage that a phase in this state may be in the middle of; none where nothing is half done
/// in it. Whether anything of it is open the steps tell.
pub fn stage_of(state: PhaseState) -> Option<Stage> {
    match state {
        PhaseState::Expanding => Some(Stage::Expand),
        PhaseState::CutOver => Some(Stage::Settle),
        PhaseState::Withdrawing => Some(Stage::Withdraw),
        PhaseState::Contracting => Some(Stage::Contract),
        PhaseState::Pending | PhaseState::Expanded | PhaseState::Contracted => None,
    }
}

/// What is there of each step of a stage. `held` tells of each step, in order, which of its facts
/// the catalog confirms; `done` are those that the ledger has as done, `begun` those whose
/// backfill has progress in it.
pub fn steps_there(
    program: &Program,
    stage: Stage,
    done: &BTreeSet<String>,
    begun: &BTreeSet<String>,
    held: &[Vec<bool>],
) -> Vec<StepThere> {
    let steps = program.steps(stage);
    let last_done = steps.iter().rposition(|step| done.contains(&step.id));
    steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let facts = held.get(at).map(Vec::as_slice).unwrap_or_default();
            let inspected = (!facts.is_empty()).then(|| Inspection::of(facts));
            let there = match (done.contains(&step.id), inspected) {
                // Later steps may take away what earlier ones needed on the way: the last one
                // that is done is the one that nothing has touched since.
                (true, Some(Inspection::Absent | Inspection::Partial)) if Some(at) == last_done => {
                    There::Lost
                }
                (true, _) => There::Done,
                (false, Some(Inspection::Done | Inspection::Partial)) => There::Partial,
                (false, _) if begun.contains(&step.id) => There::Partial,
                (false, _) => There::Missing,
            };
            StepThere {
                table: table_of(step),
                title: step.title.clone(),
                there,
            }
        })
        .collect()
}

/// The table that a step is about.
fn table_of(step: &Step) -> Option<TableName> {
    match &step.work {
        Work::Transaction { locks, .. } => locks
            .first()
            .map(|lock| lock.table.clone())
            .or_else(|| step.done_when.iter().find_map(table_in)),
        Work::Online { lock, .. } => Some(lock.table.clone()),
        Work::Backfill(backfill) => Some(backfill.table.clone()),
        Work::Verify { .. } | Work::Script { .. } => step.done_when.iter().find_map(table_in),
    }
}

fn table_in(fact: &Fact) -> Option<TableName> {
    match fact {
        Fact::Column(table, _)
        | Fact::NotNull(table, _)
        | Fact::Constraint(table, _)
        | Fact::ConstraintValid(table, _)
        | Fact::Trigger(table, _)
        | Fact::Relation(table)
        | Fact::Filled(table)
        | Fact::Reads(table, _)
        | Fact::Partition(table, _) => Some(table.clone()),
        Fact::IndexPresent(_) | Fact::IndexValid(_) | Fact::Statistics(_) => None,
        Fact::Either(one, other) => table_in(one).or_else(|| table_in(other)),
        Fact::Not(fact) => table_in(fact),
    }
}

/// Decides what can be done about a phase that is half-way.
pub fn remedy(state: PhaseState, irreversible: bool, steps: &[StepThere]) -> Remedy {
    let lost = steps.iter().find(|step| step.there == There::Lost);
    let say = |complete, back, because: &str| Remedy {
        complete,
        back,
        because: because.to_owned(),
    };
    if let Some(lost) = lost
        && state != PhaseState::Withdrawing
    {
        return Remedy {
            complete: false,
            back: !irreversible,
            because: format!(
                "the ledger says that this is done, and the catalog does not have it: {}. Nothing should be built upon that",
                lost.title
            ),
        };
    }
    let stuck = "it ran SQL that is marked irreversible, so it can only go on";
    match state {
        PhaseState::Expanding if irreversible => say(true, false, stuck),
        PhaseState::Expanding => say(
            true,
            true,
            "public shows the old shape, and every row is there; going on makes both shapes live, turning back removes the new one",
        ),
        PhaseState::CutOver if irreversible => say(true, false, stuck),
        PhaseState::CutOver => say(
            true,
            true,
            "public shows the new shape, and every row is there; going on makes the way back whole, turning back takes it",
        ),
        PhaseState::Withdrawing => say(
            false,
            true,
            "a way back was begun, and public shows the old shape; only its end is left",
        ),
        PhaseState::Contracting if irreversible => say(true, false, stuck),
        PhaseState::Contracting => say(
            true,
            true,
            "both shapes are whole until contract's last step; going on gives the old one up, turning back keeps it",
        ),
        PhaseState::Pending | PhaseState::Expanded | PhaseState::Contracted => {
            say(false, false, "nothing is half done")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(there: There) -> StepThere {
        StepThere {
            table: None,
            title: "add columns".to_owned(),
            there,
        }
    }

    #[test]
    fn half_way_forward_both_ways_are_open() {
        for state in [
            PhaseState::Expanding,
            PhaseState::CutOver,
            PhaseState::Contracting,
        ] {
            let open = remedy(state, false, &[step(There::Done), step(There::Missing)]);
            assert!(open.complete && open.back, "{state}");
            let stuck = remedy(state, true, &[step(There::Missing)]);
            assert!(stuck.complete && !stuck.back, "{state}");
        }
    }

    #[test]
    fn a_way_back_that_was_begun_is_only_finished() {
        let remedy = remedy(PhaseState::Withdrawing, false, &[step(There::Lost)]);
        assert!(!remedy.complete && remedy.back);
    }

    #[test]
    fn nothing_is_built_upon_what_the_catalog_has_lost() {
        let lost = remedy(PhaseState::Expanding, false, &[step(There::Lost)]);
        assert!(!lost.complete && lost.back && lost.because.contains("add columns"));
        let stuck = remedy(PhaseState::Expanding, true, &[step(There::Lost)]);
        assert!(!stuck.complete && !stuck.back);
    }
}
