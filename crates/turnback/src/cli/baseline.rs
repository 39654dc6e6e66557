//! Arguments of `turnback baseline`.

use std::path::PathBuf;

use clap::Args;

/// `baseline`
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// The plan file
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub plan: PathBuf,
    /// Where the journal of runs is
    #[arg(long, value_name = "FILE", default_value = ".turnback/journal.db")]
    pub store: PathBuf,
    /// Of this phase alone
    pub phase: Option<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}
