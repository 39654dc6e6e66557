//! One guard, as the plan gives it.

use std::time::Duration;

use super::{Probe, Threshold, Unit};
use crate::state::PhaseState;

/// One guard: what is measured, from which value on it warns, and how many samples it takes to
/// believe that.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Its name in the plan.
    pub name: String,
    /// What is measured, and where.
    pub probe: Probe,
    /// What the numbers of the probe are.
    pub unit: Unit,
    /// Beyond this it warns.
    pub warning: Option<Threshold>,
    /// Beyond this it is critical.
    pub critical: Option<Threshold>,
    /// How many samples it takes to believe it (`for`).
    pub belief: Belief,
    /// Time from one sample to the next. Default 10 s.
    pub interval: Duration,
    /// Time from the beginning of the watch to the first sample. Default 0.
    pub initial_delay: Duration,
    /// How long the probe may take. Default 5 s, or the interval where that is shorter.
    pub timeout: Duration,
    /// How long a baseline is taken for. Default 15 min, and 90 intervals at
    /// least.
    pub baseline: Duration,
    /// Phases that it watches; all where there are none named.
    pub phases: Option<Vec<String>>,
    /// Whose measurements these are.
    pub of: Of,
}

/// Whose measurements a guard takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Everybody's; changes are from a baseline that was taken before.
    #[default]
    Everybody,
    /// Those of the clients of a phase's canary; changes are from the rest, measured meanwhile.
    Canary,
}

/// So many samples of the last so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belief {
    /// Samples that must be beyond the threshold.
    pub beyond: u32,
    /// Of the last so many.
    pub of: u32,
}

impl Guard {
    /// Whether it watches a phase.
    pub fn watches(&self, phase: &str) -> bool {
        self.phases
            .as_ref()
            .is_none_or(|phases| phases.iter().any(|id| id == phase))
    }

    /// Whether there is anything to measure while a phase is in a state: a canary is where both
    /// shapes live and `public` shows the old one.
    pub fn applies_in(&self, state: PhaseState) -> bool {
        let is_time = self.of == Of::Everybody || state == PhaseState::Expanded;
        is_time && self.probe.applies_in(state)
    }

    /// Whether it compares with something, rather than with limits alone.
    pub fn is_relative(&self) -> bool {
        let thresholds = [&self.warning, &self.critical];
        thresholds.into_iter().flatten().any(Threshold::is_relative)
    }

    /// Whether it compares with a baseline.
    pub fn needs_baseline(&self) -> bool {
        self.of == Of::Everybody && self.is_relative()
    }
}

impl Belief {
    /// The fewest samples that a relative threshold may compare with the baseline: with fewer, no
    /// rank test can tell chance from change (see `docs/guards.md`).
    pub const LEAST_RELATIVE: u32 = 5;
    /// The longest window.
    pub const MOST: u32 = 1_000;

    /// Reads `3 of 5`.
    pub fn parse(text: &str) -> Option<Self> {
        let (beyond, of) = text.trim().split_once(" of ")?;
        let count = |text: &str| {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u32>().ok()).flatten()
        };
        let belief = Self {
            beyond: count(beyond.trim())?,
            of: count(of.trim())?,
        };
        (belief.beyond >= 1 && belief.beyond <= belief.of && belief.of <= Self::MOST)
            .then_some(belief)
    }

    /// What a guard has that says nothing of it.
    pub fn default_of(probe: &Probe) -> Self {
        match probe {
            Probe::BuiltIn(probe) if probe.is_proof() => Self { beyond: 1, of: 1 },
            _ => Self { beyond: 3, of: 5 },
        }
    }
}

impl std::fmt::Display for Belief {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.beyond, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_samples_it_takes_is_read_and_shown() {
        for text in ["3 of 5", "1 of 1", "10 of 10", "1 of 1000"] {
            assert_eq!(
                Belief::parse(text).map(|b| b.to_string()).as_deref(),
                Some(text)
            );
        }
        for bad in [
            "",
            "3",
            "0 of 5",
            "6 of 5",
            "3of5",
            "+3 of 5",
            "1 of 1001",
            "3 of 5 of 7",
        ] {
            assert_eq!(Belief::parse(bad), None, "{bad}");
        }
    }
}
