//! What a guard says.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a guard says of what it measured. The last two are never a pass and never a breach:
/// decisions have rows of their own for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Within every threshold.
    Pass,
    /// Beyond the threshold `warning`.
    Warning,
    /// Beyond the threshold `critical`.
    Critical,
    /// Nothing was measured: the probe answered, and had no value.
    NoData,
    /// The probe failed or did not answer in time.
    Error,
}

impl Level {
    /// Every level, best known first.
    pub const ALL: [Self; 5] = [
        Self::Pass,
        Self::Warning,
        Self::Critical,
        Self::NoData,
        Self::Error,
    ];

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoData => "no data",
            other => other.as_str(),
        })
    }
}
