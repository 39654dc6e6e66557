//! The tables of the control store, and how older files get those that they lack.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, SqlitePool};

use crate::chain::chain;

/// What each schema adds to the one before it; the number of a schema is its place, from 1. A
/// file says in `user_version` which one it has; 0 is a new file, or one from before there were
/// any, which is why the first makes only what is not there.
const STEPS: [&str; 4] = [
    include_str!("schema.sql"),
    include_str!("outbox.sql"),
    include_str!("watch.sql"),
    include_str!("chain.sql"),
];

/// Brings a file to the schema of this turnback, in one transaction.
///
/// # Errors
///
/// In words: a later turnback wrote it, or it cannot be read or written.
pub(crate) async fn upgrade(pool: &SqlitePool) -> Result<(), String> {
    let words = |error: sqlx::Error| error.to_string();
    let mut connection = pool.acquire().await.map_err(words)?;
    if missing(&mut connection).await?.is_empty() {
        return Ok(());
    }
    // IMMEDIATE, and asked again: two processes may open the file at once.
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(words)?;
    for step in missing(&mut transaction).await? {
        sqlx::raw_sql(*step)
            .execute(&mut *transaction)
            .await
            .map_err(words)?;
    }
    // Entries of a file from before there was a chain become its beginning.
    chain(&mut transaction, None).await.map_err(words)?;
    sqlx::raw_sql(VERSION)
        .execute(&mut *transaction)
        .await
        .map_err(words)?;
    transaction.commit().await.map_err(words)
}

/// Which schema this is: a turnback that knows none so high leaves the file alone.
const VERSION: &str = "PRAGMA user_version = 4";

/// What the file lacks.
async fn missing(connection: &mut SqliteConnection) -> Result<&'static [&'static str], String> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await
        .map_err(|error| error.to_string())?;
    usize::try_from(version)
        .ok()
        .and_then(|known| STEPS.get(known..))
        .ok_or_else(|| {
            format!(
                "a later turnback wrote it (schema {version}, and this one knows {})",
                STEPS.len()
            )
        })
}
