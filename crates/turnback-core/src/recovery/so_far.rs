//! What a way back has done so far beside what the database shows: kept in the ledger until its
//! end is told, so that the same command goes on where the last one was ended.

use serde::{Deserialize, Serialize};

use super::ValidationLine;

/// What was done for one way back, and is not done for it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoFar {
    /// Hooks that are done, or were given up as the plan or a person says, by name.
    pub hooks: Vec<String>,
    /// Whoever hears of it was told.
    pub told: bool,
    /// Lines that can be looked at only before the new shape is dropped.
    pub lines: Vec<ValidationLine>,
}

impl SoFar {
    /// Whether anything was done.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this hook is done.
    pub fn has(&self, hook: &str) -> bool {
        self.hooks.iter().any(|done| done == hook)
    }
}
