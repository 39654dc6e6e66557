//! What happens in a replay, and when.

use super::line::Line;
use crate::guard::{Moment, Sample};
use crate::state::PhaseState;
use crate::watch::Answer;

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A probe answers.
    Sample(Sample),
    /// A phase comes to a state, and is watched from then on unless it is pending.
    Phase {
        /// The phase.
        phase: String,
        /// The state.
        state: PhaseState,
    },
    /// A person answers a question.
    Answer {
        /// The question.
        question: u32,
        /// What is answered.
        answer: Answer,
        /// By whom.
        by: String,
    },
}

/// Everything that happens, in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Script {
    /// The events; those of one moment in the order of the file.
    pub events: Vec<(Moment, Event)>,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What was expected, and what was found.
    pub message: String,
}

impl Script {
    /// Reads JSON lines; empty lines and those that begin with `#` or `//` say nothing.
    ///
    /// # Errors
    ///
    /// Every line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, Vec<BadLine>> {
        let mut script = Self::default();
        let mut bad = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
                continue;
            }
            match Line::parse(line) {
                Ok(said) => {
                    for at in said.times {
                        script.events.push((at, said.event.at(at)));
                    }
                }
                Err(message) => bad.push(BadLine {
                    line: index + 1,
                    message,
                }),
            }
        }
        // Stable: what happens at one moment stays in the order of the file.
        script.events.sort_by_key(|(at, _)| *at);
        if bad.is_empty() { Ok(script) } else { Err(bad) }
    }
}

impl Event {
    fn at(&self, at: Moment) -> Self {
        match self {
            Self::Sample(sample) => Self::Sample(Sample {
                at,
                ..sample.clone()
            }),
            other => other.clone(),
        }
    }
}
