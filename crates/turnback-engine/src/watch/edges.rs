//! What a watch asks of the world beside the target: measurements, a memory, answers.

use std::future::Future;
use std::sync::Arc;

use turnback_core::canary::Share;
use turnback_core::guard::{Baseline, Guard, Moment, Reading, Sample};
use turnback_core::program::Program;
use turnback_core::state::PhaseState;
use turnback_core::watch::{Answer, Question};

use crate::error::JournalError;

/// What is measured of: a phase, with what it changes, and where it stands.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What the phase expands to.
    pub program: Arc<Program>,
    /// Where it stands.
    pub state: PhaseState,
    /// The share of users that its canary sends to the new shape; none where it has no canary.
    pub share: Option<Share>,
}

/// Whatever measures.
pub trait Probes: Clone + Send + Sync + 'static {
    /// Runs a guard's probe once, within the guard's time limit. What fails is a reading, too.
    fn read(&self, guard: &Guard, scene: &Scene) -> impl Future<Output = Reading> + Send;

    /// Ends what probes still have at work on the target, so that nothing of it stands in the way
    /// of a way back. Takes no longer than a moment, and does what it can.
    fn stand_aside(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// An answer that somebody has given, and that has not been taken yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The number of the question within its watch.
    pub question: u32,
    /// What was answered.
    pub answer: Answer,
    /// By whom.
    pub by: String,
}

/// Where a watch keeps what outlives it, and hears what people answer.
pub trait WatchStore: Clone + Send + Sync + 'static {
    /// Keeps samples.
    ///
    /// # Errors
    ///
    /// Where the store cannot be written; the same goes for the others.
    fn keep_samples(
        &self,
        phase: &str,
        samples: &[Sample],
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// The last baseline that was taken before a phase.
    fn baseline(
        &self,
        phase: &str,
    ) -> impl Future<Output = Result<Option<Baseline>, JournalError>> + Send;

    /// Keeps a baseline in the place of the one before.
    fn keep_baseline(
        &self,
        phase: &str,
        baseline: &Baseline,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Whether a phase has baked since it was last cut over.
    fn has_baked(&self, phase: &str) -> impl Future<Output = Result<bool, JournalError>> + Send;

    /// Puts a question to people, and gives the number by which it is answered.
    fn ask(
        &self,
        phase: &str,
        question: &Question,
        until: Option<Moment>,
    ) -> impl Future<Output = Result<i64, JournalError>> + Send;

    /// Answers to open questions about a phase, the oldest first. Each is given once.
    fn answers(
        &self,
        phase: &str,
    ) -> impl Future<Output = Result<Vec<Answered>, JournalError>> + Send;

    /// Says why an answer does not count. The question stays open.
    fn refuse(
        &self,
        phase: &str,
        question: u32,
        why: &str,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;

    /// Closes a question; closes every open one of the phase where none is named.
    fn close(
        &self,
        phase: &str,
        question: Option<u32>,
        how: &str,
    ) -> impl Future<Output = Result<(), JournalError>> + Send;
}
