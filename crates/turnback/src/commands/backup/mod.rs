//! `turnback backup`: makes backups, shows, verifies and prunes them.

mod create;
mod list;
pub(crate) mod progress;
mod prune;
pub(crate) mod required;
mod verify;

use turnback_core::exit::ExitCode;
use turnback_core::plan::Target as Url;
use turnback_postgres::backup::{Server, Shelf};

use crate::cli::{BackupArgs, BackupCommand, BackupPlace};
use crate::context::Loaded;
use crate::failure::Failure;

pub(crate) async fn run(args: BackupArgs) -> Result<ExitCode, Failure> {
    match args.command {
        BackupCommand::Create(args) => create::run(args).await,
        BackupCommand::List(args) => list::run(args),
        BackupCommand::Verify(args) => verify::run(args).await,
        BackupCommand::Prune(args) => prune::run(args).await,
    }
}

/// The plan and its directory of backups.
pub(crate) fn place(place: &BackupPlace) -> Result<(Loaded, Shelf), Failure> {
    let loaded = Loaded::read(&place.file)?;
    let shelf = match &place.directory {
        Some(directory) => Shelf::new(directory),
        None => shelf(&loaded),
    };
    Ok((loaded, shelf))
}

/// The directory of backups that the plan names.
pub(crate) fn shelf(loaded: &Loaded) -> Shelf {
    Shelf::new(loaded.directory().join(&loaded.plan().backups.directory))
}

/// The plan's database.
pub(crate) fn server(loaded: &Loaded) -> Result<Server, Failure> {
    Ok(Server::new(&loaded.plan().target)?)
}

/// The server to verify on: the plan's, unless another is named.
fn on(loaded: &Loaded, named: Option<&str>) -> Result<Server, Failure> {
    match named {
        Some(url) => Ok(Server::new(&Url::new(url))?),
        None => server(loaded),
    }
}

/// Gives work up when Ctrl-C comes: what it had begun is dropped on the way.
pub(crate) async fn until_interrupt<R>(
    work: impl Future<Output = Result<R, Failure>>,
    left: &str,
) -> Result<R, Failure> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(ExitCode::Stopped, format!("stopped as asked; {left}"))),
    }
}
