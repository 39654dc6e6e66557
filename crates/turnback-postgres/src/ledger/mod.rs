//! The ledger in the target: phases, steps, progress, lease.

pub(crate) mod asked;
pub(crate) mod lease;
pub(crate) mod opening;
pub(crate) mod throttle;

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_core::program::Stage;
use turnback_core::state::PhaseState;
use turnback_engine::edges::{Fence, Mark, PhaseRecord, StepKey, StepMark, Withdrawn};
use turnback_engine::error::TargetError;

use crate::error::{ledger_error, target_error};
use crate::locks;
use crate::session::{end, run};

pub(crate) async fn plans(connection: &mut PgConnection) -> Result<Vec<String>, TargetError> {
    sqlx::query_scalar("SELECT DISTINCT plan FROM turnback.phase ORDER BY plan")
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(|error| target_error(error, ""))
}

pub(crate) async fn begun_backfills(
    connection: &mut PgConnection,
    plan: &str,
    phase: &str,
) -> Result<BTreeSet<String>, TargetError> {
    let steps: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT step FROM turnback.backfill WHERE plan = $1 AND phase = $2",
    )
    .bind(plan)
    .bind(phase)
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    Ok(steps.into_iter().collect())
}

pub(crate) async fn phases(
    connection: &mut PgConnection,
    plan: &str,
) -> Result<Vec<PhaseRecord>, TargetError> {
    let rows = sqlx::query("SELECT phase, ordinal, state, program, before FROM turnback.phase WHERE plan = $1 ORDER BY ordinal, phase")
        .bind(plan)
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    rows.into_iter()
        .map(|row| {
            let state: String = row.try_get("state").map_err(ledger_error)?;
            let program: sqlx::types::Json<_> = row.try_get("program").map_err(ledger_error)?;
            let before: sqlx::types::Json<_> = row.try_get("before").map_err(ledger_error)?;
            Ok(PhaseRecord {
                phase: row.try_get("phase").map_err(ledger_error)?,
                ordinal: row.try_get("ordinal").map_err(ledger_error)?,
                state: PhaseState::parse(&state).ok_or_else(|| {
                    TargetError::Ledger(format!(
                        "it holds the state {state}, which this turnback does not know"
                    ))
                })?,
                program: program.0,
                before: before.0,
            })
        })
        .collect()
}

pub(crate) async fn begin_phase(
    connection: &mut PgConnection,
    fence: Fence,
    plan: &str,
    record: &PhaseRecord,
) -> Result<(), TargetError> {
    sqlx::query(
        "INSERT INTO turnback.phase (plan, phase, ordinal, state, program, before) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (plan, phase) DO UPDATE SET ordinal = excluded.ordinal, state = excluded.state, \
         program = excluded.program, before = excluded.before, changed_at = clock_timestamp()",
    )
    .bind(plan)
    .bind(&record.phase)
    .bind(record.ordinal)
    .bind(record.state.as_str())
    .bind(sqlx::types::Json(&record.program))
    .bind(sqlx::types::Json(&record.before))
    .persistent(false)
    .execute(&mut *connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    history(connection, fence, plan, &record.phase, record.state).await
}

pub(crate) async fn done_steps(
    connection: &mut PgConnection,
    plan: &str,
    phase: &str,
) -> Result<Vec<(Stage, String)>, TargetError> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT stage, step FROM turnback.step WHERE plan = $1 AND phase = $2")
            .bind(plan)
            .bind(phase)
            .persistent(false)
            .fetch_all(connection)
            .await
            .map_err(|error| target_error(error, ""))?;
    rows.into_iter()
        .map(|(stage, step)| {
            let known = Stage::ALL.into_iter().find(|s| stage_name(*s) == stage);
            known.map(|stage| (stage, step)).ok_or_else(|| {
                TargetError::Ledger(format!(
                    "it holds the stage {stage}, which this turnback does not know"
                ))
            })
        })
        .collect()
}

pub(crate) async fn forget_phases(
    connection: &mut PgConnection,
    fence: Fence,
    plan: &str,
    withdrawn: &[Withdrawn],
) -> Result<(), TargetError> {
    for phase in withdrawn {
        holds(connection, phase.after.as_ref()).await?;
    }
    let phases: Vec<&str> = withdrawn.iter().map(|w| w.phase.as_str()).collect();
    for sql in [
        "DELETE FROM turnback.step WHERE plan = $1 AND phase = ANY ($2)",
        "DELETE FROM turnback.backfill WHERE plan = $1 AND phase = ANY ($2)",
        "UPDATE turnback.phase SET state = 'pending', changed_at = clock_timestamp() WHERE plan = $1 AND phase = ANY ($2)",
    ] {
        sqlx::query(sql)
            .bind(plan)
            .bind(&phases)
            .persistent(false)
            .execute(&mut *connection)
            .await
            .map_err(|error| target_error(error, ""))?;
    }
    for phase in phases {
        history(connection, fence, plan, phase, PhaseState::Pending).await?;
    }
    Ok(())
}

/// Takes a mark down by itself.
pub(crate) async fn mark(
    connection: &mut PgConnection,
    fence: Fence,
    mark: &Mark,
) -> Result<(), TargetError> {
    run(connection, "BEGIN").await?;
    let work = claim_then_run(connection, fence, &[], mark, None).await;
    end(connection, work).await.map(drop)
}

