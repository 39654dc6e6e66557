//! The lease: one controller at a time, and the next one fences the last one off.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_engine::edges::Fence;
use turnback_engine::error::TargetError;

use crate::error::{ledger_error, target_error};
use crate::session::{end, end_predecessors, run};
use crate::target::PostgresTarget;

/// A holder whose session is still there but silent for so long may be succeeded.
const SILENCE_SECONDS: i64 = 15;
/// So long it is listened to a holder that the server's clock says is silent: three beats.
const LISTENED: Duration = Duration::from_secs(6);
/// Between two looks meanwhile.
const LOOK: Duration = Duration::from_millis(250);

/// Who holds the lease, and when the server's clock says that it was last heard of.
const HELD: &str = "SELECT l.holder, EXTRACT(epoch FROM l.heartbeat)::text AS beat, \
     EXTRACT(epoch FROM clock_timestamp() - l.heartbeat)::bigint AS silent, \
     l.holder IS NOT NULL AND a.pid IS NOT NULL AS present \
     FROM turnback.lease l LEFT JOIN pg_catalog.pg_stat_activity a \
     ON a.pid = l.backend AND coalesce(a.backend_start, l.backend_start) = l.backend_start";

/// The last beat of a holder that was listened to in vain. The server's clock alone proves nothing:
/// one that was set forward makes every holder look silent, and one that was set back makes a
/// silent one look as if it were heard of in an hour.
pub(crate) struct Silent(String);

/// A holder of the lease whose session is there.
struct Held {
    holder: String,
    beat: String,
    /// Seconds by the server's clock; below 0 where that was set back.
    silent: i64,
}

impl Held {
    fn looks_silent(&self) -> bool {
        !(0..SILENCE_SECONDS).contains(&self.silent)
    }
}

/// Takes the lease when nobody holds it, its holder's session is gone, or it was listened to in
/// vain; then ends what the last holder still has at work.
///
/// When a session of another role began is hidden from most: its process must be enough then.
pub(crate) async fn acquire(
    connection: &mut PgConnection,
    holder: &str,
    silent: Option<&Silent>,
) -> Result<Fence, TargetError> {
    run(connection, "BEGIN").await?;
    let taken = take(connection, holder, silent).await;
    let fence = end(connection, taken).await?;
    end_predecessors(connection, fence).await;
    Ok(fence)
}

/// Listens to a holder that looks silent, by our own clock: nothing where it is heard of, gone, or
/// does not look silent.
pub(crate) async fn listen(target: &PostgresTarget) -> Result<Option<Silent>, TargetError> {
    let look = async || {
        let mut session = target.held().await?;
        let held = target.answered(held(&mut session, "")).await;
        session.back(held)
    };
    let silent = |held: Option<Held>| held.filter(Held::looks_silent).map(|held| held.beat);
    let Some(beat) = silent(look().await?) else {
        return Ok(None);
    };
    let until = Instant::now() + LISTENED;
    while Instant::now() < until {
        tokio::time::sleep(LOOK).await;
        if silent(look().await?).as_ref() != Some(&beat) {
            return Ok(None);
        }
    }
    Ok(Some(Silent(beat)))
}

/// Makes sure that nobody holds the lease, and keeps it so for the rest of the transaction.
///
/// # Errors
///
/// When somebody does, unless it looks silent and has not been heard of since it was listened to.
pub(crate) async fn unheld(
    connection: &mut PgConnection,
    silent: Option<&Silent>,
) -> Result<(), TargetError> {
    let Some(held) = held(connection, "FOR UPDATE OF l").await? else {
        return Ok(());
    };
    let in_vain = silent.is_some_and(|Silent(beat)| *beat == held.beat);
    if held.looks_silent() && in_vain {
        return Ok(());
    }
    Err(TargetError::LeaseHeld {
        holder: held.holder,
        seconds: held.silent.max(0),
    })
}

/// Who holds the lease and is there.
async fn held(connection: &mut PgConnection, lock: &str) -> Result<Option<Held>, TargetError> {
    let row = sqlx::query(AssertSqlSafe(format!("{HELD} {lock}")))
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    let present: bool = row.try_get("present").map_err(ledger_error)?;
    let text = |name| row.try_get::<Option<String>, _>(name).map_err(ledger_error);
    let silent = row.try_get::<Option<i64>, _>("silent");
    Ok(present.then_some(Held {
        holder: text("holder")?.unwrap_or_default(),
        beat: text("beat")?.unwrap_or_default(),
        silent: silent.map_err(ledger_error)?.unwrap_or(0),
    }))
}

async fn take(
    connection: &mut PgConnection,
    holder: &str,
    silent: Option<&Silent>,
) -> Result<Fence, TargetError> {
    unheld(connection, silent).await?;
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
