//! Phases: where they stand, what can be done now, and what turning back would come to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A phase of the plan, as the ledger in the target knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Phase {
    /// Its name.
    pub id: String,
    /// `pending`, `expanding`, `expanded`, `cut_over`, `withdrawing`, `contracting`, `contracted`.
    pub state: String,
    /// The same in words.
    pub state_words: String,
    /// The version schemas under which clients see its shapes.
    pub version_schemas: Vec<String>,
    /// What can be done now.
    pub can: Vec<Deed>,
    /// Steps that the ledger says are done.
    pub steps_done: u64,
    /// Until when it bakes, if all goes well and a run is at work.
    pub bakes_until: Option<u64>,
    /// The longest that a lock of its steps was held.
    pub longest_hold_millis: Option<f64>,
    /// The longest that a step of it waited for a lock.
    pub longest_wait_millis: Option<f64>,
    /// How often a lock was not to be had within the budget.
    pub lock_refusals: u64,
}

/// Something that can be done now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deed {
    /// `up`, `back` or `contract`.
    pub command: String,
    /// What comes of it, as a sentence.
    pub comes_to: String,
}

/// What turning back so far would come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WayBack {
    /// How far, as it was asked.
    pub scope: String,
    /// The same in words.
    pub scope_words: String,
    /// Phases that are turned back, in that order.
    pub phases: Vec<WayBackOf>,
    /// Whether it touches the catalog only, so that its time does not grow with the tables.
    pub catalog_only: bool,
    /// What it costs, as a sentence.
    pub cost: String,
    /// What it means for clients, as sentences.
    pub consequence: Vec<String>,
    /// Hooks that run around it.
    pub hooks: Vec<String>,
    /// The longest that turning back may take (RTO), where the plan says so.
    pub objective_millis: Option<u64>,
    /// How long such a swap held its locks last time, where that is known.
    pub last_hold_millis: Option<f64>,
    /// Why it cannot be done, as a sentence; nothing where it can.
    pub refused: Option<String>,
}

/// A phase that would be turned back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WayBackOf {
    /// The phase.
    pub phase: String,
    /// Its state now.
    pub state: String,
    /// What is done, as a sentence.
    pub what: String,
}
