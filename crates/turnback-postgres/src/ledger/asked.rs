//! The way back that was asked for last, until its end has been told.

use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use turnback_core::recovery::SoFar;
use turnback_engine::edges::{AskedBack, Fence};
use turnback_engine::error::TargetError;

use crate::error::{ledger_error, target_error};

/// Takes down which phases a plan's way back is about, in place of what was asked before; none
/// strikes that out.
pub(crate) async fn ask(
    connection: &mut PgConnection,
    fence: Fence,
    plan: &str,
    phases: &[String],
) -> Result<(), TargetError> {
    let sql = if phases.is_empty() {
        "DELETE FROM turnback.asked_back WHERE plan = $1 AND $2::text[] IS NOT NULL AND $3::bigint IS NOT NULL"
    } else {
        "INSERT INTO turnback.asked_back AS a (plan, phases, epoch) VALUES ($1, $2, $3) \
         ON CONFLICT (plan) DO UPDATE SET phases = excluded.phases, epoch = excluded.epoch, \
         asked_at = excluded.asked_at, \
         so_far = CASE WHEN a.phases = excluded.phases THEN a.so_far ELSE '{}' END"
    };
    sqlx::query(sql)
        .bind(plan)
        .bind(phases)
        .bind(fence.epoch)
        .persistent(false)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| target_error(error, ""))
}

/// Takes down what was done so far for the way back that is asked for.
pub(crate) async fn note(
    connection: &mut PgConnection,
    plan: &str,
    so_far: &SoFar,
) -> Result<(), TargetError> {
    sqlx::query("UPDATE turnback.asked_back SET so_far = $2 WHERE plan = $1")
        .bind(plan)
        .bind(Json(so_far))
        .persistent(false)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| target_error(error, ""))
}

/// What was asked for, where the end was not told.
pub(crate) async fn read(
    connection: &mut PgConnection,
    plan: &str,
) -> Result<AskedBack, TargetError> {
    let row = sqlx::query("SELECT phases, so_far FROM turnback.asked_back WHERE plan = $1")
        .bind(plan)
        .persistent(false)
        .fetch_optional(connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    let Some(row) = row else {
        return Ok(AskedBack::default());
    };
    let Json(so_far) = row.try_get("so_far").map_err(ledger_error)?;
    Ok(AskedBack {
        phases: row.try_get("phases").map_err(ledger_error)?,
        so_far,
    })
}
