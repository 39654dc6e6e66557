//! Sessions of probes: kept from one reading to the next, made anew where they broke.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::failure::Failure;
use crate::session::SETTINGS;

/// Processes that are remembered to be at work.
const MOST_REMEMBERED: usize = 64;

/// A few sessions that probes take turns on, so that guards never fill the server with sessions.
pub(super) struct Lane {
    options: PgConnectOptions,
    turns: Semaphore,
    idle: Mutex<Vec<Made>>,
    at_work: Mutex<Vec<Process>>,
}

/// A session's process in the server: its number is used again, so when it began belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    pub(super) began: String,
}

struct Made {
    connection: PgConnection,
    process: Process,
}

/// A session in a read-only transaction, until [`Session::commit`]. Given up before that, it is
/// closed, for it may be in the middle of anything.
pub(super) struct Session<'a> {
    lane: &'a Lane,
    made: Option<Made>,
    deadline: Instant,
    _turn: SemaphorePermit<'a>,
}

impl Lane {
    pub(super) fn new(options: PgConnectOptions, sessions: usize) -> Self {
        Self {
            options,
            turns: Semaphore::new(sessions),
            idle: Mutex::default(),
            at_work: Mutex::default(),
        }
    }

    /// A session whose statements end by themselves at the deadline.
    pub(super) async fn session(&self, deadline: Instant) -> Result<Session<'_>, Failure> {
        let turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| Failure::new("no more probes are run"))?;
        let mut session = Session {
            lane: self,
            made: None,
            deadline,
            _turn: turn,
        };
        let kept = locked(&self.idle).pop();
        if let Some(kept) = kept {
            session.made = Some(kept);
            // One that broke while nobody used it says nothing of the server as it is now.
            if session.probe_alive().await {
                return Ok(session);
            }
            session.made = None;
        }
        session.made = Some(self.connect().await?);
        Ok(session)
    }

    /// What the server is at work on for probes, also for those that nobody waits for any more.
    pub(super) fn at_work(&self) -> Vec<Process> {
        std::mem::take(&mut *locked(&self.at_work))
    }

    fn remember(&self, process: Process) {
        let mut at_work = locked(&self.at_work);
        // Those of sessions that broke stay until somebody asks; the eldest are long over.
        if at_work.len() >= MOST_REMEMBERED {
            at_work.remove(0);
        }
        at_work.push(process);
    }

    async fn connect(&self) -> Result<Made, Failure> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        sqlx::raw_sql(SETTINGS).execute(&mut connection).await?;
        let row = sqlx::query(
            "SELECT pg_backend_pid(), (SELECT a.backend_start::text FROM pg_stat_activity a WHERE a.pid = pg_backend_pid())",
        )
        .persistent(false)
        .fetch_one(&mut connection)
        .await?;
        let process = Process {
            pid: row.try_get(0)?,
            began: row.try_get(1)?,
        };
        Ok(Made {
            connection,
            process,
        })
    }
}

impl Session<'_> {
    /// Begins a read-only transaction with these settings (`SET LOCAL …;`, or nothing).
    pub(super) async fn begin(&mut self, settings: &str) -> Result<(), Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let sql = format!(
            "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; {settings}",
            left.as_millis().max(1)
        );
        let process = self.made().process.clone();
        self.lane.remember(process);
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut **self)
            .await?;
        Ok(())
    }

    /// Ends the transaction, and gives up the locks of what was read. A commit, for the server
    /// counts what is rolled back, and a guard may look at that.
    pub(super) async fn commit(&mut self) -> Result<(), Failure> {
        sqlx::raw_sql("COMMIT").execute(&mut **self).await?;
        self.is_through();
        Ok(())
    }

    /// Keeps the session for the next reading.
    pub(super) fn keep(mut self) {
        if let Some(made) = self.made.take() {
            locked(&self.lane.idle).push(made);
        }
    }

    async fn probe_alive(&mut self) -> bool {
        sqlx::raw_sql("SELECT").execute(&mut **self).await.is_ok()
    }

    fn is_through(&self) {
        let process = &self.made().process;
        locked(&self.lane.at_work).retain(|other| other != process);
    }

    fn made(&self) -> &Made {
        self.made.as_ref().expect("it is taken at the end only")
    }
}

impl Deref for Session<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.made().connection
    }
}

impl DerefMut for Session<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        let made = self.made.as_mut().expect("it is taken at the end only");
        &mut made.connection
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
