//! How the canary's clients and the rest are told apart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the two groups are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// By what.
    pub by: ToldBy,
    /// What it is for clients of the new shape.
    pub canary: String,
    /// What it is for those of the old shape.
    pub rest: String,
}

/// By what the two groups are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldBy {
    /// The `application_name` of their sessions.
    ApplicationName,
    /// The role that they connect as.
    Role,
    /// A label of theirs, which the database knows nothing of.
    Label,
}

/// One of the two groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Clients of the new shape.
    Canary,
    /// Clients of the old shape.
    Rest,
}

/// What stands after the name of a guard in samples of the rest. No name has it in it.
const OF_REST: &str = "@rest";

impl Compare {
    /// What it is for one of the groups.
    pub fn value(&self, side: Side) -> &str {
        match side {
            Side::Canary => &self.canary,
            Side::Rest => &self.rest,
        }
    }
}

impl ToldBy {
    /// As plans write them.
    pub const WORDS: [&str; 3] = ["application_name", "role", "label"];

    /// The one that plans write so.
    pub fn named(word: &str) -> Option<Self> {
        [Self::ApplicationName, Self::Role, Self::Label]
            .into_iter()
            .find(|by| by.as_str() == word)
    }

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

impl Side {
    /// The name under which samples of a guard are taken of this group.
    pub fn sampled_as(self, guard: &str) -> String {
        match self {
            Self::Canary => guard.to_owned(),
            Self::Rest => format!("{guard}{OF_REST}"),
        }
    }

    /// The guard and the group that a sample is of, by the name that it has.
    pub fn of_sample(name: &str) -> (&str, Self) {
        match name.strip_suffix(OF_REST) {
            Some(guard) => (guard, Self::Rest),
            None => (name, Self::Canary),
        }
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.by.as_str();
        write!(f, "{by} {} with {by} {}", self.canary, self.rest)
    }
}
