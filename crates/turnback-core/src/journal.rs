//! The journal: what a run set out to do and what came of it, event by event.
//!
//! Intent is written before effect. The journal is for people and reports; the ledger in the
//! target, committed with each change, is what recovery believes.

use serde::{Deserialize, Serialize};

use crate::program::Stage;
use crate::state::PhaseState;

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JournalEvent {
    /// A command began.
    RunBegun {
        /// `up`, `back`, `contract`.
        command: String,
        /// Name of the plan.
        plan: String,
        /// Epoch of the lease it runs under.
        epoch: i64,
    },
    /// A step is about to run.
    StepIntended {
        /// The phase.
        phase: String,
        /// The stage.
        stage: Stage,
        /// The step.
        step: String,
        /// What it does.
        title: String,
    },
    /// A step is done.
    StepDone {
        /// The phase.
        phase: String,
        /// The stage.
        stage: Stage,
        /// The step.
        step: String,
        /// How long it took, in milliseconds.
        millis: u64,
        /// Rows it wrote, where that is known.
        rows: Option<u64>,
        /// The locks it took, and how long it waited for them and held them.
        lock: Option<LockTimes>,
    },
    /// Somebody held a lock for longer than the budget; the step is tried again.
    LockRefused {
        /// The phase.
        phase: String,
        /// The step.
        step: String,
        /// Which try it was.
        attempt: u32,
        /// Who holds it.
        blockers: Vec<String>,
    },
    /// A phase came to a state.
    PhaseBecame {
        /// The phase.
        phase: String,
        /// The state.
        state: PhaseState,
    },
    /// The command ended.
    RunEnded {
        /// How, as a sentence.
        outcome: String,
        /// The exit code.
        exit_code: u8,
    },
}

/// How long a transaction waited for its strong locks and held them, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LockTimes {
    /// From asking for the first to having the last.
    pub wait_millis: f64,
    /// From having the last to commit.
    pub hold_millis: f64,
    /// Every lock on a relation that it really held, as the server showed them.
    #[serde(default)]
    pub taken: Vec<TakenLock>,
    /// Sessions that were cancelled or terminated, so that they could be had.
    #[serde(default)]
    pub removed: Vec<String>,
}

/// A lock that a statement held on a table, an index, a view or a sequence. `ACCESS SHARE`,
/// which holds up nobody but whoever drops the relation, is left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakenLock {
    /// The relation, as SQL names it.
    pub relation: String,
    /// As in `pg_locks`: `AccessExclusiveLock`, …
    pub mode: String,
    /// How long it was waited for, in milliseconds; none where a statement took it on its way,
    /// so that its wait is part of the statement's time.
    pub wait_millis: Option<f64>,
    /// How long it was held at most, in milliseconds.
    pub hold_millis: f64,
}

impl TakenLock {
    /// Whether readers or writers wait for it (PostgreSQL manual, 13.3.1).
    pub fn holds_up_traffic(&self) -> bool {
        matches!(
            self.mode.as_str(),
            "ShareLock" | "ShareRowExclusiveLock" | "ExclusiveLock" | "AccessExclusiveLock"
        )
    }
}
