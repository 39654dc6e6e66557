//! One line of the validation after turning back.

use serde::{Deserialize, Serialize};

/// What must hold after turning back, whether it does, and what shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidationLine {
    /// What must hold, as a sentence without a full stop.
    pub promise: String,
    /// Whether it does; nothing where it could not be found out.
    pub holds: Option<bool>,
    /// What shows it, with the numbers, as a sentence without a full stop.
    pub evidence: String,
}

impl ValidationLine {
    /// A line that was looked at.
    pub fn found(promise: impl Into<String>, holds: bool, evidence: impl Into<String>) -> Self {
        Self {
            promise: promise.into(),
            holds: Some(holds),
            evidence: evidence.into(),
        }
    }

    /// A line that could not be found out, and why.
    pub fn not_found_out(promise: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            promise: promise.into(),
            holds: None,
            evidence: why.into(),
        }
    }

    /// Whether it was looked at and does not hold.
    pub fn fails(&self) -> bool {
        self.holds == Some(false)
    }
}
