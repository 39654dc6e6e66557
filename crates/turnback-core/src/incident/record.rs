//! One incident, as the journal tells it.

use std::fmt;

use serde::Serialize;

use super::{Cost, Line};
use crate::guard::{Moment, Verdict};
use crate::hook::{HookOutcome, OnFailure};
use crate::journal::{GuardTerms, JournalEvent};
use crate::recovery::Part;

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place, from 1.
    pub number: i64,
    /// When it was written.
    pub at: Moment,
    /// The plan that it is about.
    pub plan: String,
    /// What happened.
    pub event: JournalEvent,
}

/// What stopped a run, or turned it back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incident {
    /// Its number, from 1, over all plans of the journal.
    pub number: u32,
    /// The plan.
    pub plan: String,
    /// The database, without what is secret.
    pub target: Option<String>,
    /// The phase that was watched, and those that were turned back.
    pub phases: Vec<String>,
    /// The most that it came to.
    pub kind: Kind,
    /// What the guard said that it began with; none where a person turned back.
    pub trigger: Option<Verdict>,
    /// The first entry of the journal that is about it.
    pub first_entry: i64,
    /// The last.
    pub last_entry: i64,
    /// When it was opened.
    pub opened: Moment,
    /// When the guard first said what led to it.
    pub detected: Option<Moment>,
    /// When it was decided what to do: to turn back, where it came to that.
    pub decided: Moment,
    /// When `public` showed the old shape of all that was turned back; or when the run went on.
    pub recovered: Option<Moment>,
    /// How it ended; nothing while it is not over.
    pub ended: Option<Ended>,
    /// What was decided, in order.
    pub decisions: Vec<Decided>,
    /// What people were asked.
    pub questions: Vec<Asked>,
    /// Turning back as a whole, where it came to that.
    pub recovery: Recovery,
    /// Hooks that ran.
    pub hooks: Vec<HookDone>,
    /// The validation after turning back.
    pub validation: Vec<Validated>,
    /// What it cost.
    pub cost: Cost,
    /// What guards of the phase were told to find good and bad.
    pub guards: Vec<GuardTerms>,
    /// What happened, from the beginning of the run on.
    pub timeline: Vec<Line>,
}

/// What an incident is; what is greater comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The run was held.
    Hold,
    /// A person was asked.
    Question,
    /// It was turned back.
    TurnBack,
}

/// The end of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// When.
    pub at: Moment,
    /// How.
    pub how: End,
}

/// How an incident ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// All that was to be turned back is.
    TurnedBack,
    /// Nothing held the run any more, and it went on.
    WentOn,
    /// The run ended with this.
    RunEnded {
        /// How, as a sentence.
        outcome: String,
        /// The exit code.
        exit_code: u8,
    },
    /// The run ended without a word: it was killed, or lost its journal.
    Unknown,
}

/// Something that was decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decided {
    /// When.
    pub at: Moment,
    /// What: `turn back the current phase`.
    pub what: String,
    /// Which row of the matrix said so, or the default, or who.
    pub by: String,
    /// Why, in sentences.
    pub because: String,
}

/// A question to people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Asked {
    /// Its number within the watch.
    pub question: u32,
    /// What it is answered by; none where no store could keep it.
    pub number: Option<i64>,
    /// Who may answer; anybody where nobody is named.
    pub who: Vec<String>,
    /// When it was asked.
    pub at: Moment,
    /// When it was closed.
    pub closed: Option<Moment>,
    /// Who answered it.
    pub by: Option<String>,
    /// How it was closed, as a sentence.
    pub how: Option<String>,
}

/// Turning back as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recovery {
    /// Its parts, in the order in which they came to an end.
    pub parts: Vec<PartDone>,
    /// How long it all took, in milliseconds.
    pub millis: Option<u64>,
    /// How long it might take, in milliseconds.
    pub objective_millis: Option<u64>,
    /// Why it did not come to its good end.
    pub failure: Option<String>,
}

/// A part of turning back that is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartDone {
    /// The part.
    pub part: Part,
    /// When it was over.
    pub at: Moment,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// How long it might take, in milliseconds.
    pub objective_millis: Option<u64>,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A hook that ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HookDone {
    /// When it was over.
    pub at: Moment,
    /// The phase that it ran for.
    pub phase: String,
    /// What its failure leads to.
    pub on_failure: OnFailure,
    /// What came of it.
    pub outcome: HookOutcome,
}

/// A line of the validation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Validated {
    /// What must hold.
    pub promise: String,
    /// Whether it does; nothing where that could not be found out.
    pub holds: Option<bool>,
    /// What shows it.
    pub evidence: String,
}

impl Incident {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.ended.is_some()
    }

    /// The guard that it began with.
    pub fn guard(&self) -> Option<&str> {
        self.trigger.as_ref().map(|verdict| verdict.guard.as_str())
    }

    /// What that guard was told to find good and bad.
    pub fn terms(&self) -> Option<&GuardTerms> {
        let guard = self.guard()?;
        self.guards.iter().find(|terms| terms.guard == guard)
    }

    /// What happened, in one line.
    pub fn title(&self) -> String {
        let phases = match self.phases.as_slice() {
            [] => String::new(),
            [one] => format!(" of phase {one}"),
            several => format!(" of the phases {}", several.join(", ")),
        };
        let because = match &self.trigger {
            Some(verdict) => format!("{} said {}", verdict.guard, verdict.level),
            None => "a person turned back".to_owned(),
        };
        format!("{}{phases}: {because}", self.kind)
    }

    /// Objectives that were there, and how many of them were met.
    pub fn objectives(&self) -> (usize, usize) {
        let parts = self.recovery.parts.iter();
        let all = parts
            .map(|part| (Some(part.millis), part.objective_millis))
            .chain([(self.recovery.millis, self.recovery.objective_millis)]);
        all.fold((0, 0), |(met, of), (took, may_take)| {
            match (took, may_take) {
                (Some(took), Some(may_take)) => (met + usize::from(took <= may_take), of + 1),
                _ => (met, of),
            }
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hold => "hold",
            Self::Question => "question",
            Self::TurnBack => "way back",
        })
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TurnedBack => f.write_str("turned back"),
            Self::WentOn => f.write_str("went on"),
            Self::RunEnded { outcome, exit_code } => {
                write!(f, "the run ended with exit code {exit_code}: {outcome}")
            }
            Self::Unknown => f.write_str("the run ended without a word"),
        }
    }
}
