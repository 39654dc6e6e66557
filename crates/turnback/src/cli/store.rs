//! The command lines of the control store itself.

use clap::{Args, Subcommand};
use turnback_store::StorePlace;

/// `store`
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// What to do
    #[command(subcommand)]
    pub command: StoreCommand,
}

/// What to do with a control store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Copy all of it, of every plan, into another place with nothing in it
    Copy(StoreCopyArgs),
}

/// `store copy`
#[derive(Debug, Args)]
pub struct StoreCopyArgs {
    /// The store that is read: a file, or `postgres://…`
    #[arg(long, value_name = "FILE|URL")]
    pub from: StorePlace,
    /// Where it goes; it is made where it is not there
    #[arg(long, value_name = "FILE|URL")]
    pub to: StorePlace,
}
