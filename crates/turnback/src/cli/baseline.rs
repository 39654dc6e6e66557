//! Arguments of `turnback baseline`.

use std::path::PathBuf;

use clap::Args;
use turnback_store::StorePlace;

/// `baseline`
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// The plan file
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub plan: PathBuf,
    /// The control store: where the journal is kept; a file, or a PostgreSQL database that several
    /// share (`postgres://…`)
    #[arg(
        long,
        value_name = "FILE|URL",
        default_value = ".turnback/journal.db",
        env = "TURNBACK_STORE",
        hide_env_values = true
    )]
    pub store: StorePlace,
    /// Of this phase alone
    pub phase: Option<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}
