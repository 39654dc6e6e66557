//! From the matrix and a situation to a decision.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Action, Heard, Matrix, Situation};
use crate::guard::{Level, Verdict};
use crate::plan::show_duration;
use crate::scope::{BackRefused, Scope, phases_to_turn_back};
use crate::state::PhaseState;

/// What is done about what one guard says, and why. Holds all that it was made from: the same
/// matrix makes the same decision of it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The guard.
    pub guard: String,
    /// What it says.
    pub level: Level,
    /// What is done.
    pub action: Action,
    /// Who says so.
    pub by: By,
    /// The phases that are turned back, or that the question is about, last first.
    pub phases: Vec<String>,
    /// Phases that were meant too, and stay: there is no way back for them but a backup.
    pub left: Vec<String>,
    /// What should have been done, where that cannot be.
    pub instead_of: Option<Action>,
    /// Every flag is disabled, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_flags: bool,
    /// A person has to look: not all that should be done can be.
    pub needs_person: bool,
    /// Why, in sentences.
    pub because: String,
    /// What it was made from.
    pub situation: Situation,
}

/// Who says what is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A row of the matrix.
    Row {
        /// Its number, from 1.
        number: usize,
        /// Its line in the file, from 1; none where it comes from no file.
        line: Option<usize>,
    },
    /// No row: the default for the level.
    Default,
    /// The canary of the phase: a step of it ends with a question.
    Canary,
}

/// What a scope comes to where phases stand as they do.
struct WayBack {
    phases: Vec<String>,
    left: Vec<String>,
}

/// Decides about what one guard says. Every situation has an answer: the first row that fits, or
/// the default for the level
/// ([`default_for`](super::default_for)). What cannot be turned back is held instead, and
/// needs a person.
pub fn decide(matrix: &Matrix, situation: &Situation, about: &Heard) -> Decision {
    let (row, says) = matrix.says(situation, about);
    let by = match row {
        Some(index) => By::Row {
            number: index + 1,
            line: matrix.rows[index].line,
        },
        None => By::Default,
    };
    let because = format!(
        "{} {}",
        what_it_says(about),
        match (by, matrix.about_to_fit(situation, about)) {
            (By::Row { .. }, _) if row.is_some_and(|index| matrix.rows[index].disable_flags) => {
                format!("{by} says: disable every flag, and {says}.")
            }
            (By::Row { .. }, _) => format!("{by} says: {says}."),
            (By::Default | By::Canary, Some((index, _, left))) => format!(
                "Row {} of the decisions is about that once it has lasted, in {}; until then: {says}.",
                index + 1,
                show_duration(left),
            ),
            // What a canary asks comes from no guard.
            (By::Default | By::Canary, None) => format!(
                "No row of the decisions is about that; the default for {} is: {says}.",
                about.verdict.level
            ),
        }
    );
    let disable_flags = row.is_some_and(|index| matrix.rows[index].disable_flags);
    let decision = Decision {
        guard: about.verdict.guard.clone(),
        level: about.verdict.level,
        action: says,
        by,
        phases: vec![],
        left: vec![],
        instead_of: None,
        disable_flags,
        needs_person: false,
        because,
        situation: situation.clone(),
    };
    decision.bounded()
}

impl Decision {
    /// The same decision within the bounds of its situation: what cannot be turned back is
    /// held instead.
    pub(crate) fn bounded(mut self) -> Self {
        let Some(scope) = self.action.scope() else {
            return self;
        };
        self.phases.clear();
        self.left.clear();
        self.instead_of = None;
        self.needs_person = false;
        match way_back(&self.situation, scope) {
            Ok(WayBack { phases, left }) => {
                if !left.is_empty() {
                    self.needs_person = true;
                    self.because.push_str(&format!(
                        " There is no way back for {} but a backup: {} contracted.",
                        left.join(" and "),
                        if left.len() == 1 { "it is" } else { "they are" },
                    ));
                }
                self.phases = phases;
                self.left = left;
            }
            Err(reason) => {
                self.because.push_str(&format!(
                    " That cannot be: {reason}. So it holds until a person has looked."
                ));
                self.needs_person = true;
                self.instead_of = Some(std::mem::replace(&mut self.action, Action::Hold));
            }
        }
        self
    }
}

/// The phases of a scope that can be turned back, and those that cannot; the reason where none
/// can.
fn way_back(situation: &Situation, scope: &Scope) -> Result<WayBack, String> {
    let state = situation.state();
    // `current` is the phase that is being watched, and never, because that has not begun or is
    // contracted, the one before it.
    if matches!(scope, Scope::Current | Scope::Previous) {
        if state == PhaseState::Pending {
            return Err(format!(
                "phase {} has not begun, so there is nothing of it to turn back",
                situation.phase
            ));
        }
        if state == PhaseState::Contracted {
            return Err(BackRefused::Contracted(situation.phase.clone()).to_string());
        }
    }
    let phases =
        phases_to_turn_back(&situation.standings, scope).map_err(|error| error.to_string())?;
    let first = match scope {
        Scope::From(from) => situation
            .standings
            .iter()
            .position(|standing| standing.phase == *from)
            .unwrap_or(0),
        Scope::All | Scope::Current | Scope::Previous => 0,
    };
    let begun = situation.standings[first..]
        .iter()
        .rev()
        .filter(|standing| standing.state != PhaseState::Pending);
    let most = match scope {
        Scope::Current => 1,
        Scope::Previous => 2,
        Scope::All | Scope::From(_) => usize::MAX,
    };
    let left = begun
        .take(most)
        .filter(|standing| standing.state == PhaseState::Contracted)
        .map(|standing| standing.phase.clone())
        .collect();
    Ok(WayBack { phases, left })
}

/// What a guard says, as a sentence with its reason.
fn what_it_says(about: &Heard) -> String {
    let Verdict {
        guard,
        level,
        because,
        ..
    } = &about.verdict;
    let lasting = about.lasts(&[*level]);
    let says = if lasting.is_zero() {
        format!("{guard} says {level}")
    } else {
        format!("{guard} has said {level} for {}", show_duration(lasting))
    };
    match because.trim().trim_end_matches('.') {
        "" => format!("{says}."),
        because => format!("{says}: {because}."),
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { number, line } => {
                write!(f, "Row {number} of the decisions")?;
                match line {
                    Some(line) => write!(f, " (line {line})"),
                    None => Ok(()),
                }
            }
            Self::Default => f.write_str("The default"),
            Self::Canary => f.write_str("The canary"),
        }
    }
}
