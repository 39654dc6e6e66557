//! Long statements that hold up no traffic: run with no limit of time, watched from a second
//! session, cancelled when a stop is asked for.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};
use tokio::time::timeout;
use turnback_engine::edges::{Blocker, Fence};
use turnback_engine::error::TargetError;
use turnback_engine::stop::Stop;

use crate::blockers;
use crate::held::Held;
use crate::session::{dismiss, enlist, pid, run};
use crate::silence::{answered, attended};

/// How often a statement that takes its time is looked at.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) async fn online(
    pool: &PgPool,
    fence: Fence,
    patience: Duration,
    statement: &str,
    stop: &Stop,
    waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
) -> Result<(), TargetError> {
    let mut held = Held::of(pool).await?;
    // A session that was refused is closed, and with it goes the lock it is known by.
    let pid = answered(patience, prepare(&mut held, fence)).await?;
    let outcome = {
        let work = attended(pool, pid, patience, run(&mut held, statement));
        tokio::pin!(work);
        let mut cancelled = false;
        loop {
            tokio::select! {
                outcome = &mut work => break if cancelled && outcome.is_err() { Err(TargetError::Stopped) } else { outcome },
                () = stop.asked(), if !cancelled => {
                    cancelled = true;
                    // When it cannot be cancelled, it ends by itself and the stop comes after it.
                    let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(pid).persistent(false).execute(pool);
                    let _ = timeout(LOOK, cancel).await;
                }
                () = tokio::time::sleep(LOOK) => {
                    let blockers = timeout(LOOK, blockers::of(pool, pid)).await.unwrap_or_default();
                    if !blockers.is_empty() {
                        waiting(blockers);
                    }
                }
            }
        }
    };
    // The session goes back to the pool as it came; one that cannot is closed.
    match answered(patience, restore(&mut held, fence)).await {
        Ok(()) => held.back(outcome),
        Err(_) => outcome,
    }
}

/// Nobody queues behind these locks but schema changes: there is no budget to keep.
async fn prepare(session: &mut PgConnection, fence: Fence) -> Result<i32, TargetError> {
    enlist(session, fence).await?;
    run(session, "SET lock_timeout = 0").await?;
    pid(session).await
}

async fn restore(session: &mut PgConnection, fence: Fence) -> Result<(), TargetError> {
    run(session, "SET lock_timeout = '10s'").await?;
    dismiss(session, fence).await
}
