//! What a watch is waiting for, and until when.

use std::fmt;

use serde::Serialize;

use super::Watch;
use crate::decision::{Action, By, Heard, Otherwise};
use crate::guard::{Level, Moment};
use crate::plan::show_duration;

/// One thing that a watch is waiting for. Moments are those of a clock that does not jump.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "waiting_for", rename_all = "snake_case")]
pub enum Waiting {
    /// An answer.
    Answer {
        /// The question.
        question: u32,
        /// Who may answer; anybody where nobody is named.
        who: Vec<String>,
        /// The phases that it is about turning back.
        phases: Vec<String>,
        /// Its deadline; none where it waits for as long as it takes.
        until: Option<Moment>,
        /// What is done then.
        then: Option<Otherwise>,
    },
    /// A guard that must say something better before the run goes on.
    Guard {
        /// The guard.
        guard: String,
        /// What it says.
        level: Level,
    },
    /// A row that will fit if things stay as they are.
    Lasting {
        /// The guard.
        guard: String,
        /// The row.
        by: By,
        /// What is done then.
        action: Action,
        /// When it will have lasted long enough.
        until: Moment,
    },
    /// The end of the way back.
    TurnedBack {
        /// The phases that are being turned back, last first.
        phases: Vec<String>,
    },
}

impl Watch {
    /// What it is waiting for, as of the last moment that it was told.
    pub fn waiting(&self) -> Vec<Waiting> {
        if let Some(phases) = self.turning_back() {
            return vec![Waiting::TurnedBack {
                phases: phases.to_vec(),
            }];
        }
        let mut waiting: Vec<Waiting> = self
            .questions()
            .iter()
            .map(|question| Waiting::Answer {
                question: question.id,
                who: question.who().to_vec(),
                phases: question.decision.phases.clone(),
                until: self.until(question),
                then: match &question.decision.action {
                    Action::Ask(ask) if question.until_millis.is_some() => Some(ask.otherwise),
                    _ => None,
                },
            })
            .collect();
        waiting.extend(self.holding().iter().map(|decision| Waiting::Guard {
            guard: decision.guard.clone(),
            level: decision.level,
        }));
        waiting.extend(self.about_to_fit());
        waiting
    }

    /// Rows that lack nothing but time, each guard's soonest.
    fn about_to_fit(&self) -> Vec<Waiting> {
        let Some(situation) = self.situation() else {
            return vec![];
        };
        let soonest = |about: &Heard| {
            let (index, row, left) = self.matrix().about_to_fit(situation, about)?;
            Some(Waiting::Lasting {
                guard: about.verdict.guard.clone(),
                by: By::Row {
                    number: index + 1,
                    line: row.line,
                },
                action: row.action.clone(),
                until: situation.at + left,
            })
        };
        situation.guards.iter().filter_map(soonest).collect()
    }

    /// Whether the run may go forward now.
    pub fn may_go_on(&self) -> bool {
        self.turning_back().is_none() && self.questions().is_empty() && self.holding().is_empty()
    }
}

impl Waiting {
    /// As a sentence, seen from a moment.
    pub fn sentence(&self, now: Moment) -> String {
        Sentence(self, now).to_string()
    }
}

struct Sentence<'a>(&'a Waiting, Moment);

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(waiting, now) = self;
        let left = |until: &Moment| show_duration(until.since(*now));
        match waiting {
            Waiting::Answer {
                question,
                who,
                phases,
                until,
                then,
            } => {
                write!(f, "question {question} waits for ")?;
                match who.as_slice() {
                    [] => f.write_str("a person")?,
                    who => f.write_str(&who.join(" or "))?,
                }
                match phases.as_slice() {
                    [] => {}
                    [one] => write!(f, ": turn back phase {one}?")?,
                    several => write!(f, ": turn back the phases {}?", several.join(", "))?,
                }
                match (until, then) {
                    (Some(until), Some(then)) => write!(
                        f,
                        " {} left, then {}",
                        left(until),
                        then.word().replace('_', " ")
                    ),
                    _ => f.write_str(" It waits for as long as it takes"),
                }
            }
            Waiting::Guard { guard, level } => {
                write!(f, "holds until {guard}, which says {level}, says better")
            }
            Waiting::Lasting {
                guard,
                by,
                action,
                until,
            } => write!(
                f,
                "{by} fits in {}, if {guard} stays as it is: {action}",
                left(until)
            ),
            Waiting::TurnedBack { phases } => write!(f, "turning back {}", phases.join(", ")),
        }
    }
}
