//! The target as the engine knows it.

use std::sync::Arc;
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
use turnback_core::schema::Snapshot;
use turnback_core::step::TableLock;
use turnback_engine::edges::{Blocker, Fence, Mark, PhaseRecord, StepKey, Stripe, Target};
use turnback_engine::error::TargetError;
use turnback_engine::stop::Stop;

use crate::error::target_error;
use crate::ledger::{self, lease};
use crate::session::{self, end, run};
use crate::{backfill, blockers, catalog, online};

/// Sessions beside the backfill's: the statement at work, and the one that watches it.
const SESSIONS: u32 = 4;

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresTarget {
    options: PgConnectOptions,
    pool: PgPool,
    /// The session that holds the lease: when this process dies, it goes, and so does the lease.
    lease: Arc<Mutex<Option<PgConnection>>>,
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
            pool: session::pool(options.clone(), workers + SESSIONS),
            options,
            lease: Arc::default(),
        })
    }

    /// A session of its own, for looks that the engine does not ask for.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached.
    pub async fn session(&self) -> Result<PgConnection, TargetError> {
        session::single(&self.options).await
    }

    async fn connection(&self) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>, TargetError> {
        self.pool
            .acquire()
            .await
            .map_err(|error| target_error(error, ""))
    }

    /// A transaction that ends with the fence and the mark.
    async fn fenced(
        &self,
        fence: Fence,
        setup: &str,
        statements: &[String],
        mark: &Mark,
    ) -> Result<(), TargetError> {
        let mut connection = self.connection().await?;
        run(&mut connection, setup).await?;
        let work = statements_then_mark(&mut connection, fence, statements, mark).await;
        end(&mut connection, work).await
    }
}

async fn statements_then_mark(
    connection: &mut PgConnection,
    fence: Fence,
    statements: &[String],
    mark: &Mark,
) -> Result<(), TargetError> {
    for statement in statements {
        run(connection, statement).await?;
    }
    ledger::mark(connection, fence, mark).await?;
    ledger::fence(connection, fence).await
}

/// Takes the locks within the budget, all together: whoever queues behind the first waits no
/// longer than that.
async fn lock(
    connection: &mut PgConnection,
    budget: Duration,
    locks: &[TableLock],
) -> Result<(), TargetError> {
    let begun = Instant::now();
    for lock in locks {
        let left = budget.saturating_sub(begun.elapsed()).as_millis().max(1);
        run(
            connection,
            &format!("SET LOCAL lock_timeout = {left}; {}", lock.sql()),
        )
        .await?;
    }
    Ok(())
}

impl Target for PostgresTarget {
    async fn open_ledger(&self) -> Result<(), TargetError> {
        ledger::open(&mut *self.connection().await?).await
    }

    async fn has_ledger(&self) -> Result<bool, TargetError> {
        ledger::exists(&mut *self.connection().await?).await
    }

    async fn acquire(&self, holder: &str) -> Result<Fence, TargetError> {
        let mut session = self.session().await?;
        let fence = lease::acquire(&mut session, holder).await?;
        *self.lease.lock().await = Some(session);
        Ok(fence)
    }

    async fn heartbeat(&self, fence: Fence) -> Result<(), TargetError> {
        let mut held = self.lease.lock().await;
        let mut session = match held.take() {
            Some(session) => session,
            None => self.session().await?,
        };
        // A session that failed is not put back: the next beat opens another.
        lease::heartbeat(&mut session, fence).await?;
        *held = Some(session);
        Ok(())
    }

    async fn release(&self, fence: Fence) -> Result<(), TargetError> {
        match self.lease.lock().await.take() {
            Some(mut session) => lease::release(&mut session, fence).await,
            None => lease::release(&mut *self.connection().await?, fence).await,
        }
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        let mut session = self.session().await?;
        catalog::snapshot(&mut session).await.map_err(|error| {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            TargetError::Lost(format!("{error}: {cause}"))
        })
    }

    async fn phases(&self, plan: &str) -> Result<Vec<PhaseRecord>, TargetError> {
        ledger::phases(&mut *self.connection().await?, plan).await
    }

    async fn begin_phase(
        &self,
        fence: Fence,
        plan: &str,
        record: &PhaseRecord,
    ) -> Result<(), TargetError> {
        let mut connection = self.connection().await?;
        run(&mut connection, "BEGIN").await?;
        let work = async {
            ledger::begin_phase(&mut connection, fence, plan, record).await?;
            ledger::fence(&mut connection, fence).await
        }
        .await;
        end(&mut connection, work).await
    }

