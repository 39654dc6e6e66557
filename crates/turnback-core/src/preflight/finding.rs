//! What preflight finds: inert data, rendered at the edge.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::TableName;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// Somebody should look at it before the run.
    Warning,
    /// `up` will not start.
    NoGo,
}

/// One thing that was found, object by object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much it weighs.
    pub weight: Weight,
    /// A stable name of the rule, for scripts (`generated-column`).
    pub code: String,
    /// What it is about (`column public.users.id`).
    pub object: String,
    /// Why it matters.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Finding {
    /// A finding that stops `up`.
    pub fn no_go(
        code: &str,
        object: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Weight::NoGo, code, object, reason, remedy)
    }

    /// A finding that somebody should look at.
    pub fn warning(
        code: &str,
        object: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Weight::Warning, code, object, reason, remedy)
    }

    /// A finding worth knowing.
    pub fn note(
        code: &str,
        object: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Weight::Note, code, object, reason, remedy)
    }

    fn new(
        weight: Weight,
        code: &str,
        object: impl Into<String>,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            weight,
            code: code.to_owned(),
            object: object.into(),
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}

/// A view that was tried with the new types, and did not fit.
pub fn unfit_view(view: &TableName, message: &str) -> Finding {
    Finding::no_go(
        "view-does-not-fit",
        format!("view {view}"),
        format!("it computes with a key that becomes a uuid: {message}"),
        format!(
            "Rewrite it so that a uuid will do as well (CREATE OR REPLACE VIEW {view} AS …), or drop it for the time of the change"
        ),
    )
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.object, self.reason, self.remedy)
    }
}
