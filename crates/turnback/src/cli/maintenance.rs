//! The command lines of maintenance.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{Because, PlanFile, duration};

/// `maintenance`
#[derive(Debug, Args)]
pub struct MaintenanceArgs {
    /// What to do
    #[command(subcommand)]
    pub command: MaintenanceCommand,
}

/// What to do about maintenance.
#[derive(Debug, Subcommand)]
pub enum MaintenanceCommand {
    /// Announce maintenance to every application that asks the flag `maintenance`; or announce it
    /// anew
    On(MaintenanceOnArgs),
    /// End it
    Off(MaintenanceOffArgs),
    /// Show whether there is any, and until when
    Status(MaintenanceStatusArgs),
}

/// `maintenance on`
#[derive(Debug, Args)]
pub struct MaintenanceOnArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// What users are told
    #[arg(long, value_name = "TEXT", default_value = "Down for maintenance.")]
    pub message: String,
    /// When it is expected to end: in so long (30m, 2h), or a time in UTC (2026-11-21T22:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = until)]
    pub until: Option<Until>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub because: Because,
}

/// When something is expected to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// So long from now on.
    In(Duration),
    /// At a moment.
    At(turnback_core::guard::Moment),
}

fn until(text: &str) -> Result<Until, String> {
    if let Ok(duration) = duration(text) {
        return Ok(Until::In(duration));
    }
    // The core writes and reads milliseconds; people leave them out.
    let precise = match text.strip_suffix('Z') {
        Some(seconds) if !seconds.contains('.') => format!("{seconds}.000Z"),
        _ => text.to_owned(),
    };
    turnback_core::guard::Moment::from_rfc3339(&precise)
        .map(Until::At)
        .ok_or_else(|| {
            "expected how long it takes, such as 30m or 2h, or a time in UTC, such as 2026-11-21T22:00:00Z"
                .to_owned()
        })
}

/// `maintenance off`
#[derive(Debug, Args)]
pub struct MaintenanceOffArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub because: Because,
}

/// `maintenance status`
#[derive(Debug, Args)]
pub struct MaintenanceStatusArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}
