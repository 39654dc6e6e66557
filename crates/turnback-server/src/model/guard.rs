//! Guards: what they are told to find good and bad, what they say, and what people are asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A guard of the plan, with what it said last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Guard {
    /// What it is told to find good and bad.
    pub terms: Terms,
    /// What it said last, of each phase that is not over.
    pub says: Vec<Said>,
}

/// What a guard is told to find good and bad.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Terms {
    /// Its name.
    pub guard: String,
    /// What is measured, as a sentence.
    pub measures: String,
    /// What the numbers are: `count`, `seconds`, `bytes`, `ratio`, …
    pub unit: String,
    /// From where on it warns, as plans write it.
    pub warning: Option<String>,
    /// The same as a number in the unit's base, where it compares with no baseline.
    pub warning_at: Option<f64>,
    /// From where on it is critical, as plans write it.
    pub critical: Option<String>,
    /// The same as a number in the unit's base, where it compares with no baseline.
    pub critical_at: Option<f64>,
    /// How many samples beyond a threshold it takes to believe them.
    pub times: u32,
    /// Out of how many.
    pub of: u32,
    /// From one sample to the next.
    pub interval_millis: u64,
    /// Phases that it watches; all where none is named.
    pub phases: Vec<String>,
}

/// What a guard says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Said {
    /// The phase that is watched.
    pub phase: String,
    /// `pass`, `warning`, `critical`, `no_data` or `error`.
    pub level: String,
    /// Since when it has said so.
    pub since: u64,
    /// When its last sample was taken.
    pub at: u64,
    /// The worst value of that sample, in the unit's base.
    pub value: Option<f64>,
    /// What that value is about.
    pub object: Option<String>,
    /// Why, as a sentence.
    pub because: String,
}

/// Samples of a guard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Samples {
    /// The guard.
    pub guard: String,
    /// Oldest first.
    pub samples: Vec<Reading>,
}

/// One run of a probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reading {
    /// When its answer was there.
    pub at: u64,
    /// Its values, as the probe gave them.
    pub values: Vec<f64>,
    /// Why it failed, as a sentence.
    pub failure: Option<String>,
}

/// What was normal before a phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Baseline {
    /// The phase.
    pub phase: String,
    /// When its first sample was taken.
    pub from: u64,
    /// When its last sample was taken.
    pub until: u64,
    /// Guard by guard.
    pub guards: Vec<BaselineOf>,
}

/// What was normal for a guard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct BaselineOf {
    /// The guard.
    pub guard: String,
    /// How many values it rests on.
    pub samples: usize,
    /// The median, in the unit's base.
    pub median: Option<f64>,
    /// The least.
    pub least: Option<f64>,
    /// The greatest.
    pub most: Option<f64>,
}

/// A question to people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Question {
    /// What it is answered by.
    pub number: i64,
    /// The phase that is watched.
    pub phase: String,
    /// The phases that would be turned back.
    pub phases: Vec<String>,
    /// Why it is asked, as a sentence.
    pub because: String,
    /// The guards that it is about.
    pub guards: Vec<String>,
    /// When it was asked.
    pub asked_at: u64,
    /// When its deadline passes; none where it waits for as long as it takes.
    pub until: Option<u64>,
    /// What is done when nobody answers in time, in words.
    pub otherwise: Option<String>,
    /// Who may answer; everybody where none is named.
    pub who: Vec<String>,
    /// What was answered last: `turn_back`, `go_on` or `hold`.
    pub answer: Option<String>,
    /// By whom.
    pub answered_by: Option<String>,
    /// Why the last answer does not count.
    pub refused: Option<String>,
    /// How it came to its end, as a sentence; nothing while it is open.
    pub closed: Option<String>,
}

/// An answer to a question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// `turn_back`, `go_on` or `hold`.
    pub answer: String,
    /// Why.
    #[serde(default)]
    pub why: Option<String>,
}
