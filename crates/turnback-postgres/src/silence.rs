//! A server that does not answer: found out within a bounded time, whatever is being waited for.

use std::time::Duration;

use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use turnback_engine::error::TargetError;

/// Waits for an answer that is due soon: to a short question, or from a short transaction.
pub(crate) async fn answered<R>(
    patience: Duration,
    work: impl Future<Output = Result<R, TargetError>>,
) -> Result<R, TargetError> {
    timeout(patience, work)
        .await
        .unwrap_or_else(|_| Err(silent(patience)))
}

/// Waits for work that may take as long as it needs, while the server answers others and the
/// session is still at it.
pub(crate) async fn attended<R>(
    pool: &PgPool,
    pid: i32,
    patience: Duration,
    work: impl Future<Output = Result<R, TargetError>>,
) -> Result<R, TargetError> {
    tokio::select! {
        outcome = work => outcome,
        lost = silence(pool, pid, patience) => Err(lost),
    }
}

async fn silence(pool: &PgPool, pid: i32, patience: Duration) -> TargetError {
    loop {
        sleep(patience / 3).await;
        match timeout(patience, is_over(pool, pid, patience)).await {
            Ok(Ok(false) | Err(sqlx::Error::Database(_))) => {}
            Ok(Ok(true)) => {
                return TargetError::Lost(
                    "the server is through with the statement, and its answer did not arrive"
                        .to_owned(),
                );
            }
            Ok(Err(_)) | Err(_) => return silent(patience),
        }
    }
}

/// Whether the session is gone, or has been waiting for us while we wait for it.
async fn is_over(pool: &PgPool, pid: i32, patience: Duration) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1 \
         AND (state IS NULL OR state NOT LIKE 'idle%' OR state_change > clock_timestamp() - make_interval(secs => $2)))",
    )
    .bind(pid)
    .bind(patience.as_secs_f64())
    .persistent(false)
    .fetch_one(pool)
    .await
}

fn silent(patience: Duration) -> TargetError {
    TargetError::Lost(format!(
        "the server has not answered for {} s",
        patience.as_secs_f64()
    ))
}
