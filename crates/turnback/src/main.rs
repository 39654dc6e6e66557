//! Parse, run, show, exit.

use std::process::ExitCode;

use clap::Parser;
use turnback::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    ExitCode::from(turnback::run(cli) as u8)
}
