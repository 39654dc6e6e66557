//! What has been dealt with, so that it is not brought up again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::hearing::millis;
use crate::decision::{By, Decision, Situation};
use crate::guard::Level;

/// How long a guard must have passed, without a break, for the same thing to be asked or told
/// again.
pub const CALM: Duration = Duration::from_secs(5 * 60);

/// All that has been dealt with and not been calm since.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Dealt(Vec<Matter>);

/// One thing that has been dealt with: what a guard said, and who said what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Matter {
    guard: String,
    by: By,
    level: Level,
}

impl Dealt {
    /// Whether a decision is about something that has been dealt with.
    pub(super) fn with(&self, decision: &Decision) -> bool {
        self.0.iter().any(|matter| {
            matter.guard == decision.guard
                && matter.by == decision.by
                && (matter.level == decision.level
                    // That it is less bad than what was dealt with is no news.
                    || (matter.level, decision.level) == (Level::Critical, Level::Warning))
        })
    }

    /// Notes that it is, and says whether that is new.
    pub(super) fn note(&mut self, decision: &Decision) -> bool {
        let new = !self.with(decision);
        if new {
            self.0.push(Matter {
                guard: decision.guard.clone(),
                by: decision.by,
                level: decision.level,
            });
        }
        new
    }

    /// Forgets what has been calm for long enough.
    pub(super) fn forget(&mut self, situation: &Situation) {
        self.0.retain(|matter| {
            situation
                .heard(&matter.guard)
                .is_none_or(|heard| millis(heard.lasts(&[Level::Pass])) < millis(CALM))
        });
    }
}
