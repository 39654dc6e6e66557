//! What one guard has said so far.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::decision::Heard;
use crate::guard::{Level, Verdict};

/// What one guard says, and when it last said something else, in time that was watched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Hearing {
    verdict: Verdict,
    first_millis: u64,
    last_millis: BTreeMap<Level, u64>,
}

impl Hearing {
    pub(super) fn new(verdict: Verdict, watched: Duration) -> Self {
        Self {
            verdict,
            first_millis: millis(watched),
            last_millis: BTreeMap::new(),
        }
    }

    pub(super) fn hears(&mut self, verdict: Verdict, watched: Duration) {
        // It has stayed where it was until now: the time since the last moment counts for that.
        if verdict.level != self.verdict.level {
            self.last_millis.insert(self.verdict.level, millis(watched));
        }
        self.verdict = verdict;
    }

    pub(super) fn heard(&self, watched: Duration) -> Heard {
        let watched = millis(watched);
        Heard {
            verdict: self.verdict.clone(),
            heard_millis: watched.saturating_sub(self.first_millis),
            away_millis: self
                .last_millis
                .iter()
                .filter(|(level, _)| **level != self.verdict.level)
                .map(|(level, last)| (*level, watched.saturating_sub(*last)))
                .collect(),
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
