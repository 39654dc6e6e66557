//! What a decision can be.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::show_duration;
use crate::scope::Scope;

/// What to do about what a guard says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Turn back, without asking.
    Rollback {
        /// How far.
        scope: Scope,
    },
    /// Ask a person whether to turn back, and go no further meanwhile.
    Ask(Ask),
    /// Go no further until the guard passes again, and tell.
    Hold,
    /// Go on, and tell that a fix is due.
    FixForward,
    /// Go on, and tell.
    Notify,
    /// Go on.
    Continue,
}

/// A question to a person: turn back, or go on?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// How far to turn back where the answer, or no answer, says so.
    pub scope: Scope,
    /// How long to wait for the answer.
    #[serde(with = "super::spelt_duration")]
    pub deadline: Duration,
    /// What to do where there is none by then.
    pub otherwise: Otherwise,
    /// Who may answer; anybody where nobody is named.
    pub who: Vec<String>,
}

/// What to do about a question that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Turn back, as far as the question said.
    Rollback,
    /// Go no further until a person says so.
    Hold,
    /// Go on, and tell that a fix is due.
    FixForward,
    /// Go on, and tell.
    Notify,
    /// Go on.
    Continue,
}

impl Action {
    /// The word that plans write after `do:`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Rollback { .. } => "rollback",
            Self::Ask(_) => "ask",
            Self::Hold => "hold",
            Self::FixForward => "fix_forward",
            Self::Notify => "notify",
            Self::Continue => "continue",
        }
    }

    /// How far it turns back, or asks to.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Rollback { scope } | Self::Ask(Ask { scope, .. }) => Some(scope),
            Self::Hold | Self::FixForward | Self::Notify | Self::Continue => None,
        }
    }

    /// Which of two actions for the same moment is done: the greater. Turning back is what a
    /// plan says of a known breach, so nothing else puts it off; what stops comes before what
    /// goes on.
    pub fn urgency(&self) -> u8 {
        match self {
            Self::Rollback { .. } => 5,
            Self::Ask(_) => 4,
            Self::Hold => 3,
            Self::FixForward => 2,
            Self::Notify => 1,
            Self::Continue => 0,
        }
    }

    /// Whether the run goes no further because of it.
    pub fn stops(&self) -> bool {
        match self {
            Self::Rollback { .. } | Self::Ask(_) | Self::Hold => true,
            Self::FixForward | Self::Notify | Self::Continue => false,
        }
    }
}

impl Otherwise {
    /// Every way, as plans may write it.
    pub const ALL: [Self; 5] = [
        Self::Rollback,
        Self::Hold,
        Self::FixForward,
        Self::Notify,
        Self::Continue,
    ];

    /// The action that it is, for a question about `scope`.
    pub fn action(self, scope: &Scope) -> Action {
        match self {
            Self::Rollback => Action::Rollback {
                scope: scope.clone(),
            },
            Self::Hold => Action::Hold,
            Self::FixForward => Action::FixForward,
            Self::Notify => Action::Notify,
            Self::Continue => Action::Continue,
        }
    }

    /// The word that plans write after `otherwise:`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rollback => "rollback",
            Self::Hold => "hold",
            Self::FixForward => "fix_forward",
            Self::Notify => "notify",
            Self::Continue => "continue",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rollback { scope } => write!(f, "turn back {}", scope.in_words()),
            Self::Ask(ask) => ask.fmt(f),
            Self::Hold => f.write_str("hold, and tell"),
            Self::FixForward => f.write_str("go on, and tell that a fix is due"),
            Self::Notify => f.write_str("go on, and tell"),
            Self::Continue => f.write_str("go on"),
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whom = match self.who.as_slice() {
            [] => "a person".to_owned(),
            who => who.join(" or "),
        };
        write!(
            f,
            "ask {whom} whether to turn back {}; without an answer in {}, {}",
            self.scope.in_words(),
            show_duration(self.deadline),
            match self.otherwise {
                Otherwise::Rollback => "turn back",
                Otherwise::Hold => "hold until a person says to go on",
                Otherwise::FixForward => "go on, and tell that a fix is due",
                Otherwise::Notify => "go on, and tell",
                Otherwise::Continue => "go on",
            }
        )
    }
}
