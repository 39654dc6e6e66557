//! The command lines of what helps when turning back is not enough: backup, restore, salvage,
//! repair.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::PlanFile;

/// `backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// What to do with backups.
    #[command(subcommand)]
    pub command: BackupCommand,
}

/// What to do with backups.
#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Make one: dump, counts and checksums of the same snapshot, a restore point
    #[command(after_help = "\
Examples:
  turnback backup create --verify
  turnback backup create --to /mnt/backups --label before-users")]
    Create(BackupCreateArgs),
    /// Show which there are, and which are good
    List(BackupListArgs),
    /// Restore one into a scratch database and compare; one that is not verified counts as none
    #[command(after_help = "\
Examples:
  turnback backup verify                   the newest
  turnback backup verify 20261121T132500Z --on postgres://other-server/postgres
  turnback backup verify dump.sql          a dump that somebody else made")]
    Verify(BackupVerifyArgs),
    /// Remove those that are not whole, and verified ones beyond so many; never the last good one
    Prune(BackupPruneArgs),
}

/// Which backups, of which plan.
#[derive(Clone, Debug, Args)]
pub struct BackupPlace {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The directory of the backups, instead of the plan's
    #[arg(long = "to", visible_alias = "from", value_name = "DIRECTORY")]
    pub directory: Option<PathBuf>,
}

/// `backup create`
#[derive(Debug, Args)]
pub struct BackupCreateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub place: BackupPlace,
    /// A word in its name: letters, digits, `-` and `_`
    #[arg(long, value_name = "WORD", value_parser = label)]
    pub label: Option<String>,
    /// Verify it at once
    #[arg(long)]
    pub verify: bool,
    /// Verify it on this server, instead of the target's
    #[arg(long, value_name = "URL", requires = "verify", hide_env_values = true)]
    pub on: Option<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

fn label(text: &str) -> Result<String, String> {
    let good = (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if good {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 40 letters, digits, `-` and `_`".to_owned())
    }
}

/// `backup list`
#[derive(Debug, Args)]
pub struct BackupListArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub place: BackupPlace,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `backup verify`
#[derive(Debug, Args)]
pub struct BackupVerifyArgs {
    /// Which: its id, the beginning of it, `latest`, or the path of a dump
    #[arg(default_value = "latest")]
    pub backup: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub place: BackupPlace,
    /// Restore on this server, instead of the target's
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub on: Option<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `backup prune`
#[derive(Debug, Args)]
pub struct BackupPruneArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub place: BackupPlace,
    /// How many verified ones to keep, instead of the plan's `keep`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep: Option<u32>,
    /// Show what would go, and remove nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}
