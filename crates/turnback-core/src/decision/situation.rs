//! What a decision is made from.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::guard::{Level, Moment, Verdict};
use crate::scope::Standing;
use crate::state::PhaseState;

/// All that is known at a moment: what every guard says, and where every phase stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Situation {
    /// The moment.
    pub at: Moment,
    /// The phase that is being watched.
    pub phase: String,
    /// What each guard says.
    pub guards: Vec<Heard>,
    /// Where each phase stands, in the order of the run.
    pub standings: Vec<Standing>,
}

/// What one guard says, and for how long it has not said otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// What it says now.
    pub verdict: Verdict,
    /// How many milliseconds it has been heard for.
    pub heard_millis: u64,
    /// How many milliseconds ago it was last at each of the other levels that it has been at.
    pub away_millis: BTreeMap<Level, u64>,
}

impl Heard {
    /// A verdict that has just been heard for the first time.
    pub fn first(verdict: Verdict) -> Self {
        Self::lasting(verdict, Duration::ZERO)
    }

    /// A verdict that has stood for so long, and nothing is known of before.
    pub fn lasting(verdict: Verdict, lasting: Duration) -> Self {
        Self {
            verdict,
            heard_millis: u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX),
            away_millis: BTreeMap::new(),
        }
    }

    /// How long it has been at one or another of these levels without a break; nothing where it
    /// is at none of them now.
    pub fn lasts(&self, levels: &[Level]) -> Duration {
        if !levels.contains(&self.verdict.level) {
            return Duration::ZERO;
        }
        let last_elsewhere = self
            .away_millis
            .iter()
            .filter(|(level, _)| !levels.contains(level))
            .map(|(_, millis)| *millis)
            .min();
        Duration::from_millis(last_elsewhere.unwrap_or(self.heard_millis))
    }
}

impl Situation {
    /// What a guard says, where it has been heard.
    pub fn heard(&self, guard: &str) -> Option<&Heard> {
        self.guards
            .iter()
            .find(|heard| heard.verdict.guard == guard)
    }

    /// The state of the phase that is being watched.
    pub fn state(&self) -> PhaseState {
        self.standings
            .iter()
            .find(|standing| standing.phase == self.phase)
            .map_or(PhaseState::Pending, |standing| standing.state)
    }
}
