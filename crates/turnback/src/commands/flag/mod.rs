//! `turnback flag`: flags of applications, kept in the control store.

mod change;
mod evaluate;
mod export;
mod history;
mod list;
mod show;

use turnback_core::exit::ExitCode;
use turnback_core::flag::{By, Record, Stored};
use turnback_engine::error::JournalError;
use turnback_engine::flags::{Flags, FlagsError};
use turnback_store::ControlStore;

use crate::cli::{Because, FlagArgs, FlagCommand, PlanFile};
use crate::context::Loaded;
use crate::failure::Failure;
use crate::journal::{in_time, remedy};

pub(crate) async fn run(args: FlagArgs) -> Result<ExitCode, Failure> {
    match args.command {
        FlagCommand::List(args) => list::run(args).await,
        FlagCommand::Show(args) => show::run(args).await,
        FlagCommand::Set(args) => change::set(args).await,
        FlagCommand::Share(args) => change::share(args).await,
        FlagCommand::Enable(args) => change::enable(args).await,
        FlagCommand::Disable(args) => change::disable(args).await,
        FlagCommand::DisableAll(args) => change::disable_all(args).await,
        FlagCommand::Remove(args) => change::remove(args).await,
        FlagCommand::Import(args) => change::import(args).await,
        FlagCommand::Export(args) => export::run(args).await,
        FlagCommand::History(args) => history::run(args).await,
        FlagCommand::Evaluate(args) => evaluate::run(args).await,
    }
}

/// The control store, which holds the flags; it is made where it is not there.
pub(super) async fn store(file: &PlanFile) -> Result<ControlStore, Failure> {
    let loaded = Loaded::read_alone(&file.plan)?;
    in_time(ControlStore::open(&file.store, &loaded.plan().name))
        .await
        .map_err(|error| out_of_reach(&error, file))
}

/// The flags as they are. Where there is no control store yet, there are those that are built in:
/// looking makes none.
pub(super) async fn stored(file: &PlanFile) -> Result<Stored, Failure> {
    match existing(file).await? {
        Some(store) => answered(store.stored()).await,
        None => Ok(Stored::default()),
    }
}

/// The last changes, of one flag or of all, the last first.
async fn history(file: &PlanFile, key: Option<&str>, most: u32) -> Result<Vec<Record>, Failure> {
    match existing(file).await? {
        Some(store) => answered(store.history(key, most)).await,
        None => Ok(vec![]),
    }
}

async fn existing(file: &PlanFile) -> Result<Option<ControlStore>, Failure> {
    let loaded = Loaded::read_alone(&file.plan)?;
    let opened = ControlStore::open_existing(&file.store, &loaded.plan().name);
    in_time(opened)
        .await
        .map_err(|error| out_of_reach(&error, file))
}

fn out_of_reach(error: &JournalError, file: &PlanFile) -> Failure {
    let what = format!("the flags cannot be reached: {error}");
    Failure::new(ExitCode::Failed, what).next(remedy(&file.store))
}

/// What a control store answers about flags, in time.
pub(super) async fn answered<R>(
    answer: impl Future<Output = Result<R, FlagsError>>,
) -> Result<R, Failure> {
    /// A store that takes longer does not answer.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error @ FlagsError::Refused(_))) => {
            Err(Failure::usage(error.to_string()).next("Nothing was changed."))
        }
        Ok(Err(error @ FlagsError::Store(_))) => {
            Err(Failure::new(ExitCode::Failed, error.to_string()))
        }
        Err(_) => Err(Failure::new(
            ExitCode::Failed,
            "the control store does not answer",
        )),
    }
}

/// Who changes something, and why. A service has no `$USER`, and in an emergency nobody is sent
/// away for want of a name.
pub(super) fn by(because: Because) -> Result<By, Failure> {
    let who = because.by.unwrap_or_else(account);
    if who.trim().is_empty() {
        return Err(
            Failure::usage("it is not known who changes this").next("Say so with --by NAME.")
        );
    }
    Ok(By {
        who,
        why: because.why,
    })
}

/// The account that the process runs under, by its number.
fn account() -> String {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").map_or_else(
        |_| "an unknown account".to_owned(),
        |process| format!("account {}", process.uid()),
    )
}
