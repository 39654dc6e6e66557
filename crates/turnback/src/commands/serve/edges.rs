//! Refusals of the target and the control store, as the server takes them.

use turnback_core::exit::ExitCode;
use turnback_engine::error::{JournalError, TargetError};
use turnback_server::edges::{Refusal, RefusalKind};

use crate::failure::Failure;

/// The control store refuses.
pub(super) fn of_store(error: JournalError) -> Refusal {
    Refusal::not_now(error.to_string())
        .next("Look after the control store; `GET /ready` says when it answers.")
}

/// The target refuses.
pub(super) fn of_target(error: TargetError) -> Refusal {
    of_failure(Failure::from(error))
}

/// A command would have failed.
pub(super) fn of_failure(failure: Failure) -> Refusal {
    let kind = match failure.code {
        ExitCode::Usage => RefusalKind::Invalid,
        ExitCode::NoGo => RefusalKind::Conflict,
        ExitCode::Stopped => RefusalKind::NotNow,
        _ => RefusalKind::Failed,
    };
    Refusal {
        kind,
        what: failure.message,
        next: failure.next,
    }
}
