//! The target as the engine knows it.

mod entry;
mod half_way;
mod looks;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use tokio::sync::Mutex;
use turnback_core::backfill::Backfill;
use turnback_core::fact::Fact;
use turnback_core::journal::LockTimes;
use turnback_core::name::list;
use turnback_core::plan::Target as Url;
use turnback_core::program::Stage;
use turnback_core::recovery::SoFar;
use turnback_core::removal::{Against, Removal};
use turnback_core::schema::Snapshot;
use turnback_core::step::TableLock;
use turnback_core::throttle::{PaceRecord, Pressure, Wish};
use turnback_engine::edges::{
    AskedBack, Blocker, Fence, Mark, PhaseRecord, StepKey, StepMark, Stripe, Target, Withdrawn,
    removed_of,
};
use turnback_engine::error::TargetError;
use turnback_engine::stop::Stop;

use crate::error::target_error;
use crate::held::Held;
use crate::ledger::throttle;
use crate::ledger::{self, asked, lease, opening};
use crate::session::{self, begin_under, end, run};
use crate::silence::{answered, attended};
use crate::{backfill, blockers, catalog, locks, online, pressure};

/// Sessions beside the backfill's: the statement at work, and the one that watches it.
const SESSIONS: u32 = 4;
/// Sessions are opened when they are needed: `turnback throttle` may ask for so many workers.
const MOST_WORKERS: u32 = 64;
/// The part of the lock budget after which it is asked who is in the way.
const FIRST_LOOK: f64 = 0.6;
/// The part of it between two further looks.
const NEXT_LOOK: f64 = 0.3;

/// How long the server may go without an answer, unless something else is asked for.
const ANSWER: Duration = Duration::from_secs(30);
/// A batch may meet slow disks: so many times as long as a short question.
const BATCH: u32 = 4;

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresTarget {
    options: PgConnectOptions,
    pool: PgPool,
    /// The session that holds the lease: when this process dies, it goes, and so does the lease.
    lease: Arc<Mutex<Option<PgConnection>>>,
    /// How long the server may go without an answer.
    answer: Duration,
}

impl PostgresTarget {
    /// Prepares sessions; none is opened before it is needed.
    ///
    /// # Errors
    ///
    /// When the connection string cannot be read.
    pub fn new(url: &Url, workers: u32) -> Result<Self, TargetError> {
        let options = session::options(url)?;
        Ok(Self {
            pool: session::pool(options.clone(), workers.max(MOST_WORKERS) + SESSIONS),
            options,
            lease: Arc::default(),
            answer: ANSWER,
        })
    }

    /// Sets how long the server may go without an answer before the connection counts as lost.
    #[must_use]
    pub fn answering_within(mut self, answer: Duration) -> Self {
        self.answer = answer;
        self
    }

    /// Waits for an answer that is due soon.
    pub(crate) async fn answered<R>(
        &self,
        work: impl Future<Output = Result<R, TargetError>>,
    ) -> Result<R, TargetError> {
        answered(self.answer, work).await
    }

    pub(crate) async fn held(&self) -> Result<Held, TargetError> {
        Held::of(&self.pool).await
    }

    /// One number, in a transaction of its own with these settings.
    async fn counted(&self, sql: &str, settings: &str) -> Result<i64, TargetError> {
        let mut held = self.held().await?;
        let setup = format!("BEGIN READ ONLY; {settings}");
        self.answered(run(&mut held, &setup)).await?;
        let pid = self.answered(session::pid(&mut held)).await?;
        let counted = attended(&self.pool, pid, self.answer, async {
            let counted = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
                .persistent(false)
                .fetch_one(&mut *held)
                .await
                .map_err(|error| target_error(error, sql));
            end(&mut held, counted).await
        })
        .await;
        held.back(counted)
    }

    /// A transaction on the ledger alone, under the lease.
    async fn committed(
        &self,
        fence: Fence,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<(), TargetError>,
    ) -> Result<(), TargetError> {
        let mut held = self.held().await?;
        let committed = self.answered(async {
            run(&mut held, "BEGIN").await?;
            let work = async {
                work(&mut held).await?;
                ledger::fence(&mut held, fence).await
            }
            .await;
            end(&mut held, work).await
        });
        let committed = committed.await;
        held.back(committed)
    }
}

/// After which part of the budget whoever is in the way is looked for. Where they may be taken out
/// of it, early: what they held is to be had within the same wait, before others take its place.
fn first_look(against: Against) -> f64 {
    match against {
        Against::Nobody => FIRST_LOOK,
        Against::Cancel | Against::Terminate => FIRST_LOOK / 6.0,
    }
}

