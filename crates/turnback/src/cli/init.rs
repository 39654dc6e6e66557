//! What `init` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// `init`
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The database to look at
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub target: String,
    /// Convert integer keys to this type
    #[arg(long, value_name = "TYPE")]
    pub convert_keys: KeyType,
    /// Every table with an integer key
    #[arg(long, conflicts_with = "tables", required_unless_present = "tables")]
    pub all: bool,
    /// These tables, with a comma between them
    #[arg(long, value_name = "TABLES", value_delimiter = ',')]
    pub tables: Vec<String>,
    /// Many small phases, or few that rewrite each table less often
    #[arg(long, value_enum, default_value_t = GroupBy::Steps)]
    pub group: GroupBy,
    /// How new keys are made: random (v4) or in order of time (v7)
    #[arg(long, value_enum, default_value_t = GenerateBy::V4)]
    pub generate: GenerateBy,
    /// With v7: take the time of rows that are there already from this column, where a table has it
    #[arg(long, value_name = "COLUMN")]
    pub v7_from: Option<String>,
    /// Schema of table names without one
    #[arg(long, default_value = "public")]
    pub schema: String,
    /// Where to write the plan
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub out: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

/// Types that keys can be converted to.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum KeyType {
    /// `uuid`
    Uuid,
}

/// How `init` groups tables into phases.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GroupBy {
    /// Tables that nobody references first, then each hub by itself
    Steps,
    /// One phase for each level of the foreign-key graph
    Levels,
    /// Everything in one phase
    One,
}

/// How new keys are made.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GenerateBy {
    /// Random
    V4,
    /// In order of time
    V7,
}
