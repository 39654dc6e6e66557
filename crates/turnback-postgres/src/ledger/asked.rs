//! The way back that was asked for last, until its end has been told.

use sqlx::PgConnection;
use turnback_engine::edges::Fence;
use turnback_engine::error::TargetError;

use crate::error::target_error;

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
        "INSERT INTO turnback.asked_back (plan, phases, epoch) VALUES ($1, $2, $3) \
         ON CONFLICT (plan) DO UPDATE SET phases = excluded.phases, epoch = excluded.epoch, \
         asked_at = excluded.asked_at"
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

/// The phases that were asked for, where the end was not told.
pub(crate) async fn read(
    connection: &mut PgConnection,
    plan: &str,
) -> Result<Vec<String>, TargetError> {
    let phases: Option<Vec<String>> =
        sqlx::query_scalar("SELECT phases FROM turnback.asked_back WHERE plan = $1")
            .bind(plan)
            .persistent(false)
            .fetch_optional(connection)
            .await
            .map_err(|error| target_error(error, ""))?;
    Ok(phases.unwrap_or_default())
}
