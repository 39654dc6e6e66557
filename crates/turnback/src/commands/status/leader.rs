//! Who leads among the `turnback serve` of this plan and store.

use serde_json::{Value, json};
use turnback_store::Leader;

/// For people.
pub(super) fn sentence(leader: &Leader) -> String {
    let since = leader
        .since
        .map_or_else(String::new, |since| format!(" since {since}"));
    format!(
        "Served by {} (lead {}){since}.",
        leader.holder, leader.epoch
    )
}

/// For scripts.
pub(super) fn as_json(leader: &Leader) -> Value {
    json!({ "name": leader.holder, "epoch": leader.epoch, "since": leader.since })
}
