//! Tokens, and what was done by whom.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Role;

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its number.
    pub number: i64,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub made_at: u64,
    /// When it expires; none where it does not.
    pub expires_at: Option<u64>,
    /// When it was last used, to the minute.
    pub used_at: Option<u64>,
    /// When it was revoked; none where it is good.
    pub revoked_at: Option<u64>,
}

/// What came of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, or taken on.
    Done,
    /// It was refused.
    Refused,
    /// It failed.
    Failed,
}

/// An action to be taken down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Who.
    pub who: String,
    /// By what they came in: `token`, `session`, `local`.
    pub by: String,
    /// What they may do.
    pub role: Role,
    /// What was done: `run.start`, `run.stop`, `question.answer`, `throttle.set`, …
    pub action: String,
    /// What with: a run, a question, a flag.
    pub object: Option<String>,
    /// Why, as they said.
    pub why: Option<String>,
    /// What was asked for, and what it was before where that is known.
    pub detail: serde_json::Value,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was refused or failed, as a sentence.
    pub because: Option<String>,
}

/// An action that was taken down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its place: grows.
    pub number: i64,
    /// When.
    pub at: u64,
    /// Who.
    pub who: String,
    /// By what they came in: `token`, `session`, `local`.
    pub by: String,
    /// What they may do.
    pub role: Role,
    /// What was done.
    pub action: String,
    /// What with.
    pub object: Option<String>,
    /// Why, as they said.
    pub why: Option<String>,
    /// What was asked for, and what it was before where that is known.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it was refused or failed, as a sentence.
    pub because: Option<String>,
}
