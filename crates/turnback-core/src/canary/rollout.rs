//! The state machine of a canary.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Canary, Noted, Share};
use crate::decision::Ask;
use crate::guard::Moment;
use crate::watch::Clock;

/// The canary of one phase on its way. Can be stored and taken up again: the time between does
/// not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollout {
    canary: Canary,
    clock: Clock,
    at: At,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum At {
    /// A step is about to begin: the share before it stands, or its own already.
    Entering { step: usize, from: Share },
    /// A share is set, and is being watched.
    Holding {
        share: Share,
        held_millis: u64,
        /// The question that ends it, once it is asked.
        asked: Option<u32>,
    },
    /// The last step is over.
    Through,
}

/// What is known at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The share that the flag gives, or why that could not be found out.
    pub share: Result<Share, String>,
    /// What holds the run back, as a sentence: guards, or people who have been asked.
    pub holds: Option<String>,
    /// Guards that have said nothing of this step, or nothing that is known, as a sentence.
    pub unheard: Option<String>,
    /// The questions that are open.
    pub open: Vec<u32>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// Begin a step: note it, then set its share, then say so ([`Rollout::entered`]).
    Enter {
        /// Its number, from 0.
        step: usize,
        /// The share that stands.
        from: Share,
        /// The share to set.
        to: Share,
    },
    /// Watch on.
    Hold {
        /// How long yet, if nothing holds.
        #[serde(with = "crate::decision::spelt_duration")]
        left: Duration,
    },
    /// Wait: time does not count.
    Wait {
        /// For what.
        why: Waits,
    },
    /// Ask whether to go on, then say by which number ([`Rollout::asked`]).
    Ask {
        /// The question.
        ask: Ask,
    },
    /// The last step is over: the cut-over may follow.
    Through,
}

/// What a canary waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "waits", content = "why", rename_all = "snake_case")]
pub enum Waits {
    /// What would hold any run: told by the watch itself.
    Watch(String),
    /// The first word, or a known one, of guards.
    Unheard(String),
    /// The flag is not as the canary left it, or nobody knows how it is: a person has to look.
    Flag(String),
}

impl Rollout {
    /// A canary as far as the ledger says that it has come; from the beginning where it says
    /// nothing.
    pub fn new(canary: Canary, noted: &[Noted]) -> Self {
        let ours = || noted.iter().filter(|noted| noted.flag == canary.flag);
        let begun = ours().map(|noted| noted.share).max();
        let set = ours()
            .filter(|noted| noted.is_set)
            .map(|noted| noted.share)
            .max();
        let at = match (begun, set) {
            (Some(share), set) if set == Some(share) => At::holding(share),
            (Some(share), set) => At::Entering {
                // What was about to be set is set, whatever became of the plan meanwhile.
                step: canary.step_of(share).unwrap_or(0),
                from: set.unwrap_or(Share::NONE),
            },
            (None, _) => At::Entering {
                step: 0,
                from: Share::NONE,
            },
        };
        Self {
            canary,
            clock: Clock::default(),
            at,
        }
    }

    /// What to do at a moment.
    pub fn look(&mut self, at: Moment, seen: &Seen) -> Next {
        let before = self.clock.watched();
        let passed = self.clock.goes_on(at).saturating_sub(before);
        if self.is_through() {
            return Next::Through;
        }
        if let Some(why) = self.changed(&seen.share) {
            // What was watched before somebody stepped in says little of what comes after.
            if let At::Holding { held_millis, .. } = &mut self.at {
                *held_millis = 0;
            }
            return Next::Wait {
                why: Waits::Flag(why),
            };
        }
        if let Some(why) = &seen.holds {
            let why = Waits::Watch(why.clone());
            return Next::Wait { why };
        }
        if let Some(why) = &seen.unheard {
            let why = Waits::Unheard(why.clone());
            return Next::Wait { why };
        }
        self.goes_on(passed, &seen.open)
    }

