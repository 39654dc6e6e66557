//! The canary of a phase, as the plan gives it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Compare, Share};
use crate::decision::Ask;

/// The canary of a phase: after expand, and before its cut-over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The flag that sends users to the new shape.
    pub flag: String,
    /// How its clients and the rest are told apart.
    pub compare: Compare,
    /// Its steps; each sends more users than the one before.
    pub steps: Vec<CanaryStep>,
    /// How long clients of the new shape have to leave once the flag sends nobody there, before
    /// that shape is dropped.
    #[serde(with = "crate::decision::spelt_duration")]
    pub drain: Duration,
}

/// One step of a canary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CanaryStep {
    /// The part of all users that is sent to the new shape.
    pub share: Share,
    /// How long it is watched, with nothing holding, before it is over.
    #[serde(with = "crate::decision::spelt_duration")]
    pub hold: Duration,
    /// The question to people that ends it; none where it ends by itself.
    pub ask: Option<Ask>,
}

impl Canary {
    /// The step that a share belongs to: the last one that sends no more users.
    pub fn step_of(&self, share: Share) -> Option<usize> {
        self.steps.iter().rposition(|step| step.share <= share)
    }

    /// The first step that sends more users than this.
    pub fn step_beyond(&self, share: Share) -> Option<usize> {
        self.steps.iter().position(|step| step.share > share)
    }

    /// How long it takes, if nothing holds and people answer at once.
    pub fn least(&self) -> Duration {
        self.steps.iter().map(|step| step.hold).sum()
    }
}
