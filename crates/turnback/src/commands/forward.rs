//! What `up`, `back` and `contract` share: a run is begun, can be stopped by Ctrl-C, and ends
//! with what came of it in the journal.

use std::sync::Arc;

use turnback_core::exit::ExitCode;
use turnback_core::plan::Plan;
use turnback_engine::Run;
use turnback_engine::edges::{Observer, Target};
use turnback_engine::error::EngineError;
use turnback_engine::stop::Stop;
use turnback_postgres::PostgresTarget;
use turnback_store::StorePlace;

use super::incident::write_report;
use crate::cli::{Blockers, PlanFile};
use crate::context::{Loaded, connect};
use crate::failure::Failure;
use crate::helpers::helpers;
use crate::journal::Entries;
use crate::output::{Screen, Terminal};
use crate::telling::now;

/// A command on the target, with its journal.
pub(crate) type LiveRun<J = Entries> = Run<PostgresTarget, J>;

/// A command that changes the target.
pub(crate) struct Command<'a> {
    /// The plan: its target, name, schema and settings count.
    pub(crate) plan: &'a Plan,
    /// The control store.
    pub(crate) store: &'a StorePlace,
    /// The command's name, for the journal and the lease.
    pub(crate) name: &'a str,
    /// What may be done about sessions in the way.
    pub(crate) blockers: &'a Blockers,
}

/// Where a command runs: who sees it, and what stops it.
#[derive(Clone)]
pub(crate) struct Ground {
    /// Who sees it.
    pub(crate) screen: Arc<dyn Screen>,
    /// Stops it at the next safe point.
    pub(crate) stop: Stop,
    /// Whether Ctrl-C does.
    pub(crate) interrupts: bool,
    /// The lead that it runs under, where controllers share the control store.
    pub(crate) epoch: Option<i64>,
}

impl Ground {
    /// At a terminal. Ctrl-C stops.
    pub(crate) fn terminal() -> Self {
        Self {
            screen: Arc::new(Terminal::new()),
            stop: Stop::default(),
            interrupts: true,
            epoch: None,
        }
    }
}

/// Runs `work` under the lease. `show` shows what came of it and gives the exit code; what has
/// been shown by then is not done again when the same is typed again.
pub(crate) async fn under_lease<R>(
    loaded: &Loaded,
    file: &PlanFile,
    command: &str,
    blockers: &Blockers,
    ground: &Ground,
    work: impl AsyncFnOnce(&LiveRun) -> Result<R, EngineError>,
    show: impl FnOnce(&R) -> ExitCode,
) -> Result<R, Failure> {
    let command = Command {
        plan: loaded.plan(),
        store: &file.store,
        name: command,
        blockers,
    };
    run_on(command, ground, work, show).await
}

/// Runs `work` under the lease at the terminal, for a plan that need not come from a file.
pub(crate) async fn run_command<R>(
    command: Command<'_>,
    work: impl AsyncFnOnce(&LiveRun) -> Result<R, EngineError>,
    show: impl FnOnce(&R) -> ExitCode,
) -> Result<R, Failure> {
    let ground = Ground::terminal();
    run_on(command, &ground, work, show).await
}

async fn run_on<R>(
    command: Command<'_>,
    ground: &Ground,
    work: impl AsyncFnOnce(&LiveRun) -> Result<R, EngineError>,
    show: impl FnOnce(&R) -> ExitCode,
) -> Result<R, Failure> {
    let plan = command.plan;
    let begun = now();
    let screen = &ground.screen;
    let interrupted = stop_on_interrupt(ground.stop.clone());
    let watcher = ground.interrupts.then(|| tokio::spawn(interrupted));
    let target = connect(&plan.target, &plan.settings).await?;
    let helpers = helpers(plan, screen)?;
    let entries = Entries::open(command.store, &plan.name, Arc::clone(screen)).await;
    let entries = match ground.epoch {
        Some(epoch) => entries.under(epoch),
        None => entries,
    };
    let (entries, correspondent) = entries.telling(plan);
    let flags = entries.flags();
    let observer: Arc<dyn Observer> = Arc::<dyn Screen>::clone(screen);
    let mut run = Run::begin(
        target,
        entries,
        observer,
        &plan.name,
        plan.schema.as_str(),
        plan.settings.clone(),
        ground.stop.clone(),
        command.name,
    )
    .await?;
    run.removal = command.blockers.into();
    run.helpers = helpers;
    run.flags = flags;
    let outcome = work(&run).await;
    screen.finish();
    if let Some(watcher) = watcher {
        watcher.abort();
    }
    let outcome = match outcome {
        Ok(report) => {
            let code = show(&report);
            run.end("done", code).await;
            Ok(report)
        }
        Err(error) => {
            run.end(&error.to_string(), error.exit_code()).await;
            Err(error.into())
        }
    };
    write_report(command.store, begun).await;
    if let Some(correspondent) = correspondent {
        correspondent.finish().await;
    }
    outcome
}

/// Nothing can be turned back or given up where turnback has never run.
pub(crate) async fn needs_ledger(loaded: &Loaded) -> Result<(), Failure> {
    if loaded.target().await?.has_ledger().await? {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "turnback has changed nothing on {}: there is no ledger there",
        loaded.plan().target.redacted()
    )))
}

/// The first Ctrl-C asks for a stop at the next safe point; a second one ends the process as
/// it always does, which is safe too: recovery finds out what was done.
async fn stop_on_interrupt(stop: Stop) {
    if tokio::signal::ctrl_c().await.is_ok() {
        anstream::eprintln!(
            "\nstopping at the next safe point; Ctrl-C again stops at once, which is safe too"
        );
        stop.ask();
    }
    if tokio::signal::ctrl_c().await.is_ok() {
        anstream::eprintln!("\nstopped; the same command goes on, `turnback back` turns back");
        #[expect(
            clippy::disallowed_methods,
            reason = "the user asked twice; everything done is committed"
        )]
        std::process::exit(i32::from(ExitCode::Stopped as u8));
    }
}
