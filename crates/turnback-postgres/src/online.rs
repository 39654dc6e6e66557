//! Long statements that hold up no traffic: run with no limit of time, watched from a second
//! session, cancelled when a stop is asked for.

use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool};
use tokio::time::timeout;
use turnback_core::journal::{LockTimes, TakenLock};
use turnback_core::removal::Removal;
use turnback_engine::edges::{Blocker, Fence, StepMark, removed_of};
use turnback_engine::error::TargetError;
use turnback_engine::stop::Stop;

use crate::blockers;
use crate::held::Held;
use crate::locks::{held, millis};
use crate::session::{dismiss, enlist, pid, run};
use crate::silence::{answered, attended};

/// When a statement is looked at first: a short one would be over by a later look.
const FIRST_LOOK: Duration = Duration::from_millis(20);
/// How often a statement that takes its time is looked at.
const LOOK: Duration = Duration::from_secs(1);

#[expect(
    clippy::too_many_arguments,
    reason = "the target's own two, and what the engine asks of it"
)]
pub(crate) async fn online(
    pool: &PgPool,
    fence: Fence,
    step: &StepMark,
    patience: Duration,
    statement: &str,
    stop: &Stop,
    removal: Removal,
    waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
) -> Result<LockTimes, TargetError> {
    let mut held = Held::of(pool).await?;
    // A session that was refused is closed, and with it goes the lock it is known by.
    let pid = answered(patience, prepare(&mut held, fence, step)).await?;
    let mut watch = Watch {
        pool,
        pid,
        removal,
        waiting_since: None,
        seen: Vec::new(),
        removed: Vec::new(),
    };
    let outcome = {
        let work = attended(pool, pid, patience, run(&mut held, statement));
        tokio::pin!(work);
        let mut cancelled = false;
        let mut look = FIRST_LOOK;
        loop {
            tokio::select! {
                outcome = &mut work => break if cancelled && outcome.is_err() { Err(TargetError::Stopped) } else { outcome },
                () = stop.asked(), if !cancelled => {
                    cancelled = true;
                    // When it cannot be cancelled, it ends by itself and the stop comes after it.
                    let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(pid).persistent(false).execute(pool);
                    let _ = timeout(LOOK, cancel).await;
                }
                () = tokio::time::sleep(look) => {
                    look = LOOK;
                    let blockers = timeout(LOOK, watch.look()).await.unwrap_or_default();
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
    .map(|()| watch.times())
}

/// What has been seen of a statement at work.
struct Watch<'a> {
    pool: &'a PgPool,
    pid: i32,
    removal: Removal,
    waiting_since: Option<Instant>,
    /// Relation, mode, and when it was seen first.
    seen: Vec<(String, String, Instant)>,
    removed: Vec<String>,
}

impl Watch<'_> {
    async fn look(&mut self) -> Vec<Blocker> {
        let now = Instant::now();
        // A look that fails shows nothing; the statement goes on.
        for (relation, mode) in held(self.pool, self.pid).await.unwrap_or_default() {
            let known = |(r, m, _): &(String, String, Instant)| *r == relation && *m == mode;
            if !self.seen.iter().any(known) {
                self.seen.push((relation, mode, now));
            }
        }
        let held_up = self
            .waiting_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        let blockers = blockers::of(self.pool, self.pid, self.removal.now(held_up)).await;
        if blockers.is_empty() {
            self.waiting_since = None;
        } else {
            self.waiting_since.get_or_insert(now);
        }
        self.removed.extend(removed_of(&blockers));
        blockers
    }

    fn times(self) -> LockTimes {
        let taken: Vec<TakenLock> = self
            .seen
            .into_iter()
            .map(|(relation, mode, since)| TakenLock {
                relation,
                mode,
                wait_millis: None,
                hold_millis: millis(since.elapsed()),
            })
            .collect();
        LockTimes {
            wait_millis: 0.0,
            hold_millis: taken
                .iter()
                .map(|lock| lock.hold_millis)
                .fold(0.0, f64::max),
            taken,
            removed: self.removed,
        }
    }
}

/// Nobody queues behind these locks but schema changes: there is no budget to keep.
async fn prepare(
    session: &mut PgConnection,
    fence: Fence,
    step: &StepMark,
) -> Result<i32, TargetError> {
    enlist(session, fence, step).await?;
    run(session, "SET lock_timeout = 0").await?;
    pid(session).await
}

async fn restore(session: &mut PgConnection, fence: Fence) -> Result<(), TargetError> {
    run(session, "SET lock_timeout = '10s'").await?;
    dismiss(session, fence).await
}
