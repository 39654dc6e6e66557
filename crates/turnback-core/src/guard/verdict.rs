//! What a guard says, and why.

use serde::{Deserialize, Serialize};

use super::{Level, Moment};

/// What a guard says, from the samples up to a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The guard.
    pub guard: String,
    /// When the last sample it rests on was taken.
    pub at: Moment,
    /// What it says.
    pub level: Level,
    /// Since when it has said so without a break.
    pub since: Moment,
    /// The worst value of the last sample, in the base of its dimension: seconds, bytes, parts of
    /// one, per second.
    pub value: Option<f64>,
    /// What that value is about, where the probe looks at several objects.
    pub object: Option<String>,
    /// Why, as a sentence with the numbers: for people and reports.
    pub because: String,
}