    fn goes_on(&mut self, passed: Duration, open: &[u32]) -> Next {
        match &mut self.at {
            At::Through => Next::Through,
            At::Entering { step, from } => Next::Enter {
                step: *step,
                from: *from,
                to: self.canary.steps[*step].share,
            },
            At::Holding {
                share,
                held_millis,
                asked,
            } => {
                let share = *share;
                let millis = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
                *held_millis = held_millis.saturating_add(millis);
                let step = &self.canary.steps[self.canary.step_of(share).unwrap_or(0)];
                let held = Duration::from_millis(*held_millis);
                let left = step.hold.saturating_sub(held);
                if !left.is_zero() {
                    return Next::Hold { left };
                }
                match (&step.ask, *asked) {
                    (Some(ask), None) => return Next::Ask { ask: ask.clone() },
                    (Some(_), Some(number)) if open.contains(&number) => {
                        return Next::Wait {
                            why: Waits::Watch(format!("question {number} waits for an answer")),
                        };
                    }
                    _ => {}
                }
                match self.canary.step_beyond(share) {
                    Some(step) => {
                        self.at = At::Entering { step, from: share };
                        self.goes_on(Duration::ZERO, open)
                    }
                    None => {
                        self.at = At::Through;
                        Next::Through
                    }
                }
            }
        }
    }

    /// The share of a step is set: its time begins.
    pub fn entered(&mut self) {
        if let At::Entering { step, .. } = self.at {
            self.at = At::holding(self.canary.steps[step].share);
        }
    }

    /// The question that ends the step is asked, by this number.
    pub fn asked(&mut self, number: u32) {
        if let At::Holding { asked, .. } = &mut self.at {
            *asked = Some(number);
        }
    }

    /// The canary as the plan gives it.
    pub fn canary(&self) -> &Canary {
        &self.canary
    }

    /// The step that it is in, from 0; the last one once it is through.
    pub fn step(&self) -> usize {
        match &self.at {
            At::Entering { step, .. } => *step,
            At::Holding { share, .. } => self.canary.step_of(*share).unwrap_or(0),
            At::Through => self.canary.steps.len().saturating_sub(1),
        }
    }

    /// How long the step is to hold yet, while nothing holds it; before it begins, all of it.
    pub fn left(&self) -> Duration {
        let (step, held) = match &self.at {
            At::Entering { step, .. } => (*step, 0),
            At::Holding {
                share, held_millis, ..
            } => (self.canary.step_of(*share).unwrap_or(0), *held_millis),
            At::Through => return Duration::ZERO,
        };
        let hold = self.canary.steps[step].hold;
        hold.saturating_sub(Duration::from_millis(held))
    }

    /// The share that is set by what it has done itself.
    pub fn share(&self) -> Share {
        match &self.at {
            At::Entering { from, .. } => *from,
            At::Holding { share, .. } => *share,
            At::Through => self
                .canary
                .steps
                .last()
                .map_or(Share::NONE, |step| step.share),
        }
    }

    /// Whether the last step is over.
    pub fn is_through(&self) -> bool {
        self.at == At::Through
    }

    /// Why the flag is not as it was left; nothing where it is.
    fn changed(&self, share: &Result<Share, String>) -> Option<String> {
        let flag = &self.canary.flag;
        let found = match share {
            Ok(found) => *found,
            Err(why) => return Some(why.clone()),
        };
        let expected = self.share();
        let about_to = match &self.at {
            At::Entering { step, .. } => Some(self.canary.steps[*step].share),
            At::Holding { .. } | At::Through => None,
        };
        if found == expected || Some(found) == about_to {
            return None;
        }
        Some(format!(
            "flag {flag} is at {found}, and the canary left it at {expected}: somebody changed it, and that is not written over. `turnback flag share {flag} {expected}` lets the canary go on, `turnback back` turns back"
        ))
    }
}

impl At {
    fn holding(share: Share) -> Self {
        Self::Holding {
            share,
            held_millis: 0,
            asked: None,
        }
    }
}

impl Waits {
    /// As a sentence.
    pub fn sentence(&self) -> &str {
        match self {
            Self::Watch(why) | Self::Unheard(why) | Self::Flag(why) => why,
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}
