//! The command lines of rehearsal and demo.

use std::path::PathBuf;

use clap::Args;

/// `rehearse`
#[derive(Debug, Args)]
pub struct RehearseArgs {
    /// The plan file
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub plan: PathBuf,
    /// The database to copy, instead of the plan's `target`; it is only read
    #[arg(
        long,
        value_name = "URL",
        env = "TURNBACK_TARGET",
        hide_env_values = true
    )]
    pub target: Option<String>,
    /// Copy up to so many rows of each table, and the rows they refer to
    #[arg(long, value_name = "N", default_value_t = 10_000, conflicts_with_all = ["sample", "schema_only"])]
    pub rows: u64,
    /// Copy about so many percent of each table, and the rows they refer to
    #[arg(long, value_name = "PERCENT", conflicts_with = "schema_only")]
    pub sample: Option<f64>,
    /// Copy no rows; each table gets a few made-up ones to begin with
    #[arg(long)]
    pub schema_only: bool,
    /// Make rows up from types, constraints and statistics, instead of copying any
    #[arg(long, conflicts_with_all = ["sample", "schema_only"])]
    pub generate: bool,
    /// Rehearse in this empty database, instead of a throw-away cluster on this machine
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub on: Option<String>,
    /// Leave the copy there at the end
    #[arg(long)]
    pub keep: bool,
    /// How long clients write before and after each transition
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    pub seconds: f64,
    /// Clients on each shape, and on `public`
    #[arg(long, default_value_t = 2)]
    pub writers: usize,
    /// Transactions a second of each client
    #[arg(long, default_value_t = 25.0)]
    pub pace: f64,
    /// Repeats the draws of an earlier rehearsal
    #[arg(long, env = "TURNBACK_SEED")]
    pub seed: Option<u64>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `demo`
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many rows
    #[arg(long, default_value_t = 1_000_000)]
    pub rows: u64,
    /// Operations a second of each writer
    #[arg(long, default_value_t = 40.0)]
    pub pace: f64,
    /// Writers on each shape
    #[arg(long, default_value_t = 4)]
    pub writers: usize,
    /// How long traffic runs between two events
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    pub seconds: f64,
    /// Repeats the draws of an earlier run
    #[arg(long)]
    pub seed: Option<u64>,
}
