//! The command lines of incidents.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use turnback_core::chain::Head;
use turnback_store::StorePlace;

/// `incident`
#[derive(Debug, Args)]
pub struct IncidentArgs {
    /// What to do
    #[command(subcommand)]
    pub command: IncidentCommand,
}

/// What to do about incidents.
#[derive(Debug, Subcommand)]
pub enum IncidentCommand {
    /// Show every hold, question and way back, with how long it took to detect and recover
    List(IncidentListArgs),
    /// Tell one incident: what was measured, decided and done, when
    Show(IncidentShowArgs),
    /// Write the report of one incident: Markdown, or one HTML file that needs nothing beside it
    Report(IncidentReportArgs),
    /// Show that nobody edited the journal, or where somebody did
    Verify(IncidentVerifyArgs),
}

/// Which journal. Neither the plan nor the database is needed.
#[derive(Clone, Debug, Args)]
pub struct StoreFile {
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
}

/// `incident verify`
#[derive(Debug, Args)]
pub struct IncidentVerifyArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// The head of the journal as it was once, from a report or an earlier verify: it must still
    /// be in the journal
    #[arg(long, value_name = "N:SUM")]
    pub head: Option<Head>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `incident list`
#[derive(Debug, Args)]
pub struct IncidentListArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// Those of one plan, by its name
    #[arg(long, value_name = "NAME")]
    pub plan: Option<String>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `incident show`
#[derive(Debug, Args)]
pub struct IncidentShowArgs {
    /// Its number, as `turnback incident list` shows it
    #[arg(value_name = "N")]
    pub number: u32,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `incident report`
#[derive(Debug, Args)]
pub struct IncidentReportArgs {
    /// Its number, as `turnback incident list` shows it
    #[arg(value_name = "N")]
    pub number: u32,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// Where to write it; to standard output when absent
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// What to write; when absent, what the name of the file says (.html, .htm), and Markdown
    /// otherwise
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<ReportFormat>,
    /// Write over a file that is there
    #[arg(long)]
    pub force: bool,
}

/// What a report can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Markdown
    Md,
    /// One HTML file
    Html,
}

impl IncidentReportArgs {
    /// What is to be written.
    pub fn format(&self) -> ReportFormat {
        self.format.unwrap_or_else(|| {
            let extension = self.output.as_ref().and_then(|path| path.extension());
            let html = extension.is_some_and(|extension| {
                extension.eq_ignore_ascii_case("html") || extension.eq_ignore_ascii_case("htm")
            });
            if html {
                ReportFormat::Html
            } else {
                ReportFormat::Md
            }
        })
    }
}