/// Who is in the way can only be asked while we wait, and from another session: looked for
/// when most of the budget is gone, or early where something may be done about them, and again until somebody is found or the wait is over.
async fn watch(
    pool: PgPool,
    pid: i32,
    budget: Duration,
    against: Against,
    over: Arc<AtomicBool>,
) -> Vec<Blocker> {
    tokio::time::sleep(budget.mul_f64(first_look(against))).await;
    let mut met: Vec<Blocker> = Vec::new();
    loop {
        let found = blockers::of(&pool, pid, against).await;
        met.retain(|before| found.iter().all(|now| now.pid != before.pid));
        met.extend(found);
        // Behind whoever was taken out of the way of one lock others may hold the next.
        let enough = against == Against::Nobody && !met.is_empty();
        if enough || over.load(Ordering::Relaxed) {
            return met;
        }
        tokio::time::sleep(budget.mul_f64(NEXT_LOOK)).await;
    }
}

impl Target for PostgresTarget {
    async fn open_ledger(&self, budget: Duration) -> Result<(), TargetError> {
        self.enter(budget).await
    }

    async fn has_ledger(&self) -> Result<bool, TargetError> {
        let mut held = self.held().await?;
        let found = self.answered(opening::exists(&mut held)).await;
        held.back(found)
    }

    async fn acquire(&self, holder: &str) -> Result<Fence, TargetError> {
        self.take_lease(holder).await
    }

    async fn heartbeat(&self, fence: Fence) -> Result<(), TargetError> {
        let mut held = self.lease.lock().await;
        let mut session = match held.take() {
            Some(session) => session,
            None => self.session().await?,
        };
        // A session that failed is not put back: the next beat opens another.
        self.answered(lease::heartbeat(&mut session, fence)).await?;
        *held = Some(session);
        Ok(())
    }

    async fn release(&self, fence: Fence, told: bool) -> Result<(), TargetError> {
        let mut session = match self.lease.lock().await.take() {
            Some(session) => session,
            None => self.session().await?,
        };
        self.answered(lease::release(&mut session, fence, told))
            .await
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        let mut session = self.session().await?;
        self.answered(async {
            let looked = catalog::snapshot(&mut session).await;
            looked.map_err(|error| error.into_target_error())
        })
        .await
    }

    async fn phases(&self, plan: &str) -> Result<Vec<PhaseRecord>, TargetError> {
        let mut held = self.held().await?;
        let phases = self.answered(ledger::phases(&mut held, plan)).await;
        held.back(phases)
    }

    async fn begin_phase(
        &self,
        fence: Fence,
        plan: &str,
        record: &PhaseRecord,
    ) -> Result<(), TargetError> {
        self.committed(fence, async |session| {
            ledger::begin_phase(session, fence, plan, record).await
        })
        .await
    }

    async fn done_steps(
        &self,
        plan: &str,
        phase: &str,
    ) -> Result<Vec<(Stage, String)>, TargetError> {
        let mut held = self.held().await?;
        let steps = self
            .answered(ledger::done_steps(&mut held, plan, phase))
            .await;
        held.back(steps)
    }

    async fn forget_phases(
        &self,
        fence: Fence,
        plan: &str,
        phases: &[Withdrawn],
    ) -> Result<(), TargetError> {
        self.committed(fence, async |session| {
            ledger::forget_phases(session, fence, plan, phases).await
        })
        .await
    }

    async fn asked_back(&self, plan: &str) -> Result<AskedBack, TargetError> {
        let mut held = self.held().await?;
        let asked = self.answered(asked::read(&mut held, plan)).await;
        held.back(asked)
    }

    async fn ask_back(
        &self,
        fence: Fence,
        plan: &str,
        phases: &[String],
    ) -> Result<(), TargetError> {
        self.committed(fence, async |session| {
            asked::ask(session, fence, plan, phases).await
        })
        .await
    }

    async fn note_so_far(
        &self,
        fence: Fence,
        plan: &str,
        so_far: &SoFar,
    ) -> Result<(), TargetError> {
        self.committed(fence, async |session| {
            asked::note(session, plan, so_far).await
        })
        .await
    }

    async fn mark(&self, fence: Fence, mark: &Mark) -> Result<(), TargetError> {
        let mut held = self.held().await?;
        let marked = self.answered(ledger::mark(&mut held, fence, mark)).await;
        held.back(marked)
    }

    async fn inspect(&self, facts: &[Fact]) -> Result<Vec<bool>, TargetError> {
        if facts.is_empty() {
            return Ok(vec![]);
        }
        let sql = format!("SELECT ARRAY[{}]", list(facts.iter().map(Fact::sql)));
        let mut held = self.held().await?;
        let inspected = self.answered(async {
            sqlx::query_scalar(AssertSqlSafe(sql))
                .persistent(false)
                .fetch_one(&mut *held)
                .await
                .map_err(|error| target_error(error, ""))
        });
        let inspected = inspected.await;
        held.back(inspected)
    }

