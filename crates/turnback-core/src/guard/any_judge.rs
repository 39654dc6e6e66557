//! The judge of any guard: of everybody's measurements, or of a canary's against the rest's.

use super::{Guard, Judge, Moment, Of, Sample, Series, Verdict, Versus};
use crate::canary::Side;

/// Judges one guard, whosever measurements it takes.
#[derive(Clone, Debug)]
pub enum AnyJudge {
    /// Compares with a baseline.
    Alone(Box<Judge>),
    /// Compares with the rest.
    Versus(Box<Versus>),
}

impl AnyJudge {
    /// Begins to watch. Guards of everybody compare with the baseline.
    pub fn new(guard: Guard, baseline: Option<&Series>, begun: Moment) -> Self {
        match guard.of {
            Of::Everybody => Self::Alone(Box::new(Judge::new(guard, baseline, begun))),
            Of::Canary => Self::Versus(Box::new(Versus::new(guard, begun))),
        }
    }

    /// The guard that is judged.
    pub fn guard(&self) -> &Guard {
        match self {
            Self::Alone(judge) => judge.guard(),
            Self::Versus(versus) => versus.guard(),
        }
    }

    /// A step of a canary begins: what was measured of its clients before does not count any more.
    pub fn begin_step(&mut self, now: Moment, is_alone: bool) {
        if let Self::Versus(versus) = self {
            versus.begin_step(now, is_alone);
        }
    }

    /// Takes a sample in, of the canary's clients or of the rest as its name says, and says what
    /// all of them come to.
    pub fn take(&mut self, sample: &Sample) -> Option<Verdict> {
        match self {
            Self::Alone(judge) => judge.take(sample),
            Self::Versus(versus) => match Side::of_sample(&sample.guard).1 {
                Side::Canary => versus.take(sample),
                Side::Rest => {
                    versus.take_rest(sample);
                    None
                }
            },
        }
    }

    /// What the samples so far come to at a moment.
    pub fn look(&mut self, now: Moment) -> Option<Verdict> {
        match self {
            Self::Alone(judge) => judge.look(now),
            Self::Versus(versus) => versus.look(now),
        }
    }
}
