//! Runs as the server shows them.

use turnback_server::edges::{Refusal, RefusalKind};
use turnback_server::model::{Order, Run, RunState};
use turnback_store::{KeptRun, RunState as Kept};

/// A run as it is shown.
///
/// # Errors
///
/// When another turnback wrote it, and this one cannot read it.
pub(super) fn shown(kept: KeptRun) -> Result<Run, Refusal> {
    let order: Order = serde_json::from_str(&kept.request.asked_for).map_err(|error| {
        let what = format!(
            "run {} was asked for by another turnback: {error}",
            kept.number
        );
        Refusal::new(RefusalKind::Failed, what)
    })?;
    Ok(Run {
        number: kept.number,
        typed: order.to_string(),
        order,
        asked_by: kept.request.by,
        why: kept.request.why,
        asked_at: kept.request.at.0,
        state: match kept.state {
            Kept::Waiting => RunState::Waiting,
            Kept::Running => RunState::Running,
            Kept::Ended => RunState::Ended,
        },
        began_at: kept.began_at.map(|at| at.0),
        resumed: kept.resumed,
        stopped_by: kept.stopped_by,
        ended_at: kept.ended_at.map(|at| at.0),
        exit_code: kept.exit_code.and_then(|code| u8::try_from(code).ok()),
        outcome: kept.outcome,
        next: kept.next,
    })
}
