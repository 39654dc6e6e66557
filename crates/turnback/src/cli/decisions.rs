//! What `explain` and `replay` take.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use turnback_core::guard::Level;
use turnback_core::state::PhaseState;

use super::duration;

/// `explain`
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The plan file
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub plan: PathBuf,
    /// The guard; given again for others that say the same at the same time
    #[arg(long, value_name = "GUARD", required = true)]
    pub guard: Vec<String>,
    /// What it says: pass, warning, critical, no_data or error
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub level: Level,
    /// The phase that is being watched; the last of the plan when absent
    #[arg(long, value_name = "PHASE")]
    pub phase: Option<String>,
    /// The state it is in: pending, expanding, expanded, cut_over, contracting, contracted
    #[arg(long, value_name = "STATE", value_parser = state, default_value = "cut_over")]
    pub state: PhaseState,
    /// How long the guard has said so without a break (5m)
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub lasting: Option<Duration>,
    /// How many guards say so at once: those given, and as many others of the plan as it takes
    #[arg(long, value_name = "N")]
    pub at_once: Option<usize>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `replay`
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Samples and what happened beside them, one JSON object in each line (docs/decisions.md)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The plan file
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub plan: PathBuf,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// A level as the plan writes it.
fn level(text: &str) -> Result<Level, String> {
    Level::ALL
        .into_iter()
        .find(|level| level.as_str() == text || level.as_str().replace('_', "-") == text)
        .ok_or_else(|| "expected pass, warning, critical, no_data or error".to_owned())
}

/// A state as the plan writes it.
fn state(text: &str) -> Result<PhaseState, String> {
    PhaseState::parse(&text.replace('-', "_")).ok_or_else(|| {
        let states = PhaseState::ALL.map(PhaseState::as_str);
        format!("expected one of {}", states.join(", "))
    })
}
