//! What becomes of a run whose process ended: what its journal says has ended is not done again.

use turnback_core::exit::ExitCode;
use turnback_core::journal::JournalEvent;
use turnback_server::edges::Refusal;
use turnback_server::model::Order;
use turnback_store::{ControlStore, KeptRun, RunState};

use super::edges::of_store;
use super::order::Carried;
use crate::journal::in_time;

/// As many entries of a run are looked at, the last ones.
const ENTRIES: u32 = 10_000;

/// What becomes of a run.
pub(super) enum Resumed {
    /// It is to be carried out.
    GoOn(Order),
    /// It had ended, and only that was not taken down.
    Ended(Carried),
}

/// What becomes of a run that is the next. One that had turned back, or was about to, does not go
/// forward again: it was guards or people who said so.
pub(super) async fn resumed(
    store: &ControlStore,
    run: &KeptRun,
    order: Order,
) -> Result<Resumed, Refusal> {
    if run.state != RunState::Running {
        return Ok(Resumed::GoOn(order));
    }
    let entries = in_time(store.last(ENTRIES)).await.map_err(of_store)?;
    let from = run.journal_from.unwrap_or(0);
    let mut turning_back = None;
    for entry in entries.into_iter().filter(|entry| entry.number > from) {
        match entry.event {
            JournalEvent::RecoveryBegun { phases, .. } => turning_back = phases.last().cloned(),
            JournalEvent::RunEnded { outcome, exit_code } if exit_code != STOPPED => {
                return Ok(Resumed::Ended(Carried::as_journaled(exit_code, outcome)));
            }
            _ => {}
        }
    }
    if run.stopped_by.is_some() && !matches!(order, Order::Back { .. }) && turning_back.is_none() {
        let outcome = "it was stopped, and its process ended before it could say so".to_owned();
        return Ok(Resumed::Ended(Carried::as_journaled(STOPPED, outcome)));
    }
    Ok(Resumed::GoOn(match (order, turning_back) {
        (Order::Up { .. }, Some(scope)) => Order::Back {
            scope,
            keep_new_shape: false,
            drop_anyway: false,
            no_hooks: false,
            leave_flags: false,
        },
        (order, _) => order,
    }))
}

/// The exit code of a run that the same command goes on with.
const STOPPED: u8 = ExitCode::Stopped as u8;
