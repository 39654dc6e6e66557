//! What limits a backfill.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Filling;

/// What limits a backfill, and what it does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Throttle {
    /// What was set, in place of the plan's settings.
    pub set: SetThrottle,
    /// Every limit.
    pub limits: Vec<Limit>,
    /// The backfill at work.
    pub filling: Option<Filling>,
    /// Whether the backfill at work goes by what was set.
    pub heeded: bool,
}

/// A limit, in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Limit {
    /// What is limited.
    pub limit: String,
    /// To what.
    pub value: String,
    /// Whether it was set while running, and is not the plan's.
    pub is_set: bool,
    /// What was measured last.
    pub now: Option<String>,
}

/// What is set in place of the plan's settings. What is absent is the plan's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SetThrottle {
    /// Begin no more batches.
    pub paused: bool,
    /// Sessions that backfill one table side by side, 1 to 64.
    pub workers: Option<u32>,
    /// What one batch should take.
    pub batch_time_millis: Option<u64>,
    /// How far a standby may be behind.
    pub max_lag_millis: Option<u64>,
    /// How many bytes of WAL the server may write in a second.
    pub max_wal_rate: Option<u64>,
}
