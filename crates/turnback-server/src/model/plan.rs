//! The plan, and what is found before it is carried out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The plan, as it was read when the process began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The database, without user, password and parameters.
    pub target: String,
    /// The schema in which SQL of the user's runs.
    pub schema: String,
    /// Phases, each after all that it depends on.
    pub phases: Vec<PlannedPhase>,
    /// What may go wrong, as the plan says it.
    pub risks: Vec<Risk>,
    /// Names of the guards.
    pub guards: Vec<String>,
    /// Names of the hooks.
    pub hooks: Vec<String>,
}

/// A phase of the plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlannedPhase {
    /// Its name.
    pub id: String,
    /// Phases that must be through before it.
    pub after: Vec<String>,
    /// What it does, a sentence each.
    pub operations: Vec<String>,
    /// Whether it runs SQL that has no way back.
    pub irreversible: bool,
    /// How long it is watched after its cut-over.
    pub bake_millis: Option<u64>,
    /// How users are sent to the new shape bit by bit before that.
    pub canary: Option<PlannedCanary>,
}

/// How users are sent to the new shape bit by bit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PlannedCanary {
    /// The flag that sends them.
    pub flag: String,
    /// The share of each step, in order, such as `1%`.
    pub steps: Vec<String>,
}

/// Something that preflight found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// `no_go`, `warning` or `note`.
    pub weight: String,
    /// The rule that found it.
    pub rule: String,
    /// What it is about.
    pub object: String,
    /// What is the matter.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// The phases that it is about.
    pub phases: Vec<String>,
}

/// Something that must hold for the process to do its work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// `target`, `ledger`, `store`, `plan`.
    pub name: String,
    /// Why it does not hold, as a sentence.
    pub failure: Option<String>,
}

/// Something that may go wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// What.
    pub title: String,
    /// How likely, from 1 to 5.
    pub probability: u8,
    /// How bad, from 1 to 5.
    pub impact: u8,
    /// What the product of the two means, in a word.
    pub level: String,
    /// The phases that it is about; all where none is named.
    pub phases: Vec<String>,
    /// The guards that show it.
    pub guards: Vec<String>,
    /// What is done about it.
    pub mitigation: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
}
