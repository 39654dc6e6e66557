//! What an incident cost: time, rows, locks.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::guard::Moment;
use crate::journal::LockTimes;
use crate::program::Stage;
use crate::state::PhaseState;

/// What an incident cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cost {
    /// How long its phases were in which state, since they were begun.
    pub states: Vec<InState>,
    /// Rows that were written for its phases since they were begun.
    pub rows_written: u64,
    /// The strong locks of cut-over and way back.
    pub locks: Vec<LockCost>,
    /// Tries for locks that were refused, since the run began.
    pub refusals: u32,
}

/// How long a phase was in a state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InState {
    /// The phase.
    pub phase: String,
    /// The state.
    pub state: PhaseState,
    /// Since when.
    pub from: Moment,
    /// How long, in milliseconds.
    pub millis: u64,
}

/// What the strong locks of one step cost those who waited.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LockCost {
    /// The phase.
    pub phase: String,
    /// The stage.
    pub stage: Stage,
    /// The step.
    pub step: String,
    /// How long they were waited for, in milliseconds.
    pub wait_millis: f64,
    /// How long they were held, in milliseconds.
    pub hold_millis: f64,
}

/// What phases of a plan have cost so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    phases: BTreeMap<String, PhaseCost>,
    refusals: u32,
}

#[derive(Clone, Debug, Default)]
struct PhaseCost {
    states: Vec<(Moment, PhaseState)>,
    rows: u64,
    locks: Vec<LockCost>,
}

impl Ledger {
    pub(super) fn run_begins(&mut self) {
        self.refusals = 0;
    }

    pub(super) fn refused(&mut self) {
        self.refusals += 1;
    }

    pub(super) fn became(&mut self, at: Moment, phase: &str, state: PhaseState) {
        let cost = self.phases.entry(phase.to_owned()).or_default();
        let before = cost.states.last().map(|(_, state)| *state);
        // It begins anew: what it cost before was another time.
        if matches!(before, None | Some(PhaseState::Pending)) && state == PhaseState::Expanding {
            *cost = PhaseCost::default();
        }
        cost.states.push((at, state));
    }

    pub(super) fn done(
        &mut self,
        phase: &str,
        stage: Stage,
        step: &str,
        rows: Option<u64>,
        lock: Option<&LockTimes>,
    ) {
        let cost = self.phases.entry(phase.to_owned()).or_default();
        cost.rows = cost.rows.saturating_add(rows.unwrap_or(0));
        if let Some(lock) = lock
            && matches!(stage, Stage::CutOver | Stage::SwapBack)
        {
            cost.locks.push(LockCost {
                phase: phase.to_owned(),
                stage,
                step: step.to_owned(),
                wait_millis: lock.wait_millis,
                hold_millis: lock.hold_millis,
            });
        }
    }

    /// Whether one of these phases has still something of its new shape to drop.
    pub(super) fn has_left_overs(&self, phases: &[String]) -> bool {
        phases.iter().any(|phase| {
            let states = self.phases.get(phase).map(|cost| &cost.states);
            states.and_then(|states| states.last()).map(|(_, s)| *s)
                == Some(PhaseState::Withdrawing)
        })
    }

    /// Whether one of these phases is still cut over.
    pub(super) fn shows_new_shape(&self, phases: &[String]) -> bool {
        phases.iter().any(|phase| {
            let states = self.phases.get(phase).map(|cost| &cost.states);
            let last = states.and_then(|states| states.last()).map(|(_, s)| *s);
            matches!(last, Some(PhaseState::CutOver | PhaseState::Contracting))
        })
    }

    /// What these phases cost up to a moment.
    pub(super) fn of(&self, phases: &[String], until: Moment) -> Cost {
        let mut cost = Cost {
            refusals: self.refusals,
            ..Cost::default()
        };
        for phase in phases {
            let Some(known) = self.phases.get(phase) else {
                continue;
            };
            cost.rows_written = cost.rows_written.saturating_add(known.rows);
            cost.locks.extend(known.locks.iter().cloned());
            for (index, (from, state)) in known.states.iter().enumerate() {
                let ends = known.states.get(index + 1).map_or(until, |(at, _)| *at);
                // Turned back, it is as if it had not begun: that costs nothing.
                if *state != PhaseState::Pending {
                    cost.states.push(InState {
                        phase: phase.clone(),
                        state: *state,
                        from: *from,
                        millis: u64::try_from(ends.since(*from).as_millis()).unwrap_or(u64::MAX),
                    });
                }
            }
        }
        cost
    }
}
