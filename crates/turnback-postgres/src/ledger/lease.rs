//! The lease: one controller at a time, and the next one fences the last one off.

use sqlx::{PgConnection, Row};
use turnback_engine::edges::Fence;
use turnback_engine::error::TargetError;

use crate::error::{ledger_error, target_error};
use crate::session::{end, end_predecessors, run};

/// A holder whose session is still there but silent for so long may be succeeded.
const SILENCE_SECONDS: i64 = 15;

/// Takes the lease when nobody holds it, its holder's session is gone, or it is silent; then
/// ends what the last holder still has at work.
///
/// When a session of another role began is hidden from most: its process must be enough then.
pub(crate) async fn acquire(
    connection: &mut PgConnection,
    holder: &str,
) -> Result<Fence, TargetError> {
    run(connection, "BEGIN").await?;
    let taken = take(connection, holder).await;
    let fence = end(connection, taken).await?;
    end_predecessors(connection, fence).await;
    Ok(fence)
}

/// Makes sure that nobody holds the lease, and keeps it so for the rest of the transaction.
///
/// # Errors
///
/// When somebody does, and was heard of lately.
pub(crate) async fn unheld(connection: &mut PgConnection) -> Result<(), TargetError> {
    let row = sqlx::query(
        "SELECT l.holder, EXTRACT(epoch FROM clock_timestamp() - l.heartbeat)::bigint AS silent, \
         l.holder IS NOT NULL AND a.pid IS NOT NULL AS present \
         FROM turnback.lease l LEFT JOIN pg_catalog.pg_stat_activity a \
         ON a.pid = l.backend AND coalesce(a.backend_start, l.backend_start) = l.backend_start FOR UPDATE OF l",
    )
    .persistent(false)
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    let present: bool = row.try_get("present").map_err(ledger_error)?;
    let silent: i64 = row
        .try_get::<Option<i64>, _>("silent")
        .map_err(ledger_error)?
        .unwrap_or(0);
    if present && silent < SILENCE_SECONDS {
        let holder: Option<String> = row.try_get("holder").map_err(ledger_error)?;
        return Err(TargetError::LeaseHeld {
            holder: holder.unwrap_or_default(),
            seconds: silent,
        });
    }
    Ok(())
}

async fn take(connection: &mut PgConnection, holder: &str) -> Result<Fence, TargetError> {
    unheld(connection).await?;
    let epoch = sqlx::query_scalar(
        "UPDATE turnback.lease SET epoch = epoch + 1, holder = $1, backend = pg_backend_pid(), \
         backend_start = (SELECT a.backend_start FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_backend_pid()), \
         heartbeat = clock_timestamp() RETURNING epoch",
    )
    .bind(holder)
    .persistent(false)
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    Ok(Fence { epoch })
}

/// Says that the holder is alive, from whichever session it now has.
pub(crate) async fn heartbeat(
    connection: &mut PgConnection,
    fence: Fence,
) -> Result<(), TargetError> {
    let updated = sqlx::query(
        "UPDATE turnback.lease SET heartbeat = clock_timestamp(), backend = pg_backend_pid(), \
         backend_start = (SELECT a.backend_start FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_backend_pid()) \
         WHERE epoch = $1",
    )
    .bind(fence.epoch)
    .persistent(false)
    .execute(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    if updated.rows_affected() == 0 {
        Err(TargetError::Fenced)
    } else {
        Ok(())
    }
}

/// Gives the lease back, and strikes out what was asked under it where its end has been told;
/// a lease that is no longer ours is left alone.
pub(crate) async fn release(
    connection: &mut PgConnection,
    fence: Fence,
    told: bool,
) -> Result<(), TargetError> {
    sqlx::query(
        "WITH told AS (DELETE FROM turnback.asked_back WHERE epoch = $1 AND $2) \
         UPDATE turnback.lease SET holder = NULL, backend = NULL, backend_start = NULL WHERE epoch = $1",
    )
        .bind(fence.epoch)
        .bind(told)
        .persistent(false)
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| target_error(error, ""))
}
