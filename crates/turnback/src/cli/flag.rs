//! The command lines of flags.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use turnback_core::flag::Share;

use super::PlanFile;

/// `flag`
#[derive(Debug, Args)]
pub struct FlagArgs {
    /// What to do
    #[command(subcommand)]
    pub command: FlagCommand,
}

/// What to do about flags.
#[derive(Debug, Subcommand)]
pub enum FlagCommand {
    /// Show every flag, and to whom it gives what
    List(FlagListArgs),
    /// Show one flag: its definition, its share, its last changes
    Show(FlagShowArgs),
    /// Give a flag a definition, or another default variant; make a rollout
    #[command(after_help = "\
Examples:
  turnback flag set users-uuid --rollout 1%
  turnback flag set banner --default off --why \"the campaign is over\"
  turnback flag set banner --file banner.json")]
    Set(FlagSetArgs),
    /// Give a rollout another share of all people; whoever is in stays in while it grows
    Share(FlagShareArgs),
    /// Let a flag's targeting count again
    Enable(FlagKeyArgs),
    /// Give everybody the default variant of a flag
    Disable(FlagKeyArgs),
    /// For emergencies: give everybody the default variant of every flag
    DisableAll(FlagDisableAllArgs),
    /// Remove a flag: whoever asks for it is told that there is none
    Remove(FlagKeyArgs),
    /// Take flags over from a file in flagd's format
    Import(FlagImportArgs),
    /// Write every flag as a file in flagd's format
    Export(FlagExportArgs),
    /// Show who changed what, when and why
    History(FlagHistoryArgs),
    /// Say what somebody gets, and why
    #[command(after_help = "\
Examples:
  turnback flag evaluate users-uuid --targeting-key user-7
  turnback flag evaluate --targeting-key user-7 --context '{\"email\": \"on-call@example.com\"}'
  turnback flag evaluate users-uuid --targeting-key user-7 --json | jq .value")]
    Evaluate(FlagEvaluateArgs),
}

/// Who changes something, and why.
#[derive(Clone, Debug, Args)]
pub struct Because {
    /// Why: kept with the change
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// Who: kept with the change
    #[arg(long, value_name = "NAME", env = "USER")]
    pub by: Option<String>,
}

/// `flag list`
#[derive(Debug, Args)]
pub struct FlagListArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `flag show`
#[derive(Debug, Args)]
pub struct FlagShowArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The flag
    pub key: String,
    /// Print its definition for scripts
    #[arg(long)]
    pub json: bool,
}

/// `flag set`
#[derive(Debug, Args)]
pub struct FlagSetArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The flag
    pub key: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub to: FlagSetTo,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub because: Because,
}

/// What a flag becomes.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct FlagSetTo {
    /// On for this share of all people, by targeting key, and off for the rest: 1%, 12.5%
    #[arg(long, value_name = "SHARE")]
    pub rollout: Option<Share>,
    /// This variant for whoever is not targeted
    #[arg(long, value_name = "VARIANT")]
    pub default: Option<String>,
    /// This definition, in flagd's format
    #[arg(long, value_name = "JSON")]
    pub definition: Option<String>,
    /// The definition in this file; `-` is the standard input
    #[arg(long = "file", value_name = "FILE", id = "definition_file")]
    pub path: Option<PathBuf>,
}

/// `flag share`
#[derive(Debug, Args)]
pub struct FlagShareArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The flag
    pub key: String,
    /// The share: 1%, 12.5%, 100%
    pub share: Share,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub because: Because,
}

/// `flag enable`, `flag disable`, `flag remove`
#[derive(Debug, Args)]
pub struct FlagKeyArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The flag
    pub key: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub because: Because,
}

/// `flag disable-all`
#[derive(Debug, Args)]
pub struct FlagDisableAllArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Why: kept with the change of each flag
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who: kept with the change
    #[arg(long, value_name = "NAME", env = "USER")]
    pub by: Option<String>,
}

/// `flag import`
#[derive(Debug, Args)]
pub struct FlagImportArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The file; `-` is the standard input
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    /// Remove flags that the file does not have
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub because: Because,
}

/// `flag export`
#[derive(Debug, Args)]
pub struct FlagExportArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Write to this file, and not to the standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `flag history`
#[derive(Debug, Args)]
pub struct FlagHistoryArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// This flag alone
    pub key: Option<String>,
    /// How many of the last changes
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: u32,
    /// Print for scripts, with each definition before and after
    #[arg(long)]
    pub json: bool,
}

/// `flag evaluate`
#[derive(Debug, Args)]
pub struct FlagEvaluateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The flag; every flag where none is named
    pub key: Option<String>,
    /// Who it is about
    #[arg(long, value_name = "KEY")]
    pub targeting_key: Option<String>,
    /// What else is known of them, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub context: Option<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}
