//! Contract: the old shape is archived and given up, in the order of the plan.

use std::time::Instant;

use serde::Serialize;
use turnback_core::program::Stage;
use turnback_core::scope::phases_to_contract;
use turnback_core::state::{PhaseEvent, PhaseState};

use crate::back::standings;
use crate::edges::{Journal, Target};
use crate::error::EngineError;
use crate::run::Run;
use crate::stage::Becomes;

/// What contract came to.
#[derive(Clone, Debug, Serialize)]
pub struct ContractReport {
    /// Phases whose old shape is gone.
    pub phases: Vec<String>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Gives up the old shape of every phase that is cut over, up to `to`.
///
/// # Errors
///
/// See [`EngineError`]; whatever was done is in the ledger, and the same call goes on.
pub async fn contract<T: Target, J: Journal>(
    run: &Run<T, J>,
    to: Option<&str>,
) -> Result<ContractReport, EngineError> {
    run.explained(give_up(run, to).await).await
}

async fn give_up<T: Target, J: Journal>(
    run: &Run<T, J>,
    to: Option<&str>,
) -> Result<ContractReport, EngineError> {
    let begun = Instant::now();
    run.ask_back(&[]).await?;
    let records = run.phases().await?;
    let phases = phases_to_contract(&standings(&records), to);
    for phase in &phases {
        let Some(record) = records.iter().find(|record| &record.phase == phase) else {
            continue;
        };
        // The old foreign keys must be whole until the moment they go.
        let settled = run.stage(&record.program, Stage::Settle, None).await?;
        let contracting = record.state.next(PhaseEvent::ContractBegun)?;
        run.become_state(phase, record.state, contracting, settled.last)
            .await?;
        let contracted = contracting.next(PhaseEvent::Contracted)?;
        let becomes = Becomes {
            from: contracting,
            state: contracted,
        };
        run.stage(&record.program, Stage::Contract, Some(becomes))
            .await?;
        if record.program.contract.is_empty() {
            run.become_state(phase, contracting, contracted, None)
                .await?;
        } else {
            run.became(phase, contracted, None).await?;
        }
    }
    retire(run, &[]).await?;
    Ok(ContractReport {
        phases,
        millis: begun.elapsed().as_millis() as u64,
    })
}

/// Closes the version schemas of contracted phases, once `public` is all that is left to see:
/// the new shape of one phase is the old shape of the next. `withdrawn` are phases whose new
/// shape has just been dropped.
pub(crate) async fn retire<T: Target, J: Journal>(
    run: &Run<T, J>,
    withdrawn: &[String],
) -> Result<(), EngineError> {
    let records = run.phases().await?;
    let needed = records.iter().any(|record| {
        !record.program.version_schemas.is_empty()
            && !withdrawn.contains(&record.phase)
            && !matches!(record.state, PhaseState::Pending | PhaseState::Contracted)
    });
    if needed {
        return Ok(());
    }
    for record in &records {
        if record.state == PhaseState::Contracted {
            run.stage(&record.program, Stage::Retire, None).await?;
        }
    }
    Ok(())
}
