//! What installing needs: `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Where the pages go; made when it is not there
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
}
