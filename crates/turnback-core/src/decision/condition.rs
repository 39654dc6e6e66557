//! When a row of the matrix fits.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Heard, Situation};
use crate::guard::Level;
use crate::plan::show_duration;
use crate::state::PhaseState;

/// When a row fits: all of what it asks for must be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// It is about one of these guards; about any where none is named.
    pub guards: Vec<String>,
    /// The guard says one of these; warning or critical where none is named, since nothing else
    /// is a breach.
    pub levels: Vec<Level>,
    /// It has said so for so long without a break.
    #[serde(with = "super::spelt_duration::optional")]
    pub lasting: Option<Duration>,
    /// At least so many guards fit all of the rest at the same moment; 1 is the same as none.
    pub at_once: Option<u32>,
    /// The phase being watched is one of these; any where none is named.
    pub phases: Vec<String>,
    /// It is in one of these states; any where none is named.
    pub states: Vec<PhaseState>,
}

/// What of a condition is not so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "not", rename_all = "snake_case")]
pub enum Mismatch {
    /// It is about other guards.
    Guard {
        /// Those that it is about.
        wants: Vec<String>,
        /// The one in question.
        is: String,
    },
    /// It is about other levels.
    Level {
        /// Those that it is about.
        wants: Vec<Level>,
        /// What the guard says.
        is: Level,
    },
    /// It has not lasted long enough.
    Lasting {
        /// How long it must last.
        #[serde(with = "super::spelt_duration")]
        wants: Duration,
        /// How long it has.
        #[serde(with = "super::spelt_duration")]
        is: Duration,
    },
    /// Not enough guards at once.
    AtOnce {
        /// How many it takes.
        wants: u32,
        /// Those there are.
        are: Vec<String>,
    },
    /// It is about other phases.
    Phase {
        /// Those that it is about.
        wants: Vec<String>,
        /// The one being watched.
        is: String,
    },
    /// It is about other states.
    State {
        /// Those that it is about.
        wants: Vec<PhaseState>,
        /// The one that the phase is in.
        is: PhaseState,
    },
}

/// What a row is about that names no level.
const BREACHES: [Level; 2] = [Level::Warning, Level::Critical];

impl Condition {
    /// The levels that it is about.
    pub fn levels(&self) -> &[Level] {
        if self.levels.is_empty() {
            &BREACHES
        } else {
            &self.levels
        }
    }

    /// What keeps it from fitting what one guard says; nothing where it fits.
    pub fn mismatch(&self, situation: &Situation, about: &Heard) -> Option<Mismatch> {
        self.place_mismatch(situation)
            .or_else(|| self.own_mismatch(about))
            .or_else(|| self.count_mismatch(situation, about))
    }

    fn place_mismatch(&self, situation: &Situation) -> Option<Mismatch> {
        let state = situation.state();
        if !self.phases.is_empty() && !self.phases.contains(&situation.phase) {
            return Some(Mismatch::Phase {
                wants: self.phases.clone(),
                is: situation.phase.clone(),
            });
        }
        (!self.states.is_empty() && !self.states.contains(&state)).then(|| Mismatch::State {
            wants: self.states.clone(),
            is: state,
        })
    }

    /// What one guard alone decides.
    fn own_mismatch(&self, about: &Heard) -> Option<Mismatch> {
        let Heard { verdict, .. } = about;
        if !self.guards.is_empty() && !self.guards.contains(&verdict.guard) {
            return Some(Mismatch::Guard {
                wants: self.guards.clone(),
                is: verdict.guard.clone(),
            });
        }
        if !self.levels().contains(&verdict.level) {
            return Some(Mismatch::Level {
                wants: self.levels().to_vec(),
                is: verdict.level,
            });
        }
        let (wants, is) = (self.lasting?, about.lasts(self.levels()));
        (is < wants).then_some(Mismatch::Lasting { wants, is })
    }

    fn count_mismatch(&self, situation: &Situation, about: &Heard) -> Option<Mismatch> {
        let wants = self.at_once.filter(|count| *count > 1)?;
        let mut are: Vec<String> = situation
            .guards
            .iter()
            .filter(|heard| self.own_mismatch(heard).is_none())
            .map(|heard| heard.verdict.guard.clone())
            .collect();
        if !are.contains(&about.verdict.guard) {
            are.push(about.verdict.guard.clone());
        }
        (are.len() < wants as usize).then_some(Mismatch::AtOnce { wants, are })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Guard { wants, is } => {
                write!(f, "it is about the guard {}, not {is}", either(wants))
            }
            Self::Level { wants, is } => write!(f, "it is about {}, not {is}", either(wants)),
            Self::Lasting { wants, is } => write!(
                f,
                "it must have lasted {}, and has {}",
                show_duration(*wants),
                show_duration(*is)
            ),
            Self::AtOnce { wants, are } => write!(
                f,
                "it takes {wants} guards at once, and there is {}",
                match are.as_slice() {
                    [one] => format!("one, {one}"),
                    several => several.join(" and "),
                }
            ),
            Self::Phase { wants, is } => write!(f, "it is about phase {}, not {is}", either(wants)),
            Self::State { wants, is } => {
                write!(f, "it is about a phase that is {}, not {is}", either(wants))
            }
        }
    }
}

/// `a, b or c`.
fn either<T: fmt::Display>(words: &[T]) -> String {
    let words: Vec<String> = words.iter().map(T::to_string).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

impl fmt::Display for Condition {
    /// As plans write it: `guard: latency, level: critical`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.guards.is_empty() {
            parts.push(format!("guard: {}", one_or_list(&self.guards)));
        }
        if !self.levels.is_empty() {
            let words: Vec<&str> = self.levels.iter().map(|level| level.as_str()).collect();
            parts.push(format!("level: {}", one_or_list(&words)));
        }
        if let Some(lasting) = self.lasting {
            parts.push(format!("lasting: {}", show_duration(lasting)));
        }
        if let Some(count) = self.at_once {
            parts.push(format!("at_once: {count}"));
        }
        if !self.phases.is_empty() {
            parts.push(format!("phase: {}", one_or_list(&self.phases)));
        }
        if !self.states.is_empty() {
            let words: Vec<&str> = self.states.iter().map(|state| state.as_str()).collect();
            parts.push(format!("state: {}", one_or_list(&words)));
        }
        f.write_str(&parts.join(", "))
    }
}

fn one_or_list<T: fmt::Display>(words: &[T]) -> String {
    match words {
        [one] => one.to_string(),
        several => {
            let words: Vec<String> = several.iter().map(T::to_string).collect();
            format!("[{}]", words.join(", "))
        }
    }
}
