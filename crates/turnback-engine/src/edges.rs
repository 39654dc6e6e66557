//! The edges: what the engine asks of the target, the journal and whoever watches.

use std::future::Future;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use turnback_core::backfill::{Backfill, Rows};
use turnback_core::fact::Fact;
use turnback_core::journal::{JournalEvent, LockTimes};
use turnback_core::program::{Program, Stage};
use turnback_core::recovery::SoFar;
use turnback_core::removal::{Against, Removal};
use turnback_core::schema::Snapshot;
use turnback_core::state::PhaseState;
use turnback_core::step::TableLock;
use turnback_core::throttle::{PaceRecord, Pressure, Wish};

pub use crate::blocker::{Blocker, Fate, removed_of};
use crate::error::{JournalError, TargetError};
pub use crate::helpers::{Asks, Boxed, Helpers, Hooks, Measures};
use crate::progress::Progress;
use crate::stop::Stop;

/// A lease on the target. Every transaction that changes it checks the epoch, so that a
/// controller which lost its lease cannot commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Grows by one with every lease.
    pub epoch: i64,
}

/// A phase as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseRecord {
    /// The phase.
    pub phase: String,
    /// Its place in the plan, from 0.
    pub ordinal: i32,
    /// Where it stands.
    pub state: PhaseState,
    /// What it expands to, as it was planned when it began.
    pub program: Program,
    /// The catalog before it began.
    pub before: Snapshot,
}

/// Names a step in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepKey {
    /// Name of the plan.
    pub plan: String,
    /// The phase.
    pub phase: String,
    /// The stage.
    pub stage: Stage,
    /// The step.
    pub step: String,
}

/// That a step is done, and what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepMark {
    /// The step.
    pub key: StepKey,
    /// The step of the same stage that came before it. The ledger must hold it: a server that
    /// came back without its last commits (a failover, a restore) must not be built upon.
    pub after: Option<String>,
    /// What must hold in the catalog when the mark is written: what an online statement has
    /// brought about, in a commit of its own.
    pub holds: Vec<Fact>,
}

/// What the ledger takes down in the same transaction as the effect. A mark that does not fit
/// what the ledger holds is refused with [`TargetError::Forgotten`], and the effect with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The step is done. Refused while stripes of its backfill are not.
    Step(StepMark),
    /// The phase came to a state, with the step that brought it there.
    State {
        /// Name of the plan.
        plan: String,
        /// The phase.
        phase: String,
        /// The state it was in. Being in the new one already is no error: the same mark may
        /// arrive twice when its first answer was lost.
        from: PhaseState,
        /// The state it is now in.
        state: PhaseState,
        /// The last step that led there in transactions of its own, which the ledger must hold.
        after: Option<StepKey>,
        /// The step, where one brought it there.
        step: Option<StepMark>,
    },
}

/// A phase of which nothing is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// The phase.
    pub phase: String,
    /// The last step that removed something of it, which the ledger must hold.
    pub after: Option<StepKey>,
}

impl Mark {
    /// The step it is about, where there is one.
    pub fn step(&self) -> Option<&StepMark> {
        match self {
            Self::Step(step) => Some(step),
            Self::State { step, .. } => step.as_ref(),
        }
    }
}

/// A stretch of a table's pages that one worker fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripe {
    /// Its number within the step: below zero where the one after it, its sign aside, goes over the
    /// same pages again.
    pub number: i32,
    /// The next page to do.
    pub next: i64,
    /// The first page that is not its own any more.
    pub end: i64,
}

impl Stripe {
    /// Which rows of its pages are its own.
    pub fn rows(&self) -> Rows {
        if self.number < 0 {
            Rows::EveryOther
        } else {
            Rows::All
        }
    }

    /// Whether this one goes over the pages of another again.
    pub fn follows(&self, other: &Self) -> bool {
        other.rows() == Rows::EveryOther && self.number == 1 - other.number
    }
}

/// The way back that was asked for last, until its end has been told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedBack {
    /// Its phases, last first; none where there is none.
    pub phases: Vec<String>,
    /// What was done for it beside what the database shows.
    pub so_far: SoFar,
}

