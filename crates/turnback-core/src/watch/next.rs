//! What a watch says is to be done.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Answer, Question};
use crate::decision::{Action, Decision};

/// One thing to do next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Turn the phases of the decision back.
    TurnBack {
        /// What was decided.
        decision: Decision,
        /// What brought it about.
        cause: Cause,
    },
    /// Ask, and go no further.
    Ask {
        /// The question.
        question: Question,
    },
    /// Another guard has come to a question that is open.
    Join {
        /// The question.
        question: u32,
        /// What was decided about that guard.
        decision: Decision,
    },
    /// A question has no deadline any more: it stays open until a person answers it.
    Overdue {
        /// The question.
        question: u32,
    },
    /// A question is closed.
    Close {
        /// The question.
        question: u32,
        /// How it came to its end.
        how: Closed,
    },
    /// Go no further.
    Hold {
        /// What was decided.
        decision: Decision,
        /// The same has been told before, and the guard has not been calm since.
        again: bool,
    },
    /// Disable every flag.
    DisableFlags {
        /// What was decided.
        decision: Decision,
    },
    /// Nothing holds any more: go on.
    Release,
    /// Go on, and tell.
    Tell {
        /// What was decided.
        decision: Decision,
        /// What brought it about.
        cause: Cause,
    },
}

/// What brought a decision about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Cause {
    /// The matrix alone.
    Matrix,
    /// Nobody answered a question in time.
    Deadline {
        /// The question.
        question: u32,
    },
    /// Somebody answered a question.
    Answer {
        /// The question.
        question: u32,
        /// Who.
        by: String,
    },
}

/// How a question came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "closed", rename_all = "snake_case")]
pub enum Closed {
    /// Somebody answered.
    Answered {
        /// What.
        answer: Answer,
        /// Who.
        by: String,
    },
    /// Nobody answered in time, and this is done.
    Deadline {
        /// What is done.
        then: Action,
    },
    /// Nobody answered in time, and every guard that it was about passes again: nothing is done.
    Passed,
    /// A way back has been decided meanwhile.
    Overtaken,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { answer, by } => write!(f, "{by} answered: {answer}"),
            Self::Deadline { then } => write!(f, "nobody answered in time: {then}"),
            Self::Passed => f.write_str("nobody answered in time, and every guard passes again"),
            Self::Overtaken => f.write_str("a way back was decided meanwhile"),
        }
    }
}