    async fn done_steps(
        &self,
        plan: &str,
        phase: &str,
    ) -> Result<Vec<(Stage, String)>, TargetError> {
        ledger::done_steps(&mut *self.connection().await?, plan, phase).await
    }

    async fn forget_phase(&self, fence: Fence, plan: &str, phase: &str) -> Result<(), TargetError> {
        let mut connection = self.connection().await?;
        run(&mut connection, "BEGIN").await?;
        let work = async {
            ledger::forget_phase(&mut connection, fence, plan, phase).await?;
            ledger::fence(&mut connection, fence).await
        }
        .await;
        end(&mut connection, work).await
    }

    async fn mark(&self, fence: Fence, mark: &Mark) -> Result<(), TargetError> {
        self.fenced(fence, "BEGIN", &[], mark).await
    }

    async fn inspect(&self, facts: &[Fact]) -> Result<Vec<bool>, TargetError> {
        if facts.is_empty() {
            return Ok(vec![]);
        }
        let sql = format!("SELECT ARRAY[{}]", list(facts.iter().map(Fact::sql)));
        sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| target_error(error, ""))
    }

    async fn transaction(
        &self,
        fence: Fence,
        budget: Duration,
        locks: &[TableLock],
        statements: &[String],
        mark: &Mark,
    ) -> Result<LockTimes, TargetError> {
        let mut connection = self.connection().await?;
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| target_error(error, ""))?;
        run(&mut connection, "BEGIN").await?;
        // Who is in the way can only be asked while we wait, and from another session.
        let pool = self.pool.clone();
        let watcher = tokio::spawn(async move {
            tokio::time::sleep(budget.mul_f64(0.6)).await;
            blockers::of(&pool, pid).await
        });
        let asked = Instant::now();
        let mut had = asked;
        let work = async {
            lock(&mut connection, budget, locks).await?;
            had = Instant::now();
            run(
                &mut connection,
                &format!("SET LOCAL lock_timeout = {}", budget.as_millis().max(1)),
            )
            .await?;
            statements_then_mark(&mut connection, fence, statements, mark).await
        }
        .await;
        let outcome = end(&mut connection, work).await;
        match outcome {
            Ok(()) => {
                watcher.abort();
                Ok(LockTimes {
                    wait_millis: (had - asked).as_secs_f64() * 1000.0,
                    hold_millis: had.elapsed().as_secs_f64() * 1000.0,
                })
            }
            Err(TargetError::LockRefused { .. }) => Err(TargetError::LockRefused {
                blockers: watcher.await.unwrap_or_default(),
            }),
            Err(error) => Err(error),
        }
    }

    async fn online(
        &self,
        statement: &str,
        stop: &Stop,
        waiting: &(dyn Fn(Vec<Blocker>) + Send + Sync),
    ) -> Result<(), TargetError> {
        online::online(&self.pool, statement, stop, waiting).await
    }

    async fn count(&self, sql: &str, path: &str) -> Result<i64, TargetError> {
        let mut connection = self.connection().await?;
        let setup = format!("BEGIN READ ONLY; SET LOCAL {path}");
        run(&mut connection, &setup).await?;
        let counted = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| target_error(error, sql));
        end(&mut connection, counted).await
    }

    async fn script(&self, sql: &str, path: &str) -> Result<(), TargetError> {
        let mut session = self.session().await?;
        run(&mut session, &format!("SET {path}; SET lock_timeout = 0")).await?;
        for statement in crate::script::statements(sql) {
            run(&mut session, statement).await?;
        }
        // What it did is done; a goodbye that fails changes nothing.
        let _ = session.close().await;
        Ok(())
    }

    async fn stripes(
        &self,
        fence: Fence,
        key: &StepKey,
        backfill: &Backfill,
        stripes: u32,
    ) -> Result<Vec<Stripe>, TargetError> {
        backfill::stripes(
            &mut *self.connection().await?,
            fence,
            key,
            backfill,
            stripes,
        )
        .await
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
        backfill::batch(
            &mut *self.connection().await?,
            fence,
            key,
            backfill,
            stripe,
            end,
            around_locks,
        )
        .await
    }
}
