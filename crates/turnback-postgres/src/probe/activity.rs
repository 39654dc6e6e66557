//! What the server's sessions are at: connections, waits, transactions, what was rolled back.

use sqlx::Row;
use sqlx::postgres::PgRow;
use turnback_core::guard::{BuiltIn, Reading};

use super::failure::Failure;
use super::lane::Session;
use super::totals::Totals;

const CONNECTIONS: &str = "SELECT count(*)::float8 / current_setting('max_connections')::float8 \
     FROM pg_stat_activity a WHERE a.datid IS NOT NULL AND coalesce(a.backend_type, 'client backend') = 'client backend'";

/// What turnback itself waits for is held to the lock budget, and none of the clients' trouble.
const LOCK_WAITS: &str = "SELECT count(DISTINCT l.pid)::float8 FROM pg_locks l \
     JOIN pg_stat_activity a ON a.pid = l.pid \
     WHERE NOT l.granted AND a.datname = current_database() AND a.usesysid IS NOT NULL \
     AND coalesce(a.backend_type, 'client backend') = 'client backend' \
     AND a.application_name IS DISTINCT FROM 'turnback'";

/// The second number is how many sessions are in a transaction whose age may not be seen.
const LONGEST_TRANSACTION: &str = include_str!("longest_transaction.sql");

const COMMITTED: &str = "SELECT d.xact_rollback::float8, d.xact_commit::float8 \
     FROM pg_stat_database d WHERE d.datname = current_database()";

const DEADLOCKS: &str = "SELECT d.deadlocks::float8, 0::float8 \
     FROM pg_stat_database d WHERE d.datname = current_database()";

const WAL: &str = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8, 0::float8";

pub(super) async fn connections(session: &mut Session<'_>) -> Result<Reading, Failure> {
    Ok(Reading::single(
        one(session, CONNECTIONS).await?.try_get(0)?,
    ))
}

pub(super) async fn lock_waits(session: &mut Session<'_>) -> Result<Reading, Failure> {
    Ok(Reading::single(one(session, LOCK_WAITS).await?.try_get(0)?))
}

pub(super) async fn longest_transaction(session: &mut Session<'_>) -> Result<Reading, Failure> {
    let row = one(session, LONGEST_TRANSACTION).await?;
    let (age, hidden): (f64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if hidden > 0 {
        return Err(Failure::new(format!(
            "{hidden} sessions of other roles are in transactions whose age may not be seen: \
             GRANT pg_read_all_stats to the role that turnback connects as"
        )));
    }
    Ok(Reading::single(age))
}

/// Of all transactions since the sample before, the part that was rolled back.
pub(super) async fn rollback_rate(
    session: &mut Session<'_>,
    totals: &Totals,
    guard: &str,
) -> Result<Reading, Failure> {
    let now = pair(&one(session, COMMITTED).await?)?;
    let added = totals.added(guard, BuiltIn::RollbackRate, now);
    Ok(match added {
        Some((_, [back, committed])) if back + committed > 0.0 => {
            Reading::single(back / (back + committed))
        }
        _ => Reading::NoData,
    })
}

pub(super) async fn deadlock_rate(
    session: &mut Session<'_>,
    totals: &Totals,
    guard: &str,
) -> Result<Reading, Failure> {
    let now = pair(&one(session, DEADLOCKS).await?)?;
    Ok(per_second(totals.added(guard, BuiltIn::DeadlockRate, now)))
}

pub(super) async fn wal_rate(
    session: &mut Session<'_>,
    totals: &Totals,
    guard: &str,
) -> Result<Reading, Failure> {
    let now = pair(&one(session, WAL).await?)?;
    Ok(per_second(totals.added(guard, BuiltIn::WalRate, now)))
}

fn per_second(added: Option<(std::time::Duration, [f64; 2])>) -> Reading {
    match added {
        Some((since, [added, _])) => Reading::single(added / since.as_secs_f64()),
        None => Reading::NoData,
    }
}

/// One row, in a transaction of its own.
pub(super) async fn one(session: &mut Session<'_>, sql: &'static str) -> Result<PgRow, Failure> {
    session.begin("").await?;
    let row = sqlx::query(sql)
        .persistent(false)
        .fetch_one(&mut **session)
        .await?;
    session.commit().await?;
    Ok(row)
}

fn pair(row: &PgRow) -> Result<[f64; 2], Failure> {
    Ok([row.try_get(0)?, row.try_get(1)?])
}
