//! Risks: what may go wrong, how likely and how bad, on a matrix of five by five.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How likely or how bad something is, from 1 to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Rank(u8);

impl Rank {
    /// A rank; none where it is not one of 1 to 5.
    pub fn new(rank: u8) -> Option<Self> {
        (1..=5).contains(&rank).then_some(Self(rank))
    }

    /// 1 to 5.
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Something that may go wrong, as a plan says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What.
    pub title: String,
    /// How likely.
    pub probability: Rank,
    /// How bad.
    pub impact: Rank,
    /// The phases that it is about; all where none is named.
    pub phases: Vec<String>,
    /// The guards that show it.
    pub guards: Vec<String>,
    /// What is done about it.
    pub mitigation: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
}

impl Risk {
    /// Probability times impact: 1 to 25.
    pub fn score(&self) -> u8 {
        self.probability.get() * self.impact.get()
    }

    /// What that means.
    pub fn level(&self) -> Level {
        Level::of(self.score())
    }
}

/// The five levels of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 1 or 2 of 25.
    Minimal,
    /// 3 to 5.
    Low,
    /// 6 to 10.
    Medium,
    /// 11 to 16.
    High,
    /// 17 to 25.
    Severe,
}

impl Level {
    /// The level of a score.
    pub fn of(score: u8) -> Self {
        match score {
            0..=2 => Self::Minimal,
            3..=5 => Self::Low,
            6..=10 => Self::Medium,
            11..=16 => Self::High,
            _ => Self::Severe,
        }
    }

    /// How long to let a phase of this level bake, as a plan file says it.
    pub fn bake(self) -> &'static str {
        match self {
            Self::Minimal => "10m",
            Self::Low => "15m",
            Self::Medium => "30m",
            Self::High => "1h",
            Self::Severe => "4h",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Severe => "severe",
        })
    }
}
