//! Probes on the target: the user's own queries, and those that need none.

mod activity;
mod failure;
mod foreign_keys;
mod lane;
mod number;
mod question;
mod scan;
mod scope;
mod server;
mod shapes;
mod standing;
mod statements;
mod totals;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use turnback_core::guard::{BuiltIn, Probe, Reading, Value};
use turnback_engine::error::TargetError;

use self::failure::Failure;
use self::foreign_keys::SeenValid;
use self::lane::{Lane, Process, Session};
pub use self::scope::ProbeScope;
use self::server::Marks;
use self::standing::Standing;
use self::totals::Totals;
use crate::error::target_error;
use crate::target::PostgresTarget;

/// Sessions for what may read whole tables; one more is for looks that take milliseconds, so that
/// no scan holds them up.
const SCANS: usize = 3;
/// What a query that ends at its time limit has to say so, before it is given up.
const GRACE: Duration = Duration::from_millis(250);

/// Ends what processes are at, if they are still those that were meant.
const CANCEL: &str = "SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
     JOIN unnest($1::int[], $2::text[]) p(pid, began) ON a.pid = p.pid AND a.backend_start = p.began::timestamptz";

/// Runs probes on the target, on sessions of its own (four at most), which are kept from one
/// reading to the next. Remembers the totals of the reading before, for what is counted since
/// then.
#[derive(Clone)]
pub struct TargetProber {
    inner: Arc<Inner>,
}

struct Inner {
    looks: Lane,
    scans: Lane,
    totals: Totals,
    marks: Marks,
    seen: SeenValid,
}

impl TargetProber {
    pub(crate) fn new(options: &PgConnectOptions) -> Self {
        Self {
            inner: Arc::new(Inner {
                looks: Lane::new(options.clone(), 1),
                scans: Lane::new(options.clone(), SCANS),
                totals: Totals::default(),
                marks: Marks::default(),
                seen: SeenValid::default(),
            }),
        }
    }

    /// Runs a guard's probe once; nothing for probes of others than the target.
    ///
    /// Waits no longer than `timeout` and a quarter of a second, whatever the server does: the
    /// server ends the query by itself, and one that does not answer is given up. What fails or
    /// takes too long is [`Reading::Failed`], with a sentence that holds no secret. `guard` keeps
    /// what guards with the same probe have counted apart.
    pub async fn read(
        &self,
        guard: &str,
        probe: &Probe,
        scope: &ProbeScope,
        timeout: Duration,
    ) -> Option<Reading> {
        let deadline = Instant::now() + timeout;
        let reading = async {
            match probe {
                Probe::BuiltIn(probe) => {
                    self.built_in(guard, (*probe, None), scope, deadline).await
                }
                Probe::OfRole(probe, role) => {
                    self.built_in(guard, (*probe, Some(role.as_str())), scope, deadline)
                        .await
                }
                Probe::Sql(question) => self.ask(question, scope, deadline).await,
                Probe::Prometheus { .. }
                | Probe::Http(_)
                | Probe::Alertmanager { .. }
                | Probe::Command { .. } => Ok(None),
            }
        };
        let reading = tokio::time::timeout(timeout + GRACE, reading)
            .await
            .unwrap_or_else(|_| Err(Failure::silent(timeout)));
        reading.unwrap_or_else(|failure| Some(Reading::Failed(failure.sentence())))
    }

    /// Ends what the server still does for probes, so that no scan of a probe stands in the way of
    /// a cut-over or a way back: a reading holds a weak lock on what it reads. Readings that were
    /// under way fail, and later ones run as ever.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked.
    pub async fn stand_aside(&self, target: &PostgresTarget) -> Result<(), TargetError> {
        let processes = [&self.inner.looks, &self.inner.scans].map(Lane::at_work);
        let (pids, began): (Vec<i32>, Vec<String>) = processes
            .into_iter()
            .flatten()
            .map(|Process { pid, began }| (pid, began))
            .unzip();
        if pids.is_empty() {
            return Ok(());
        }
        let mut held = target.held().await?;
        let cancel = sqlx::query(CANCEL)
            .bind(pids)
            .bind(began)
            .persistent(false)
            .execute(&mut *held);
        let cancelled = target
            .answered(async {
                cancel
                    .await
                    .map(drop)
                    .map_err(|error| target_error(error, ""))
            })
            .await;
        held.back(cancelled)
    }

    async fn ask(
        &self,
        question: &str,
        scope: &ProbeScope,
        deadline: Instant,
    ) -> Result<Option<Reading>, Failure> {
        let mut session = self.inner.scans.session(deadline).await?;
        let reading = question::ask(&mut session, question, &scope.path()).await?;
        session.keep();
        Ok(Some(reading))
    }

    async fn built_in(
        &self,
        guard: &str,
        (probe, role): (BuiltIn, Option<&str>),
        scope: &ProbeScope,
        deadline: Instant,
    ) -> Result<Option<Reading>, Failure> {
        let (totals, marks) = (&self.inner.totals, &self.inner.marks);
        let lane = match probe {
            BuiltIn::Orphans | BuiltIn::Disagreement | BuiltIn::DuplicateKeys => &self.inner.scans,
            _ => &self.inner.looks,
        };
        let mut session = lane.session(deadline).await?;
        let on = &mut session;
        let reading = match probe {
            BuiltIn::Connections => activity::connections(on).await,
            BuiltIn::RollbackRate => activity::rollback_rate(on, totals, guard).await,
            BuiltIn::DeadlockRate => activity::deadlock_rate(on, totals, guard).await,
            BuiltIn::LockWaits => activity::lock_waits(on).await,
            BuiltIn::LongestTransaction => activity::longest_transaction(on).await,
            BuiltIn::ReplicationLag => server::replication_lag(on, marks).await,
            BuiltIn::SlotLag => server::slot_lag(on).await,
            BuiltIn::DiskFree => server::disk_free(on).await,
            BuiltIn::WalRate => activity::wal_rate(on, totals, guard).await,
            BuiltIn::StatementTime => statements::time(on, totals, guard, scope, role).await,
            BuiltIn::InvalidForeignKeys => {
                let standing = Standing::look(on, scope).await?;
                let values = foreign_keys::invalid(&standing, &scope.program, &self.inner.seen);
                Ok(proof(values))
            }
            BuiltIn::Orphans | BuiltIn::Disagreement | BuiltIn::DuplicateKeys => {
                match count(on, probe, scope).await {
                    // Names change places in one moment: the next look finds them.
                    Err(failure) if failure.is_unknown_name() => {
                        drop(session);
                        session = lane.session(deadline).await?;
                        count(&mut session, probe, scope).await
                    }
                    counted => counted,
                }
            }
        }?;
        session.keep();
        Ok(Some(reading))
    }
}

/// Counts what is wrong, for each object.
async fn count(
    session: &mut Session<'_>,
    probe: BuiltIn,
    scope: &ProbeScope,
) -> Result<Reading, Failure> {
    let standing = Standing::look(session, scope).await?;
    let counts = match probe {
        BuiltIn::Disagreement => shapes::disagreement(&standing, &scope.program)?,
        BuiltIn::DuplicateKeys => shapes::duplicate_keys(&standing, &scope.program)?,
        _ => foreign_keys::orphans(&standing, &scope.program),
    };
    Ok(proof(scan::all(session, counts).await?))
}

/// Where there is nothing that could be wrong, nothing is: that is known, and no lack of data.
fn proof(values: Vec<Value>) -> Reading {
    if values.is_empty() {
        Reading::single(0.0)
    } else {
        Reading::of(values)
    }
}