/// The database that is changed.
pub trait Target: Clone + Send + Sync + 'static {
    /// Makes the ledger, or brings it up to date, with no wait for a lock longer than `budget`;
    /// changes nothing when it is. Refused when a later turnback wrote it, and when it is older
    /// while another controller stands on it.
    fn open_ledger(&self, budget: Duration)
    -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Whether a ledger is there.
    fn has_ledger(&self) -> impl Future<Output = Result<bool, TargetError>> + Send;

    /// Takes the lease, if nobody holds it or its holder is gone.
    fn acquire(&self, holder: &str) -> impl Future<Output = Result<Fence, TargetError>> + Send;

    /// Says that the holder is alive.
    fn heartbeat(&self, fence: Fence) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Gives the lease back. `told`: the user has seen how the command ended, so what was asked
    /// under the lease is over ([`Target::ask_back`]).
    fn release(
        &self,
        fence: Fence,
        told: bool,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// One consistent look at the catalog.
    fn snapshot(&self) -> impl Future<Output = Result<Snapshot, TargetError>> + Send;

    /// The phases of a plan that have been begun, in order.
    fn phases(
        &self,
        plan: &str,
    ) -> impl Future<Output = Result<Vec<PhaseRecord>, TargetError>> + Send;

    /// Takes down that a phase begins, with its program and the catalog before it.
    fn begin_phase(
        &self,
        fence: Fence,
        plan: &str,
        record: &PhaseRecord,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Steps of a phase that the ledger says are done.
    fn done_steps(
        &self,
        plan: &str,
        phase: &str,
    ) -> impl Future<Output = Result<Vec<(Stage, String)>, TargetError>> + Send;

    /// Forgets the steps of phases that were turned back, and marks their state: all of them
    /// in one transaction, so that a way back is either over or can be gone on with as it was
    /// asked for.
    fn forget_phases(
        &self,
        fence: Fence,
        plan: &str,
        phases: &[Withdrawn],
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// The phases of the way back that was asked for last; none once its end has been told.
    fn asked_back(&self, plan: &str)
    -> impl Future<Output = Result<AskedBack, TargetError>> + Send;

    /// Takes down which phases a way back is about, before it begins; none when something else
    /// is asked for. What was done so far is kept where the phases are the same.
    fn ask_back(
        &self,
        fence: Fence,
        plan: &str,
        phases: &[String],
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Takes down what was done so far for the way back that is asked for.
    fn note_so_far(
        &self,
        fence: Fence,
        plan: &str,
        so_far: &SoFar,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Takes a mark down by itself.
    fn mark(
        &self,
        fence: Fence,
        mark: &Mark,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// Asks the catalog about facts.
    fn inspect(
        &self,
        facts: &[Fact],
    ) -> impl Future<Output = Result<Vec<bool>, TargetError>> + Send;

    /// One transaction: locks under the budget, statements, mark and fence. When the ledger
    /// says already that the step is done, because an earlier try arrived and its answer did
    /// not, nothing is run. `against` says what may be done about sessions that hold a lock it
    /// waits for.
    fn transaction(
        &self,
        fence: Fence,
        budget: Duration,
        against: Against,
        locks: &[TableLock],
        statements: &[String],
        mark: &Mark,
    ) -> impl Future<Output = Result<LockTimes, TargetError>> + Send;

    /// One statement outside a transaction, with no limit of time; ended early when `stop`
    /// is asked for. `waiting` hears for whom it waits; `removal` says what may be done about them once it
    /// has waited long. Gives the locks that it was seen to hold. Refused under an old lease,
    /// and where the ledger does not hold what the step stands on.
    fn online(
        &self,
        fence: Fence,
        step: &StepMark,
        statement: &str,
        stop: &Stop,
        removal: Removal,
        waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
    ) -> impl Future<Output = Result<LockTimes, TargetError>> + Send;

    /// A query with one number: how many rows break a promise. It may be the user's, so names
    /// resolve in the user's own search path.
    fn count(&self, sql: &str, path: &str)
    -> impl Future<Output = Result<i64, TargetError>> + Send;

    /// The same, given up after `limit`: nothing where it takes longer.
    fn count_within(
        &self,
        sql: &str,
        path: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<Option<i64>, TargetError>> + Send;

    /// SQL of the user's outside a transaction, under a search path (`search_path = …`).
    /// Refused under an old lease, and where the ledger does not hold what the step stands on.
    /// The mark is written in the same session, so that no server can have the one and not
    /// the other, though it may end up with the SQL alone.
    fn script(
        &self,
        fence: Fence,
        mark: &Mark,
        sql: &str,
        path: &str,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;

    /// The stripes of a backfill that are not done yet, in the order of their numbers, signs aside;
    /// the first call divides the table among so many workers.
    fn stripes(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        workers: u32,
    ) -> impl Future<Output = Result<Vec<Stripe>, TargetError>> + Send;

    /// One batch over pages `stripe.next..end`, with its progress in the same transaction.
    /// Gives the number of rows written. A server may forget batches in a crash, the last ones
    /// first, until something else is committed; one that does not join on to the ledger's
    /// progress is refused with [`TargetError::Forgotten`].
    fn batch(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        stripe: &Stripe,
        end: i64,
        around_locks: bool,
    ) -> impl Future<Output = Result<u64, TargetError>> + Send;

    /// One look at what the server bears; `pause_when` is the user's own question, under a
    /// search path. Asked twice a second while a backfill runs.
    fn pressure(
        &self,
        pause_when: Option<&str>,
        path: &str,
    ) -> impl Future<Output = Result<Pressure, TargetError>> + Send;

    /// Takes down at what pace a backfill goes, and gives what people have set meanwhile.
    fn pace(
        &self,
        fence: Fence,
        plan: &str,
        record: &PaceRecord,
    ) -> impl Future<Output = Result<Wish, TargetError>> + Send;
}

/// Where intents and effects are written down for people and reports.
pub trait Journal: Clone + Send + Sync + 'static {
    /// Appends an event.
    fn append(&self, event: &JournalEvent)
    -> impl Future<Output = Result<(), JournalError>> + Send;
}

/// Whoever watches a run.
pub trait Observer: Send + Sync {
    /// Something happened. Must not block.
    fn see(&self, progress: &Progress);
}
