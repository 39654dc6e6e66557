//! Locks: asked for within the budget, and told of as the server shows them.

use std::time::{Duration, Instant};

use sqlx::{Executor, PgConnection, Postgres};
use turnback_core::journal::{LockTimes, TakenLock};
use turnback_core::step::TableLock;
use turnback_engine::error::TargetError;

use crate::error::target_error;
use crate::session::run;

const TAKEN: &str = include_str!("taken.sql");

/// Locks that were asked for by name, each with its wait.
pub(crate) struct Asked {
    begun: Instant,
    locks: Vec<(String, Duration, Instant)>,
}

/// Takes the locks within the budget, all together: whoever queues behind the first waits no
/// longer than that.
pub(crate) async fn take(
    connection: &mut PgConnection,
    budget: Duration,
    locks: &[TableLock],
) -> Result<Asked, TargetError> {
    let begun = Instant::now();
    let mut asked = Asked {
        begun,
        locks: Vec::new(),
    };
    for lock in locks {
        let left = budget.saturating_sub(begun.elapsed()).as_millis().max(1);
        let from = Instant::now();
        run(
            connection,
            &format!("SET LOCAL lock_timeout = {left}; {}", lock.sql()),
        )
        .await?;
        asked
            .locks
            .push((lock.table.to_string(), from.elapsed(), Instant::now()));
    }
    Ok(asked)
}

impl Asked {
    /// Times of a transaction that has just ended, and `taken`, all that it held before.
    pub(crate) fn times(&self, taken: Vec<(String, String)>) -> LockTimes {
        let (had, ended) = (self.had(), Instant::now());
        let taken = taken
            .into_iter()
            .map(|(relation, mode)| {
                let asked = self.locks.iter().find(|(table, _, _)| *table == relation);
                TakenLock {
                    wait_millis: asked.map(|(_, wait, _)| millis(*wait)),
                    // One that a statement took on its way was had after the last of these.
                    hold_millis: millis(ended - asked.map_or(had, |(_, _, had)| *had)),
                    relation,
                    mode,
                }
            })
            .collect();
        LockTimes {
            wait_millis: millis(had - self.begun),
            hold_millis: millis(ended - had),
            taken,
            removed: vec![],
        }
    }

    /// How long it took to have them all.
    pub(crate) fn waited(&self) -> Duration {
        self.had() - self.begun
    }

    fn had(&self) -> Instant {
        self.locks.last().map_or(self.begun, |(_, _, had)| *had)
    }
}

/// What a session holds at this moment: relation and mode.
pub(crate) async fn held<'e>(
    executor: impl Executor<'e, Database = Postgres>,
    pid: i32,
) -> Result<Vec<(String, String)>, TargetError> {
    sqlx::query_as(TAKEN)
        .bind(pid)
        .persistent(false)
        .fetch_all(executor)
        .await
        .map_err(|error| target_error(error, TAKEN))
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
