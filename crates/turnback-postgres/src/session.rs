//! Sessions on the target: what every one of them has set, and how a statement is run.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use turnback_core::plan::Target as Url;
use turnback_engine::edges::{Fence, StepMark};
use turnback_engine::error::TargetError;

use crate::error::target_error;
use crate::ledger;
use crate::silence::answered;

/// How long a connection may take to be made.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);

/// Settings of every session of ours: names resolve to PostgreSQL's own objects unless they
/// carry a schema, and no limit that somebody set for applications ends long work.
///
/// A commit of ours is on the server's disk before we go on, whatever applications are content
/// with: the next step stands on it. Should this process stand still or its machine vanish in
/// the middle of a transaction, the server ends it soon and traffic gets its locks back; the
/// settings for that are not there on every system (PostgreSQL manual, 20.3.2).
pub(crate) const SETTINGS: &str = "SET search_path = pg_catalog, pg_temp; SET TimeZone = 'UTC'; SET statement_timeout = 0; \
     SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '10s'; SET client_min_messages = warning; \
     SET jit = off; SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
     DO $$ DECLARE wish text[]; BEGIN \
       IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', false); END IF; \
       FOREACH wish SLICE 1 IN ARRAY ARRAY[['tcp_keepalives_idle', '30'], ['tcp_keepalives_interval', '10'], \
         ['tcp_keepalives_count', '3'], ['tcp_user_timeout', '60s'], ['client_connection_check_interval', '2s']] LOOP \
         BEGIN PERFORM set_config(wish[1], wish[2], false); EXCEPTION WHEN OTHERS THEN NULL; END; \
       END LOOP; END $$";

/// Names sessions of a lease among the server's advisory locks.
const LEASE_LOCK: i32 = 0x7475_726e;

/// Reads a connection string.
///
/// # Errors
///
/// When it is not one. The message does not repeat it: it may hold a password.
pub fn options(url: &Url) -> Result<PgConnectOptions, TargetError> {
    PgConnectOptions::from_str(url.expose_secret())
        .map(|options| {
            options
                .application_name("turnback")
                .statement_cache_capacity(0)
        })
        .map_err(|_| {
            TargetError::Lost(format!(
                "{} is not a connection string that can be read",
                url.redacted()
            ))
        })
}

/// A pool whose every session has our settings.
pub(crate) fn pool(options: PgConnectOptions, size: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(CONNECT)
        // Whatever looks after connections that grow old or idle may spin for good, and keep the
        // process from ending (sqlx 0.9.0, issue 3645). There are no more than there were workers
        // at one time, and they end with the run.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::raw_sql(SETTINGS).execute(connection).await.map(drop) })
        })
        .connect_lazy_with(options)
}

/// One session with our settings, outside the pool.
pub(crate) async fn single(options: &PgConnectOptions) -> Result<PgConnection, TargetError> {
    let connecting = PgConnection::connect_with(options);
    let mut connection = tokio::time::timeout(CONNECT, connecting)
        .await
        .map_err(|_| TargetError::Lost(format!("no answer within {} s", CONNECT.as_secs())))?
        .map_err(|error| target_error(error, ""))?;
    answered(CONNECT, run(&mut connection, SETTINGS)).await?;
    Ok(connection)
}

/// Runs statements as they stand.
pub(crate) async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), TargetError> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .map(drop)
        .map_err(|error| target_error(error, sql))
}

/// Begins a transaction that whoever takes the lease over can find and end.
pub(crate) fn begin_under(fence: Fence) -> String {
    format!(
        "BEGIN; SELECT pg_catalog.pg_advisory_xact_lock_shared({LEASE_LOCK}, {})",
        lock_number(fence)
    )
}

/// Makes a session that works outside of transactions one that whoever takes the lease over
/// can find and end; refuses when it has been taken over already, or the ledger does not hold
/// what the step stands on.
pub(crate) async fn enlist(
    connection: &mut PgConnection,
    fence: Fence,
    step: &StepMark,
) -> Result<(), TargetError> {
    run(
        connection,
        &format!(
            "SELECT pg_catalog.pg_advisory_lock_shared({LEASE_LOCK}, {}); SELECT turnback.fence({})",
            lock_number(fence),
            fence.epoch
        ),
    )
    .await?;
    ledger::joins(connection, step).await
}

/// The opposite of [`enlist`].
pub(crate) async fn dismiss(
    connection: &mut PgConnection,
    fence: Fence,
) -> Result<(), TargetError> {
    run(
        connection,
        &format!(
            "SELECT pg_catalog.pg_advisory_unlock_shared({LEASE_LOCK}, {})",
            lock_number(fence)
        ),
    )
    .await
}

/// Ends what sessions of earlier leases still have at work: the holder stands still, or is
/// gone and the server has not noticed. Best effort: what is left meets the fence.
pub(crate) async fn end_predecessors(connection: &mut PgConnection, fence: Fence) {
    let _ = run(
        connection,
        &format!(
            "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' \
             AND classid = {LEASE_LOCK} AND objsubid = 2 AND objid::bigint < {} AND pid <> pg_catalog.pg_backend_pid() \
             AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())",
            lock_number(fence)
        ),
    )
    .await;
}

/// Advisory locks have two numbers of four bytes.
fn lock_number(fence: Fence) -> i32 {
    i32::try_from(fence.epoch).unwrap_or(i32::MAX)
}

/// The session's process in the server.
pub(crate) async fn pid(connection: &mut PgConnection) -> Result<i32, TargetError> {
    sqlx::query_scalar("SELECT pg_backend_pid()")
        .persistent(false)
        .fetch_one(connection)
        .await
        .map_err(|error| target_error(error, ""))
}

/// Commits when the work went well, rolls back when it did not.
pub(crate) async fn end<T>(
    connection: &mut PgConnection,
    work: Result<T, TargetError>,
) -> Result<T, TargetError> {
    match work {
        Ok(value) => {
            run(connection, "COMMIT").await?;
            Ok(value)
        }
        Err(error) => {
            // The first error tells more than a rollback that fails on a broken connection.
            let _ = run(connection, "ROLLBACK").await;
            Err(error)
        }
    }
}
