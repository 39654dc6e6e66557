//! One file for each command. Each gives an exit code, or a failure that says what happened.

mod answer;
mod back;
mod backup;
mod baseline;
mod check;
mod completions;
mod contract;
mod demo;
mod explain;
mod flag;
mod forward;
mod hand_over;
mod import;
mod incident;
mod init;
mod maintenance;
mod man;
mod notify;
mod plan;
mod preflight;
mod rehearse;
mod repair;
mod replay;
mod restore;
mod salvage;
mod schema;
mod serve;
mod status;
mod store;
mod throttle;
mod token;
mod up;
mod watching;

use turnback_core::exit::ExitCode;

use crate::cli::{Cli, Command};
use crate::defect::guarded;
use crate::failure::Failure;

/// Runs a command and shows what came of it.
pub fn run(cli: Cli) -> ExitCode {
    guarded(|| start(cli))
}

fn start(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            return show(Failure::new(
                ExitCode::Failed,
                format!("the process cannot start its threads: {error}"),
            ));
        }
    };
    runtime.block_on(dispatch(cli)).unwrap_or_else(show)
}

async fn dispatch(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Init(args) => init::run(args).await,
        Command::Plan(args) => plan::run(args).await,
        Command::Check(args) => check::run(args).await,
        Command::Up(args) => up::run(args).await,
        Command::Answer(args) => answer::run(args).await,
        Command::Back(args) => back::run(args).await,
        Command::Baseline(args) => baseline::run(args).await,
        Command::Contract(args) => contract::run(args).await,
        Command::Status(args) => status::run(args).await,
        Command::Throttle(args) => throttle::run(args).await,
        Command::Rehearse(args) => rehearse::run(args).await,
        Command::Flag(args) => flag::run(args).await,
        Command::Maintenance(args) => maintenance::run(args).await,
        Command::Backup(args) => backup::run(args).await,
        Command::Import(what) => import::run(what),
        Command::Notify(args) => notify::run(args).await,
        Command::Incident(args) => incident::run(args).await,
        Command::Store(args) => store::run(args).await,
        Command::Explain(args) => explain::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Restore(args) => restore::run(args).await,
        Command::Repair(args) => repair::run(args).await,
        Command::Salvage(args) => salvage::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Token(args) => token::run(args).await,
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
        Command::Demo(args) => demo::run(args).await,
    }
}

fn show(failure: Failure) -> ExitCode {
    anstream::eprintln!("{}", failure.message.trim_end());
    if let Some(next) = &failure.next {
        anstream::eprintln!("{next}");
    }
    failure.code
}
