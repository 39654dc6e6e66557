//! What is told: one event of a run, in the words that people need at night.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::guard::Moment;

/// When in a phase's life something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// Something is about to begin.
    Before,
    /// It goes on: told at an interval.
    During,
    /// Something is wrong, or was and is no more.
    Issue,
    /// It has come to its end.
    After,
}

impl Occasion {
    /// As plans write them, in the order of their coming.
    pub const WORDS: [&'static str; 4] = ["before", "during", "issue", "after"];

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::During => "during",
            Self::Issue => "issue",
            Self::After => "after",
        }
    }

    /// Reads one of [`Occasion::WORDS`].
    pub fn read(word: &str) -> Option<Self> {
        [Self::Before, Self::During, Self::Issue, Self::After]
            .into_iter()
            .find(|occasion| occasion.as_str() == word)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is wrong.
    Info,
    /// Somebody should look.
    Warning,
    /// Somebody must look now.
    Critical,
}

impl Severity {
    /// As plans write them, the mildest first.
    pub const WORDS: [&'static str; 3] = ["info", "warning", "critical"];

    /// As plans and channels write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads one of [`Severity::WORDS`].
    pub fn read(word: &str) -> Option<Self> {
        [Self::Info, Self::Warning, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str() == word)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is told. It holds no secret: it is kept in the control store and sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// What the outbox and the counterparts know it by: the same event has the same id, however
    /// often it is told.
    pub id: String,
    /// Name of the plan.
    pub plan: String,
    /// The database, without user and password.
    pub target: String,
    /// The phase, where it is about one.
    pub phase: Option<String>,
    /// When in the phase's life.
    pub occasion: Occasion,
    /// How bad it is. What ends an issue keeps the issue's severity, so that counterparts which
    /// know it by that find it again.
    pub severity: Severity,
    /// When it happened.
    pub at: Moment,
    /// One line.
    pub title: String,
    /// What happened, as sentences.
    pub happened: String,
    /// What is safe, as sentences.
    pub safe: String,
    /// What is next: what turnback does by itself, or what to type.
    pub next: String,
    /// What its issue is known by; messages about one issue belong together.
    pub issue: Option<String>,
    /// Whether the issue is over.
    pub resolved: bool,
}

impl Message {
    /// What a status page calls the state of things (the words of Atlassian's Statuspage).
    pub fn status(&self) -> &'static str {
        match (self.occasion, self.resolved) {
            (Occasion::Before, _) => "scheduled",
            (Occasion::During, _) => "in_progress",
            (Occasion::Issue, false) => "investigating",
            (Occasion::Issue, true) => "resolved",
            (Occasion::After, _) => "completed",
        }
    }

    /// What its issue is known by; a message without one stands for itself.
    pub fn thread(&self) -> &str {
        self.issue.as_deref().unwrap_or(&self.id)
    }

    /// The same, raised to those of a further rung of a ladder.
    #[must_use]
    pub fn escalated(&self, rung: usize, at: Moment) -> Self {
        Self {
            id: format!("{}/rung-{rung}", self.id),
            title: format!("Not acknowledged: {}", self.title),
            at,
            ..self.clone()
        }
    }

    /// A message that only tries whether it arrives.
    pub fn test(plan: &str, target: &str, channel: &str, at: Moment) -> Self {
        Self {
            id: format!("test-{channel}-{}", at.0),
            plan: plan.to_owned(),
            target: target.to_owned(),
            phase: None,
            occasion: Occasion::After,
            severity: Severity::Info,
            at,
            title: "A test of this channel".to_owned(),
            happened: format!(
                "Somebody typed `turnback notify test`, and the channel \"{channel}\" brought it here."
            ),
            safe: "Everything: nothing was touched.".to_owned(),
            next: "Nothing; whoever sees this need not answer.".to_owned(),
            issue: None,
            resolved: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_plans_and_values_go_there_and_back() {
        for word in Occasion::WORDS {
            assert_eq!(Occasion::read(word).map(Occasion::as_str), Some(word));
        }
        for word in Severity::WORDS {
            assert_eq!(Severity::read(word).map(Severity::as_str), Some(word));
        }
        assert!(Occasion::read("on").is_none() && Severity::read("").is_none());
    }
}
