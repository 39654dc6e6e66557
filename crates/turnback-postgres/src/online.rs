//! Long statements that hold up no traffic: run with no limit of time, watched from a second
//! session, cancelled when a stop is asked for.

use std::time::Duration;

use sqlx::PgPool;
use turnback_engine::edges::Blocker;
use turnback_engine::error::TargetError;
use turnback_engine::stop::Stop;

use crate::blockers;
use crate::error::target_error;
use crate::session::run;

/// How often a statement that takes its time is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) async fn online(
    pool: &PgPool,
    statement: &str,
    stop: &Stop,
    waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
) -> Result<(), TargetError> {
    let mut connection = pool
        .acquire()
        .await
        .map_err(|error| target_error(error, ""))?;
    // Nobody queues behind these locks but schema changes: there is no budget to keep.
    run(&mut connection, "SET lock_timeout = 0").await?;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    let outcome = {
        let work = run(&mut connection, statement);
        tokio::pin!(work);
        let mut cancelled = false;
        loop {
            tokio::select! {
                outcome = &mut work => break if cancelled && outcome.is_err() { Err(TargetError::Stopped) } else { outcome },
                () = stop.asked(), if !cancelled => {
                    cancelled = true;
                    // When it cannot be cancelled, it ends by itself and the stop comes after it.
                    let _ = sqlx::query("SELECT pg_cancel_backend($1)").bind(pid).persistent(false).execute(pool).await;
                }
                () = tokio::time::sleep(LOOK) => {
                    let blockers = blockers::of(pool, pid).await;
                    if !blockers.is_empty() {
                        waiting(blockers);
                    }
                }
            }
        }
    };
    // The session goes back to the pool as it came; one that cannot is closed.
    if run(&mut connection, "SET lock_timeout = '10s'")
        .await
        .is_err()
    {
        let _ = connection.close().await;
    }
    outcome
}
