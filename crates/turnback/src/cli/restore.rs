//! The command lines of restore, salvage and repair.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::{BackupPlace, Blockers, PlanFile};

/// `restore`
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("how").required(true).args(["swap", "tables", "cancel"]))]
pub struct RestoreArgs {
    /// Which: a backup's id, the beginning of it, `latest`, or the path of a dump
    #[arg(default_value = "latest")]
    pub backup: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub place: BackupPlace,
    /// Into a database beside, compared, then in the place of the target, which is kept as
    /// NAME_failed_TIME
    #[arg(long)]
    pub swap: bool,
    /// Only these tables, with a comma between them, in one transaction; the rows they have now
    /// are kept beside
    #[arg(long, value_name = "TABLES", value_delimiter = ',')]
    pub tables: Vec<String>,
    /// Drop what an unfinished --swap has made, and let clients in again
    #[arg(long)]
    pub cancel: bool,
    /// With --swap: once more, though this backup has taken the place already
    #[arg(long, requires = "swap")]
    pub again: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// `salvage`
#[derive(Debug, Args)]
pub struct SalvageArgs {
    /// The database that was replaced; the newest NAME_failed_TIME when absent
    #[arg(long, value_name = "DATABASE")]
    pub failed: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Only these tables, with a comma between them
    #[arg(long, value_name = "TABLES", value_delimiter = ',')]
    pub tables: Vec<String>,
    /// Write what was found to a file: SQL where its name ends in .sql, else comma-separated values
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Put back rows that were added after the backup, where nothing is in their way
    #[arg(long)]
    pub put_back: bool,
    /// With --put-back: also give rows that were changed after the backup what they had then,
    /// where nobody has written to them since the restore
    #[arg(long, requires = "put_back")]
    pub changed: bool,
    /// With --put-back: also delete again what was deleted after the backup, where nobody has
    /// written to it since the restore
    #[arg(long, requires = "put_back")]
    pub deleted: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `repair`
#[derive(Debug, Args)]
pub struct RepairArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Complete what can be completed
    #[arg(long, conflicts_with = "back")]
    pub complete: bool,
    /// Turn back what can be turned back
    #[arg(long)]
    pub back: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub blockers: Blockers,
}