    async fn transaction(
        &self,
        fence: Fence,
        budget: Duration,
        against: Against,
        locks: &[TableLock],
        statements: &[String],
        mark: &Mark,
    ) -> Result<LockTimes, TargetError> {
        let mut held = self.held().await?;
        let pid = self.answered(session::pid(&mut held)).await?;
        self.answered(run(&mut held, &begin_under(fence))).await?;
        let over = Arc::new(AtomicBool::new(false));
        let watcher = watch(self.pool.clone(), pid, budget, against, over.clone());
        let watcher = tokio::spawn(watcher);
        let outcome = attended(&self.pool, pid, self.answer, async {
            let work = async {
                let asked = locks::take(&mut held, budget, locks).await?;
                run(
                    &mut held,
                    &format!("SET LOCAL lock_timeout = {}", budget.as_millis().max(1)),
                )
                .await?;
                let taken =
                    ledger::claim_then_run(&mut held, fence, statements, mark, Some(pid)).await?;
                Ok((asked, taken))
            }
            .await;
            end(&mut held, work).await
        })
        .await;
        over.store(true, Ordering::Relaxed);
        match held.back(outcome) {
            Ok((asked, taken)) => {
                let mut times = asked.times(taken);
                // Whoever was taken out of the way in time for this very try.
                let looked = budget.mul_f64(first_look(against));
                if against != Against::Nobody && asked.waited() >= looked {
                    times.removed = removed_of(&watcher.await.unwrap_or_default()).collect();
                } else {
                    watcher.abort();
                }
                Ok(times)
            }
            Err(TargetError::LockRefused { .. }) => Err(TargetError::LockRefused {
                blockers: watcher.await.unwrap_or_default(),
            }),
            Err(error) => {
                watcher.abort();
                Err(error)
            }
        }
    }

    async fn online(
        &self,
        fence: Fence,
        step: &StepMark,
        statement: &str,
        stop: &Stop,
        removal: Removal,
        waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
    ) -> Result<LockTimes, TargetError> {
        let (pool, answer) = (&self.pool, self.answer);
        online::online(pool, fence, step, answer, statement, stop, removal, waiting).await
    }

    async fn count(&self, sql: &str, path: &str) -> Result<i64, TargetError> {
        self.counted(sql, &format!("SET LOCAL {path}")).await
    }

    async fn count_within(
        &self,
        sql: &str,
        path: &str,
        limit: Duration,
    ) -> Result<Option<i64>, TargetError> {
        let limit_millis = limit.as_millis().max(1);
        let setup = format!("SET LOCAL {path}; SET LOCAL statement_timeout = {limit_millis}");
        let begun = Instant::now();
        match self.counted(sql, &setup).await {
            Ok(count) => Ok(Some(count)),
            // The limit is the server's to keep; somebody else may end the statement before it.
            Err(TargetError::Unable { .. }) if begun.elapsed() >= limit => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn script(
        &self,
        fence: Fence,
        mark: &Mark,
        sql: &str,
        path: &str,
    ) -> Result<(), TargetError> {
        let mut session = self.session().await?;
        let pid = self.answered(session::pid(&mut session)).await?;
        if let Some(step) = mark.step() {
            self.answered(session::enlist(&mut session, fence, step))
                .await?;
        }
        let setup = format!("SET {path}; SET lock_timeout = 0");
        self.answered(run(&mut session, &setup)).await?;
        for statement in turnback_core::script::statements(sql) {
            attended(&self.pool, pid, self.answer, run(&mut session, statement)).await?;
        }
        self.answered(run(
            &mut session,
            "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL",
        ))
        .await?;
        self.answered(run(&mut session, session::SETTINGS)).await?;
        self.answered(ledger::mark(&mut session, fence, mark))
            .await?;
        // What it did is done; a goodbye that fails changes nothing.
        let _ = self.answered(close(session)).await;
        Ok(())
    }

    async fn stripes(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        workers: u32,
    ) -> Result<Vec<Stripe>, TargetError> {
        let mut held = self.held().await?;
        let left = backfill::stripes(&mut held, fence, key, backfill, workers);
        let left = self.answered(left).await;
        held.back(left)
    }

    async fn batch(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        stripe: &Stripe,
        end: i64,
        around_locks: bool,
    ) -> Result<u64, TargetError> {
        let mut held = self.held().await?;
        let batch = backfill::batch(&mut held, fence, key, backfill, stripe, end, around_locks);
        let batch = answered(self.answer.saturating_mul(BATCH), batch).await;
        held.back(batch)
    }

    async fn pressure(
        &self,
        pause_when: Option<&str>,
        path: &str,
    ) -> Result<Pressure, TargetError> {
        let mut held = self.held().await?;
        let look = self
            .answered(pressure::look(&mut held, pause_when, path))
            .await;
        held.back(look)
    }

    async fn pace(
        &self,
        fence: Fence,
        plan: &str,
        record: &PaceRecord,
    ) -> Result<Wish, TargetError> {
        let mut held = self.held().await?;
        let wish = self
            .answered(throttle::pace(&mut held, fence, plan, record))
            .await;
        held.back(wish)
    }
}

async fn close(session: PgConnection) -> Result<(), TargetError> {
    session
        .close()
        .await
        .map_err(|error| target_error(error, ""))
}
