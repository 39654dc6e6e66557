//! What one run of a probe came to.

use serde::{Deserialize, Serialize};

use super::Moment;

/// One run of a guard's probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The guard.
    pub guard: String,
    /// When the answer was there.
    pub at: Moment,
    /// What it was.
    pub reading: Reading,
}

/// What a probe answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// At least one value, in the unit of the guard, as the probe gave it.
    Measured(Vec<Value>),
    /// It answered, and had no value.
    NoData,
    /// It failed, or did not answer in time: why, as a sentence.
    Failed(String),
}

/// One number, of one object where the probe looks at several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// What it is about: a table, a foreign key, a label; none where the probe gives one number.
    pub object: Option<String>,
    /// The number.
    pub value: f64,
}
