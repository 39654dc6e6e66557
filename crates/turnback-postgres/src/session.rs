//! Sessions on the target: what every one of them has set, and how a statement is run.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use turnback_core::plan::Target as Url;
use turnback_engine::error::TargetError;

use crate::error::target_error;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// Settings of every session of ours: names resolve to PostgreSQL's own objects unless they
/// carry a schema, and no limit that somebody set for applications ends long work.
const SETTINGS: &str = "SET search_path = pg_catalog, pg_temp; SET TimeZone = 'UTC'; SET statement_timeout = 0; \
     SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '10s'; SET client_min_messages = warning; \
     SET jit = off; SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off";

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
        .idle_timeout(Duration::from_secs(60))
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
    run(&mut connection, SETTINGS).await?;
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
