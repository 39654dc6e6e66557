//! The command lines of messages.

use clap::{Args, Subcommand};

use super::PlanFile;

/// `notify`
#[derive(Debug, Args)]
pub struct NotifyArgs {
    /// What to do
    #[command(subcommand)]
    pub command: NotifyCommand,
}

/// What to do about messages.
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a test message through channels, and say what came of it
    Test(NotifyTestArgs),
    /// Show the last messages, and what became of each
    List(NotifyListArgs),
    /// Send what waits and is due, and call those who are next for issues that nobody has taken on
    Send(NotifySendArgs),
    /// Take an issue on: nobody else is called
    Acknowledge(AcknowledgeArgs),
}

/// `notify test`
#[derive(Debug, Args)]
pub struct NotifyTestArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// This channel alone; may be given again
    #[arg(long = "channel", value_name = "NAME")]
    pub channels: Vec<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `notify list`
#[derive(Debug, Args)]
pub struct NotifyListArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// How many of the last messages
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub last: u32,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `notify send`
#[derive(Debug, Args)]
pub struct NotifySendArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
}

/// `notify acknowledge`
#[derive(Debug, Args)]
pub struct AcknowledgeArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The issue, as `turnback notify list` names it; all that are open when absent
    pub issue: Option<String>,
    /// Who takes it on
    #[arg(long, value_name = "NAME", env = "USER")]
    pub by: String,
}