/// Everything of a transaction but its locks: gives all that it then holds. Nothing is run when
/// it was done before.
pub(crate) async fn claim_then_run(
    connection: &mut PgConnection,
    fence: Fence,
    statements: &[String],
    mark: &Mark,
    pid: Option<i32>,
) -> Result<Vec<(String, String)>, TargetError> {
    let fresh = match mark.step() {
        Some(step) => claim(connection, step).await?,
        None => true,
    };
    let mut taken = Vec::new();
    if fresh {
        for statement in statements {
            run(connection, statement).await?;
        }
        if let Some(pid) = pid {
            taken = locks::held(&mut *connection, pid).await?;
        }
        become_state(connection, fence, mark).await?;
    }
    self::fence(connection, fence).await?;
    Ok(taken)
}

/// Takes down that a step is done, at the beginning of the transaction that does it: a try
/// whose answer was lost, and which the server may only now be committing, is waited for.
/// Gives whether there was none that arrived.
async fn claim(connection: &mut PgConnection, step: &StepMark) -> Result<bool, TargetError> {
    let key = &step.key;
    let fresh = sqlx::query(
        "INSERT INTO turnback.step (plan, phase, stage, step) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(stage_name(key.stage))
    .bind(&key.step)
    .persistent(false)
    .execute(&mut *connection)
    .await
    .map_err(|error| target_error(error, ""))?
    .rows_affected();
    if fresh == 0 {
        return Ok(false);
    }
    joins(connection, step).await?;
    let walked: bool = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT NOT EXISTS (SELECT FROM turnback.backfill WHERE plan = $1 AND phase = $2 AND step = $3 AND next < \"end\"){}",
        step.holds.iter().map(|fact| format!(" AND {}", fact.sql())).collect::<String>()
    )))
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(&key.step)
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    if walked {
        Ok(true)
    } else {
        Err(TargetError::Forgotten(format!(
            "the work of step {}",
            key.step
        )))
    }
}

/// Refuses where the ledger does not hold a step.
async fn holds(connection: &mut PgConnection, step: Option<&StepKey>) -> Result<(), TargetError> {
    let Some(key) = step else {
        return Ok(());
    };
    let held: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM turnback.step WHERE plan = $1 AND phase = $2 AND stage = $3 AND step = $4)",
    )
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(stage_name(key.stage))
    .bind(&key.step)
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    if held {
        return Ok(());
    }
    Err(TargetError::Forgotten(format!(
        "step {} of phase {}",
        key.step, key.phase
    )))
}

/// Refuses where the ledger does not hold what a step stands on.
pub(crate) async fn joins(
    connection: &mut PgConnection,
    step: &StepMark,
) -> Result<(), TargetError> {
    let key = &step.key;
    let states: Vec<&str> = key.stage.runs_in().iter().map(|s| s.as_str()).collect();
    let joins: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM turnback.phase WHERE plan = $1 AND phase = $2 AND state = ANY ($5)) \
         AND ($4::text IS NULL OR EXISTS (SELECT FROM turnback.step WHERE plan = $1 AND phase = $2 AND stage = $3 AND step = $4))",
    )
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(stage_name(key.stage))
    .bind(&step.after)
    .bind(states)
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    if joins {
        return Ok(());
    }
    Err(TargetError::Forgotten(match &step.after {
        Some(after) => format!("step {after} of phase {}", key.phase),
        None => format!("how far phase {} had come", key.phase),
    }))
}

/// Takes down what a mark says of its phase's state.
async fn become_state(
    connection: &mut PgConnection,
    fence: Fence,
    mark: &Mark,
) -> Result<(), TargetError> {
    let Mark::State {
        plan,
        phase,
        from,
        state,
        after,
        ..
    } = mark
    else {
        return Ok(());
    };
    holds(connection, after.as_ref()).await?;
    let changed = sqlx::query(
        "UPDATE turnback.phase SET state = $4, changed_at = clock_timestamp() \
         WHERE plan = $1 AND phase = $2 AND state IN ($3, $4)",
    )
    .bind(plan)
    .bind(phase)
    .bind(from.as_str())
    .bind(state.as_str())
    .persistent(false)
    .execute(&mut *connection)
    .await
    .map_err(|error| target_error(error, ""))?
    .rows_affected();
    if changed == 0 {
        return Err(TargetError::Forgotten(format!(
            "phase {phase} is not {from} any more"
        )));
    }
    history(connection, fence, plan, phase, *state).await
}

/// Refuses unless this controller still holds the lease. The last thing before a commit.
pub(crate) async fn fence(connection: &mut PgConnection, fence: Fence) -> Result<(), TargetError> {
    run(
        connection,
        &format!("SELECT turnback.fence({})", fence.epoch),
    )
    .await
}

async fn history(
    connection: &mut PgConnection,
    fence: Fence,
    plan: &str,
    phase: &str,
    state: PhaseState,
) -> Result<(), TargetError> {
    sqlx::query("INSERT INTO turnback.history (plan, phase, state, epoch) VALUES ($1, $2, $3, $4)")
        .bind(plan)
        .bind(phase)
        .bind(state.as_str())
        .bind(fence.epoch)
        .persistent(false)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| target_error(error, ""))
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Expand => "expand",
        Stage::CutOver => "cut_over",
        Stage::Settle => "settle",
        Stage::SwapBack => "swap_back",
        Stage::Withdraw => "withdraw",
        Stage::Contract => "contract",
        Stage::Retire => "retire",
    }
}
