//! Tries out what only the server can judge, and leaves nothing behind.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_core::name::TableName;
use turnback_core::program::Trial;

/// A trial waits for nobody long: it only reads definitions and makes temporary objects.
const SETTINGS: &str = "SET LOCAL lock_timeout = '10s'; SET LOCAL client_min_messages = error";

/// SQLSTATEs that say that it could not be tried: a missing right, and a server that takes no
/// writes.
const UNTRIED: [&str; 2] = ["42501", "25006"];

/// Runs trials in one transaction that is rolled back; gives what failed, with PostgreSQL's
/// words. What the role may not try is left out: expand finds out, before it is long at work.
///
/// # Errors
///
/// When the connection fails, or is inside a transaction already.
pub async fn failures(
    connection: &mut PgConnection,
    trials: &[Trial],
) -> Result<Vec<(TableName, String)>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(SETTINGS).execute(&mut *transaction).await?;
    let mut failed = Vec::new();
    for trial in trials {
        // A transaction of its own inside: what fails leaves the others alone.
        let mut inner = transaction.begin().await?;
        let outcome = sqlx::raw_sql(AssertSqlSafe(trial.sql.clone()))
            .execute(&mut *inner)
            .await;
        match outcome {
            Ok(_) => inner.commit().await?,
            Err(sqlx::Error::Database(error)) => {
                inner.rollback().await?;
                let untried = error
                    .code()
                    .is_some_and(|code| UNTRIED.contains(&code.as_ref()));
                match &trial.view {
                    _ if untried => break,
                    Some(view) => failed.push((view.clone(), error.message().to_owned())),
                    None => {}
                }
            }
            Err(error) => return Err(error),
        }
    }
    transaction.rollback().await?;
    Ok(failed)
}
