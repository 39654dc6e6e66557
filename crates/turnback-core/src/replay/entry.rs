//! What came of a replay, event by event.

use serde::Serialize;

use crate::guard::{Moment, Verdict};
use crate::preflight::Finding;
use crate::state::PhaseState;
use crate::watch::Next;

/// Something that would have been seen or done, and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// What.
    pub what: What,
}

/// Something that would have been seen or done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A phase comes to a state.
    Phase {
        /// The phase.
        phase: String,
        /// The state.
        state: PhaseState,
    },
    /// A phase should not have begun: a relative guard has no baseline that is worth something.
    NotReady(Finding),
    /// A guard says something else than before.
    Says(Verdict),
    /// The watch says what to do.
    Does(Box<Next>),
    /// An answer does not count, and why.
    Refused {
        /// By whom it was.
        by: String,
        /// Why.
        because: String,
    },
}
