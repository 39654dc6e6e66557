//! `turnback notify`: tries channels, shows messages, sends those that wait, takes issues on.

mod acknowledge;
mod list;
mod send;
mod test;

use turnback_core::exit::ExitCode;
use turnback_engine::error::OutboxError;
use turnback_store::ControlStore;

use crate::cli::{NotifyArgs, NotifyCommand, PlanFile};
use crate::context::Loaded;
use crate::failure::Failure;
use crate::journal::{in_time, remedy};

pub(crate) async fn run(args: NotifyArgs) -> Result<ExitCode, Failure> {
    match args.command {
        NotifyCommand::Test(args) => test::run(args).await,
        NotifyCommand::List(args) => list::run(args).await,
        NotifyCommand::Send(args) => send::run(args).await,
        NotifyCommand::Acknowledge(args) => acknowledge::run(args).await,
    }
}

/// The control store, which holds the outbox.
async fn store(loaded: &Loaded, file: &PlanFile) -> Result<ControlStore, Failure> {
    in_time(ControlStore::open(&file.store, &loaded.plan().name))
        .await
        .map_err(|error| {
            Failure::new(
                ExitCode::Failed,
                format!("the outbox cannot be used: {}", error.0),
            )
            .next(remedy(&file.store))
        })
}

fn unusable(error: OutboxError) -> Failure {
    Failure::new(ExitCode::Failed, error.to_string())
}
