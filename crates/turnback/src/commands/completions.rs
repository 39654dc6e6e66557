//! `turnback completions`: what completes commands and options in a shell.

use std::io::Write;

use clap::CommandFactory;
use turnback_core::exit::ExitCode;

use crate::cli::{Cli, CompletionsArgs};
use crate::failure::Failure;

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "turnback", &mut script);
    // Whoever reads it may have enough, as `head` has.
    let _ = std::io::stdout().write_all(&script);
    Ok(ExitCode::Done)
}
