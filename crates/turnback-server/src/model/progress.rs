//! What is at work.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Holding;

/// What is at work now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// The run of this process, by its number; none where another process is at work.
    pub run: Option<i64>,
    /// Who holds the lease on the target.
    pub holder: Option<String>,
    /// The phase.
    pub phase: Option<String>,
    /// The stage.
    pub stage: Option<String>,
    /// What is being done, as a sentence.
    pub doing: Option<String>,
    /// What holds it back, as a sentence.
    pub held: Option<String>,
    /// The backfill at work.
    pub filling: Option<Filling>,
    /// The step of a canary that it holds.
    pub canary: Option<Holding>,
    /// How long the bake takes yet.
    pub bake_left_millis: Option<u64>,
    /// How long the bake takes in all.
    pub bake_millis: Option<u64>,
    /// What was said last, the newest last.
    pub lines: Vec<String>,
    /// How many lines were said since the run began.
    pub line_count: u64,
}

/// A backfill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Filling {
    /// The table.
    pub table: String,
    /// Pages done since the step began.
    pub pages: u64,
    /// Pages that it had to do.
    pub of_pages: u64,
    /// Rows written since the step began.
    pub rows: u64,
    /// Rows written in a second, of late.
    pub rows_per_second: Option<f64>,
    /// How long it takes yet, at this rate.
    pub left_millis: Option<u64>,
    /// Why it goes no faster, a sentence each.
    pub reasons: Vec<String>,
    /// Whether it is paused.
    pub paused: bool,
}

/// What is counted while the process runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Locks that were not to be had within the budget.
    pub lock_refusals: u64,
    /// Rows that backfills have written.
    pub rows: u64,
    /// Sessions to databases.
    pub pools: Vec<Pool>,
}

/// Sessions to a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// `target`, `store`.
    pub name: String,
    /// How many are open.
    pub open: u32,
    /// How many of them are at work.
    pub busy: u32,
}
