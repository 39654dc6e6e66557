//! How long the parts of turning back may take.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Part;

/// Recovery time objectives (RTO) of the parts, and of the whole from the decision on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objectives {
    /// Of single parts.
    pub parts: BTreeMap<Part, Duration>,
    /// Of the whole.
    pub total: Option<Duration>,
}

impl Objectives {
    /// How long a part may take, where the plan says so.
    pub fn of(&self, part: Part) -> Option<Duration> {
        self.parts.get(&part).copied()
    }

    /// Whether the plan says nothing.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.total.is_none()
    }
}
