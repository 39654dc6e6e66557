//! A PostgreSQL database: how it is opened, and how its writers take turns.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool, Postgres, Transaction};
use turnback_core::plan::Target as Url;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Settings of every session. Names resolve to PostgreSQL's own objects and to ours. No statement
/// and no transaction of ours lasts long: a process that stands still in the middle of one is ended
/// by the server before others give up waiting for their turn. What was written is on the disk,
/// whatever applications are content with: an intent must be there before its effect is.
const SETTINGS: &str = "SET search_path = turnback_control, pg_temp; SET TimeZone = 'UTC'; \
     SET statement_timeout = '8s'; SET lock_timeout = '8s'; \
     SET idle_in_transaction_session_timeout = '3s'; SET client_min_messages = warning; SET jit = off; \
     SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off; \
     SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// Whoever holds this advisory lock of the database writes. The number is "turnback" in ASCII.
const TURN: &str = "SELECT pg_advisory_xact_lock(8391739299097305963)";

/// Opens a pool after one session has shown that the database lets us in: a pool by itself waits,
/// and cannot say why.
pub(super) async fn open(url: &Url) -> Result<PgPool, String> {
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(|_| "this is no connection string that can be read".to_owned())?
        .application_name("turnback control store")
        .statement_cache_capacity(0);
    let first = tokio::time::timeout(CONNECT, PgConnection::connect_with(&options))
        .await
        .map_err(|_| format!("it has not answered for {} s", CONNECT.as_secs()))?
        .map_err(|error| error.to_string())?;
    // Left alone it would be reported to the server's log as lost.
    let _ = first.close().await;
    Ok(PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(CONNECT)
        // See `sqlite::open`.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|session, _| {
            Box::pin(async move { sqlx::raw_sql(SETTINGS).execute(session).await.map(drop) })
        })
        .connect_lazy_with(options))
}

/// A transaction whose turn it is.
pub(super) async fn writing(pool: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    sqlx::raw_sql(TURN).execute(&mut *transaction).await?;
    Ok(transaction)
}
