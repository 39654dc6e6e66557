//! Questions to people, and their answers.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decision::{Action, By, Decision};
use crate::guard::Moment;
use crate::name::list;

/// A question to a person: turn back, or go on? While one is open the run goes no further.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its number, from 1, within the watch.
    pub id: u32,
    /// The decision to ask, or the one that could not be carried out.
    pub decision: Decision,
    /// The guards that it is about: that of the decision, and those that came to the same row.
    pub guards: Vec<String>,
    /// When it was asked.
    pub asked: Moment,
    /// Its deadline, in milliseconds of watched time; none where it waits for a person.
    pub(super) until_millis: Option<u64>,
}

/// What a person may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Turn back, as far as the question says.
    TurnBack,
    /// Go on in spite of what the guards say.
    GoOn,
    /// Neither yet: go no further until somebody answers again.
    Hold,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 3] = [Self::TurnBack, Self::GoOn, Self::Hold];

    /// As people type it.
    pub fn word(self) -> &'static str {
        match self {
            Self::TurnBack => "turn-back",
            Self::GoOn => "go-on",
            Self::Hold => "hold",
        }
    }

    /// Reads what [`Answer::word`] wrote.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.word() == word)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TurnBack => "turn back",
            Self::GoOn => "go on",
            Self::Hold => "hold",
        })
    }
}

/// Why an answer does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerRefused {
    /// There is no such question, or it is no longer open.
    #[error(
        "there is no open question {0}: it was answered, its deadline has passed, or it was overtaken"
    )]
    NotOpen(u32),
    /// Somebody else has to answer.
    #[error("{by} may not answer this question: the plan names {}", who.join(" and "))]
    NotAsked {
        /// Who answered.
        by: String,
        /// Who may.
        who: Vec<String>,
    },
    /// There is no way back.
    #[error("that cannot be: {0}")]
    NoWayBack(String),
}

impl Question {
    /// What is asked, without its question mark.
    pub fn about(&self) -> String {
        let decision = &self.decision;
        let phase = &decision.situation.phase;
        match (decision.by, decision.phases.as_slice()) {
            (By::Canary, _) => format!("go on with the canary of {phase}, or turn back"),
            (_, []) => format!("what to do about phase {phase}"),
            (_, phases) => format!("turn back {}", list(phases)),
        }
    }

    /// Who may answer; anybody where nobody is named.
    pub fn who(&self) -> &[String] {
        let decision = &self.decision;
        match decision.instead_of.as_ref().unwrap_or(&decision.action) {
            Action::Ask(ask) => &ask.who,
            _ => &[],
        }
    }
}
