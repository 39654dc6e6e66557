//! From a plan to programs: what each phase expands to, and which version schemas the phases
//! before it leave.

use crate::convert_key::{self, LiveVersion, Lookup};
use crate::plan::{Operations, Phase};
use crate::preflight::Finding;
use crate::program::Program;
use crate::schema::Snapshot;
use crate::sql_operation;
use crate::state::PhaseState;

/// A phase with its program.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseProgram {
    /// What the phase expands to.
    pub program: Program,
    /// Warnings and notes.
    pub findings: Vec<Finding>,
}

/// Plans one phase, given the version schemas that are kept when it starts.
///
/// # Errors
///
/// Everything that stands in the way, object by object.
pub fn program(
    snapshot: &Snapshot,
    phase: &Phase,
    live: &[LiveVersion],
) -> Result<PhaseProgram, Vec<Finding>> {
    program_of(&Lookup::new(snapshot), phase, live)
}

fn program_of(
    lookup: &Lookup<'_>,
    phase: &Phase,
    live: &[LiveVersion],
) -> Result<PhaseProgram, Vec<Finding>> {
    match &phase.operations {
        Operations::ConvertKeys(operations) => {
            let (program, findings) = convert_key::program(lookup, &phase.id, operations, live)?;
            Ok(PhaseProgram { program, findings })
        }
        Operations::Sql(operations) => Ok(PhaseProgram {
            program: sql_operation::program(&phase.id, operations),
            findings: vec![],
        }),
    }
}

/// The version schemas that are kept once a phase is expanded, given those before it.
fn live_after(live: &[LiveVersion], program: &Program) -> Vec<LiveVersion> {
    if program.versions.is_empty() {
        live.to_vec()
    } else {
        program.versions.clone()
    }
}

/// The version schemas that are kept at the moment, from the programs of the phases that have
/// been begun, in order, each with its state.
///
/// The last phase that keeps both shapes knows all that were there when it was expanded; each
/// contract since has given up the old shape of its phase.
pub fn live_versions<'a>(
    begun: impl IntoIterator<Item = (&'a Program, PhaseState)>,
) -> Vec<LiveVersion> {
    let mut live = Vec::new();
    let mut contracted = Vec::new();
    for (program, state) in begun {
        match state {
            PhaseState::Expanded | PhaseState::CutOver | PhaseState::Contracting => {
                live = live_after(&live, program);
            }
            PhaseState::Contracted => {
                if let [.., old, own] = program.versions.as_slice() {
                    contracted.push((old, own));
                }
            }
            PhaseState::Pending | PhaseState::Expanding | PhaseState::Withdrawing => {}
        }
    }
    for (old, own) in contracted {
        // A phase that was contracted before the live ones began has left no trace in them.
        if live.iter().any(|version| version.tag == own.tag) {
            live.retain(|version| version.tag != old.tag);
        }
    }
    live
}

/// Plans all phases as they will run one after another, none contracted in between.
///
/// A phase starts from the names the phases before it leave, and those are the names there
/// are now: a cut-over puts each new column, index and constraint under its old name. So every
/// program can be told from one snapshot; phases of `sql` may of course change what follows.
pub fn programs<'a>(
    snapshot: &Snapshot,
    phases: impl IntoIterator<Item = &'a Phase>,
    live: &[LiveVersion],
) -> Vec<(&'a Phase, Result<PhaseProgram, Vec<Finding>>)> {
    let lookup = Lookup::new(snapshot);
    let mut live = live.to_vec();
    phases
        .into_iter()
        .map(|phase| {
            let planned = program_of(&lookup, phase, &live);
            if let Ok(planned) = &planned {
                live = live_after(&live, &planned.program);
            }
            (phase, planned)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn program(tags: &[&str]) -> Program {
        let versions = tags.iter().map(|tag| LiveVersion {
            tag: (*tag).to_owned(),
            tables: Arc::default(),
            views: Arc::default(),
        });
        Program {
            versions: versions.collect(),
            ..Program::default()
        }
    }

    fn live(begun: &[(&[&str], PhaseState)]) -> Vec<String> {
        let programs: Vec<_> = begun
            .iter()
            .map(|(tags, state)| (program(tags), *state))
            .collect();
        live_versions(programs.iter().map(|(program, state)| (program, *state)))
            .into_iter()
            .map(|version| version.tag)
            .collect()
    }

    #[test]
    fn a_contract_takes_the_old_shape_from_the_phases_after_it() {
        use PhaseState::{Contracted, CutOver};
        let (one, two): (&[&str], &[&str]) = (&["base", "one"], &["base", "one", "two"]);
        assert_eq!(
            live(&[(one, CutOver), (two, CutOver)]),
            ["base", "one", "two"]
        );
        assert_eq!(live(&[(one, Contracted), (two, CutOver)]), ["one", "two"]);
        assert!(live(&[(one, Contracted), (two, Contracted)]).is_empty());
    }

    #[test]
    fn what_was_contracted_before_a_phase_began_does_not_count() {
        use PhaseState::{Contracted, CutOver};
        assert_eq!(
            live(&[(&["base", "one"], Contracted), (&["base", "two"], CutOver)]),
            ["base", "two"]
        );
    }
}
