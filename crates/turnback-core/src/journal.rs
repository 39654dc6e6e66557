//! The journal: what a run set out to do and what came of it, event by event.
//!
//! Intent is written before effect. The journal is for people and reports; the ledger in the
//! target, committed with each change, is what recovery believes.

use serde::{Deserialize, Serialize};

use crate::canary::Share;
use crate::guard::{Guard, Moment, Unit, Verdict};
use crate::hook::{HookOutcome, OnFailure};
use crate::program::Stage;
use crate::recovery::Part;
use crate::state::PhaseState;
use crate::watch::Next;

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
        /// The database, without what is secret; where whoever wrote it down knew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
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
    /// What is normal was measured before a phase.
    BaselineTaken {
        /// The phase.
        phase: String,
        /// The guards that it is of.
        guards: Vec<String>,
        /// When its first sample was taken.
        from: Moment,
        /// When its last sample was taken.
        until: Moment,
    },
    /// The watch over a phase begins, or goes on in another run.
    WatchBegun {
        /// The phase.
        phase: String,
        /// What the guards are told to find good and bad, so that reports can show it whatever
        /// becomes of the plan.
        guards: Vec<GuardTerms>,
    },
    /// A guard says something other than it said before.
    GuardSays {
        /// The phase that is watched.
        phase: String,
        /// What it says.
        verdict: Verdict,
    },
    /// The watch over a phase came to something to do, or to the end of it.
    Watched {
        /// The phase that is watched.
        phase: String,
        /// What is to be done.
        next: Box<Next>,
        /// What a question is answered by; none where no store could keep it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<i64>,
        /// When a question's deadline passes, if no clock jumps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Moment>,
    },
    /// A phase is cut over, and is watched from now on for as long as it bakes.
    BakeBegun {
        /// The phase.
        phase: String,
        /// How long it bakes, in milliseconds.
        millis: u64,
    },
    /// A phase has baked: it is done.
    BakePassed {
        /// The phase.
        phase: String,
    },
    /// A step of a canary begins: its share is set.
    CanaryStep {
        /// The phase.
        phase: String,
        /// The flag.
        flag: String,
        /// Its number, from 1.
        step: u32,
        /// How many there are.
        of: u32,
        /// The part of all users that is sent to the new shape from now on.
        share: Share,
        /// How long it is watched with nothing holding, in milliseconds.
        hold_millis: u64,
    },
    /// A canary goes no further: its flag is not as it was left, or nobody knows how it is.
    CanaryStopped {
        /// The phase.
        phase: String,
        /// The flag.
        flag: String,
        /// Why, as a sentence.
        because: String,
    },
    /// The flag of a canary is as it was left again.
    CanaryGoesOn {
        /// The phase.
        phase: String,
        /// The flag.
        flag: String,
    },
    /// The last step of a canary is over.
    CanaryPassed {
        /// The phase.
        phase: String,
        /// The flag.
        flag: String,
    },
    /// The flag of a canary was set to nobody: before a way back.
    CanaryEnded {
        /// The phase.
        phase: String,
        /// The flag.
        flag: String,
        /// The share that it had.
        from: Share,
    },
    /// Every flag was to be disabled, by a row of the decisions.
    FlagsDisabled {
        /// Those that were, by key; none where none was enabled.
        flags: Vec<String>,
        /// Why they could not be, as a sentence.
        failure: Option<String>,
    },
    /// A hook came to its end.
    HookRan {
        /// The phase that it ran for.
        phase: String,
        /// What its failure leads to.
        on_failure: OnFailure,
        /// What came of it.
        outcome: HookOutcome,
    },
    /// Turning back as a whole begins.
    RecoveryBegun {
        /// The phases that are turned back, last first.
        phases: Vec<String>,
        /// Who says so and why, as a sentence.
        because: String,
    },
    /// A part of turning back as a whole is over.
    RecoveryPart {
        /// The part.
        part: Part,
        /// How long it took, in milliseconds.
        millis: u64,
        /// How long it may take (RTO), in milliseconds, where the plan says so.
        objective_millis: Option<u64>,
        /// Why it failed, as a sentence; nothing where it is done.
        failure: Option<String>,
    },
    /// One line of the validation after turning back.
    Validated {
        /// What must hold, as a sentence.
        promise: String,
        /// Whether it does; nothing where it could not be found out.
        holds: Option<bool>,
        /// What shows it, as a sentence with the numbers.
        evidence: String,
    },
    /// Turning back as a whole came to its end.
    RecoveryEnded {
        /// How long it all took, in milliseconds, from the decision on.
        millis: u64,
        /// How long it may take (RTO), in milliseconds, where the plan says so.
        objective_millis: Option<u64>,
        /// Why it did not come to its good end, as a sentence.
        failure: Option<String>,
    },
    /// The command ended.
    RunEnded {
        /// How, as a sentence.
        outcome: String,
        /// The exit code.
        exit_code: u8,
    },
}

/// What a guard is told to find good and bad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GuardTerms {
    /// The guard.
    pub guard: String,
    /// What its probe's numbers are.
    pub unit: Unit,
    /// From where on it warns, as plans write it.
    pub warning: Option<String>,
    /// From where on it is critical, as plans write it.
    pub critical: Option<String>,
    /// How many samples beyond a threshold it takes to believe them.
    pub times: u32,
    /// Out of how many.
    pub of: u32,
    /// From one sample to the next, in milliseconds.
    pub interval_millis: u64,
}

impl From<&Guard> for GuardTerms {
    fn from(guard: &Guard) -> Self {
        Self {
            guard: guard.name.clone(),
            unit: guard.unit,
            warning: guard.warning.map(|threshold| threshold.to_string()),
            critical: guard.critical.map(|threshold| threshold.to_string()),
            times: guard.belief.beyond,
            of: guard.belief.of,
            interval_millis: u64::try_from(guard.interval.as_millis()).unwrap_or(u64::MAX),
        }
    }
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
