//! The canary of a phase, as far as it has come, and how its clients compare with the rest.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The canary of a phase that is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Canary {
    /// The phase.
    pub phase: String,
    /// The flag that sends users to the new shape.
    pub flag: String,
    /// The number of its step, from 1; 0 where none has begun.
    pub step: usize,
    /// How many there are.
    pub of: usize,
    /// The share that this step sends to the new shape, such as `10%`.
    pub share: String,
    /// When this step began: what was measured of its clients before does not count.
    pub since: Option<u64>,
    /// How long this step is to hold in all.
    pub hold_millis: Option<u64>,
    /// How long yet, while its time counts and nothing comes between.
    pub left_millis: Option<u64>,
    /// Whether that is reckoned from when the step began: another process is at work, and knows
    /// better.
    pub reckoned: bool,
    /// Why its time does not count at this moment, as a sentence; nothing while it does.
    pub waits: Option<String>,
    /// Every step is over: the cut-over follows.
    pub is_through: bool,
    /// How its clients and the rest are told apart.
    pub compare: String,
    /// Its guards, with what was measured of both groups.
    pub compared: Vec<Compared>,
}

/// A guard of a canary: its clients against the rest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Compared {
    /// The guard. Samples of the rest are those of the guard `NAME@rest`.
    pub guard: String,
    /// What the numbers are: `count`, `seconds`, `bytes`, `ratio`, …
    pub unit: String,
    /// From where on it warns, as plans write it.
    pub warning: Option<String>,
    /// From where on it is critical, as plans write it.
    pub critical: Option<String>,
    /// Whether it compares with the rest, and not with limits alone.
    pub is_relative: bool,
    /// What the figures are about, where the probe looks at several objects: what the guard names,
    /// or where the canary fares worst.
    pub object: Option<String>,
    /// The middle of what its clients measured at this step, in the unit's base.
    pub canary: Option<f64>,
    /// Of so many samples.
    pub canary_samples: usize,
    /// The middle of what the rest measured last, in the unit's base.
    pub rest: Option<f64>,
    /// Of so many samples.
    pub rest_samples: usize,
    /// By which part of the rest's the canary's is greater: 0.5 is half as much again.
    pub change: Option<f64>,
    /// What the guard says: `pass`, `warning`, `critical`, `no_data` or `error`; nothing before it
    /// is heard.
    pub level: Option<String>,
    /// Since when.
    pub says_since: Option<u64>,
    /// Why, as a sentence.
    pub because: Option<String>,
}

/// The step that a run of this process holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Holding {
    /// Its number, from 1.
    pub step: usize,
    /// How many there are.
    pub of: usize,
    /// The share that is set, such as `10%`.
    pub share: String,
    /// How long it holds yet, while its time counts.
    pub left_millis: u64,
    /// How long in all.
    pub hold_millis: u64,
    /// Why its time does not count at this moment, as a sentence; nothing while it does.
    pub waits: Option<String>,
}
