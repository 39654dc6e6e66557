//! What a watcher sees of a run, as it happens.

use std::time::Duration;

use turnback_core::canary::Share;
use turnback_core::guard::{Baseline, Moment, Verdict};
use turnback_core::hook::{HookMoment, HookOutcome, OnFailure};
use turnback_core::program::Stage;
use turnback_core::recovery::Part;
use turnback_core::state::PhaseState;
use turnback_core::throttle::Pace;
use turnback_core::watch::Next;

use crate::edges::Blocker;

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A stage of a phase begins.
    StageBegun {
        /// The phase.
        phase: String,
        /// The stage.
        stage: Stage,
        /// How many steps it has left.
        steps: usize,
    },
    /// A step begins.
    StepBegun {
        /// The phase.
        phase: String,
        /// The step.
        step: String,
        /// What it does.
        title: String,
    },
    /// A backfill moved on.
    Filled {
        /// The step.
        step: String,
        /// The table.
        table: String,
        /// Pages done since the step began.
        pages: u64,
        /// Pages that the step had to do.
        of_pages: u64,
        /// Rows written since the step began.
        rows: u64,
    },
    /// A backfill goes at another pace, or for other reasons.
    Paced {
        /// The table.
        table: String,
        /// The pace.
        pace: Pace,
    },
    /// A step takes its time.
    Working {
        /// What it does.
        title: String,
        /// Seconds since it began.
        seconds: u64,
    },
    /// A step waits for other sessions.
    Waiting {
        /// The step.
        step: String,
        /// For whom.
        blockers: Vec<Blocker>,
    },
    /// A lock was not to be had within the budget; it is tried again.
    LockRefused {
        /// The step.
        step: String,
        /// Which try it was.
        attempt: u32,
        /// How many there are.
        attempts: u32,
        /// Who held it.
        blockers: Vec<Blocker>,
    },
    /// A session was cancelled or ended, as the user allowed, and the step had its locks.
    Removed {
        /// The step.
        step: String,
        /// The session, as it is named.
        session: String,
    },
    /// Guards, or people who have been asked, hold the run back.
    Held {
        /// Why, as a sentence.
        why: String,
    },
    /// What is normal is being measured before a phase.
    TakingBaseline {
        /// The phase.
        phase: String,
        /// How long it takes yet.
        left: Duration,
        /// How long it takes in all.
        of: Duration,
    },
    /// What is normal was measured.
    BaselineTaken {
        /// The phase.
        phase: String,
        /// What it was.
        baseline: Baseline,
    },
    /// A guard says something other than it said before.
    GuardSays {
        /// What it says.
        verdict: Box<Verdict>,
    },
    /// The watch came to something to do.
    Watched {
        /// What.
        next: Box<Next>,
        /// The number by which a question can be answered, where it is one.
        number: Option<i64>,
        /// When its deadline passes, where it has one.
        until: Option<Moment>,
    },
    /// A phase bakes.
    Baking {
        /// The phase.
        phase: String,
        /// How long it bakes yet, if all goes well.
        left: Duration,
        /// How long it bakes in all.
        of: Duration,
        /// What it waits for beside the time, as a sentence.
        waits: Option<String>,
    },
    /// A phase has baked.
    Baked {
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
        step: usize,
        /// How many there are.
        of: usize,
        /// The part of all users that is sent to the new shape from now on.
        share: Share,
    },
    /// A canary is under way.
    Canary {
        /// The phase.
        phase: String,
        /// The number of its step, from 1.
        step: usize,
        /// How many there are.
        of: usize,
        /// The share that is set.
        share: Share,
        /// How long the step holds yet, if all goes well.
        left: Duration,
        /// How long it holds in all.
        hold: Duration,
        /// Why its time does not count at this moment, as a sentence.
        waits: Option<String>,
    },
    /// A canary waits for a person to look at its flag.
    CanaryStopped {
        /// The phase.
        phase: String,
        /// Why, as a sentence.
        why: String,
    },
    /// The last step of a canary is over.
    CanaryPassed {
        /// The phase.
        phase: String,
    },
    /// The flag of a canary was set to nobody, before a way back.
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
        /// Those that were, by key.
        flags: Vec<String>,
        /// Why they could not be, as a sentence.
        failure: Option<String>,
    },
    /// The connection was lost; it is tried again.
    Reconnecting {
        /// Why.
        reason: String,
        /// Which try it was.
        attempt: u32,
    },
    /// A step is done.
    StepDone {
        /// The phase.
        phase: String,
        /// The stage.
        stage: Stage,
        /// The step.
        step: String,
        /// What it did.
        title: String,
        /// How long it took, in milliseconds.
        millis: u64,
        /// Rows it wrote, where that is known.
        rows: Option<u64>,
    },
    /// A phase came to a state.
    PhaseBecame {
        /// The phase.
        phase: String,
        /// The state.
        state: PhaseState,
        /// How long the transaction that did it took, in milliseconds, from having its locks.
        hold_millis: Option<f64>,
    },
    /// A hook begins.
    HookBegun {
        /// The hook.
        hook: String,
        /// When it runs.
        when: HookMoment,
    },
    /// A hook came to its end.
    HookRan {
        /// What came of it.
        outcome: HookOutcome,
        /// What its failure leads to.
        on_failure: OnFailure,
    },
    /// A part of turning back as a whole is over.
    PartEnded {
        /// The part.
        part: Part,
        /// How long it took, in milliseconds.
        millis: u64,
        /// How long it may take, in milliseconds, where the plan says so.
        objective_millis: Option<u64>,
        /// Why it failed, as a sentence; nothing where it is done.
        failure: Option<String>,
    },
}
