//! Who holds up a session of ours, and taking them out of the way where the user allows it.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row};
use turnback_core::mask::mask;
use turnback_core::removal::{Against, Holder};
use turnback_engine::edges::{Blocker, Fate};

const BLOCKERS: &str = include_str!("blockers.sql");

/// Whoever is in the way when the signal goes out: the same session, still holding up ours.
const CANCEL: &str = "SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
     WHERE a.pid = $1 AND a.backend_start::text = $2 AND a.pid = ANY (pg_catalog.pg_blocking_pids($3))";
const TERMINATE: &str = "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
     WHERE a.pid = $1 AND a.backend_start::text = $2 AND a.pid = ANY (pg_catalog.pg_blocking_pids($3))";

/// Sessions that `pid` waits for, now, and what was done about them. An empty list when the
/// question cannot be asked: it serves a message, never a decision of the run's.
pub(crate) async fn of(pool: &PgPool, pid: i32, against: Against) -> Vec<Blocker> {
    let rows = sqlx::query(BLOCKERS)
        .bind(pid)
        .persistent(false)
        .fetch_all(pool)
        .await
        .unwrap_or_default();
    let mut blockers = Vec::new();
    for row in rows {
        let Ok((mut blocker, holder, since)) = read(&row) else {
            continue;
        };
        blocker.fate = fate(pool, pid, &blocker, &holder, &since, against).await;
        blocker.query = mask(&blocker.query);
        blockers.push(blocker);
    }
    blockers
}

fn read(row: &PgRow) -> Result<(Blocker, Holder, String), sqlx::Error> {
    let blocker = Blocker {
        pid: row.try_get("pid")?,
        application: row.try_get("application")?,
        seconds: row.try_get("seconds")?,
        state: row.try_get("state")?,
        query: row.try_get("query")?,
        fate: None,
    };
    let at_work: f64 = row.try_get("at_work")?;
    let holder = Holder {
        holds: row.try_get("holds")?,
        backend_type: row.try_get("backend_type")?,
        superuser: row.try_get("superuser")?,
        application: blocker.application.clone(),
        query: blocker.query.clone(),
        wrote: row.try_get("wrote")?,
        at_work: Duration::from_secs_f64(at_work.max(0.0)),
    };
    Ok((blocker, holder, row.try_get("since")?))
}

async fn fate(
    pool: &PgPool,
    pid: i32,
    blocker: &Blocker,
    holder: &Holder,
    since: &str,
    against: Against,
) -> Option<Fate> {
    let (signal, done) = match against {
        Against::Nobody => return None,
        Against::Cancel => (CANCEL, Fate::Cancelled),
        Against::Terminate => (TERMINATE, Fate::Terminated),
    };
    if let Some(reason) = holder.spared() {
        return Some(Fate::Spared(reason));
    }
    // A session between two statements has none to cancel.
    if against == Against::Cancel && blocker.state.starts_with("idle") {
        return Some(Fate::NeedsTermination);
    }
    let sent: Result<Option<bool>, _> = sqlx::query_scalar(signal)
        .bind(blocker.pid)
        .bind(since)
        .bind(pid)
        .persistent(false)
        .fetch_optional(pool)
        .await;
    match sent {
        Ok(Some(true)) => Some(done),
        // It went by itself meanwhile.
        Ok(_) => None,
        Err(sqlx::Error::Database(error)) => Some(Fate::Refused(error.message().to_owned())),
        Err(error) => Some(Fate::Refused(error.to_string())),
    }
}
