//! Turning back as a whole: maintenance, services and the application around the database, each
//! part in its turn, timed against its objective, and a validation at the end.

mod compare;
mod course;
mod standing;
mod validate;

use std::time::{Duration, Instant};

use serde::Serialize;
use turnback_core::plan::Plan;
use turnback_core::recovery::{Part, ValidationLine};
use turnback_core::scope::Scope;

use self::course::Course;
use crate::back::{BackReport, BackTo};
use crate::edges::{Journal, Measures, Target};
use crate::error::EngineError;
use crate::run::Run;
use crate::way::Way;

/// What is asked for, beside the scope.
#[derive(Clone)]
pub struct Recovery<'a> {
    /// Who says so and why, as a sentence: for the journal, and for hooks (`TURNBACK_REASON`).
    pub because: String,
    /// When it was decided: what the whole is timed from.
    pub decided: Instant,
    /// How far it goes.
    pub to: BackTo,
    /// Drops the new shape even where the two shapes do not agree.
    pub drop_anyway: bool,
    /// Leaves the hooks of the plan out.
    pub no_hooks: bool,
    /// Leaves the flags of canaries as they are.
    pub leave_flags: bool,
    /// Says whether what is measured is as it was before; without it that is not found out.
    pub measured: Option<&'a dyn Measures>,
}

impl Recovery<'_> {
    /// Turning back until nothing is left, decided now.
    pub fn because(reason: impl Into<String>) -> Self {
        Self {
            because: reason.into(),
            decided: Instant::now(),
            to: BackTo::Start,
            drop_anyway: false,
            no_hooks: false,
            leave_flags: false,
            measured: None,
        }
    }
}

/// What a part of turning back came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartReport {
    /// The part.
    pub part: Part,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// How long it may take, in milliseconds, where the plan says so.
    pub objective_millis: Option<u64>,
    /// Why it failed, as a sentence; nothing where it is done.
    pub failure: Option<String>,
}

/// What turning back as a whole came to.
#[derive(Clone, Debug, Serialize)]
pub struct RecoveryReport {
    /// The database.
    pub back: BackReport,
    /// The parts, in their order.
    pub parts: Vec<PartReport>,
    /// The validation, line by line.
    pub lines: Vec<ValidationLine>,
    /// Hooks that ran, or had run for this way back.
    pub hooks: usize,
    /// How long it all took from the decision on, in milliseconds.
    pub millis: u64,
    /// How long it may take, in milliseconds, where the plan says so.
    pub objective_millis: Option<u64>,
}

/// Turns back as far as the scope says, with all that belongs to it. Without [`Run::helpers`], or
/// hooks in the plan, that is [`back`](crate::back()) and a validation.
///
/// # Errors
///
/// See [`EngineError`]; whatever was done is in the ledger, and the same call goes on.
pub async fn recover<T: Target, J: Journal>(
    run: &Run<T, J>,
    plan: &Plan,
    scope: &Scope,
    recovery: Recovery<'_>,
) -> Result<RecoveryReport, EngineError> {
    let begun = Instant::now();
    let way = run.explained(Way::confirm(run, scope).await).await?;
    let mut course = Course::new(run, plan, recovery, way).await?;
    let outcome = course.go(begun).await;
    let outcome = run.explained(outcome).await;
    course.end(outcome).await
}

/// In whole milliseconds.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
