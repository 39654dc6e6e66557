//! The journal as an append-only SQLite table.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, SqlitePool};
use turnback_core::journal::JournalEvent;
use turnback_engine::edges::Journal;
use turnback_engine::error::JournalError;

use crate::chain::chain;
use crate::schema::upgrade;

/// One row of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place: grows by one.
    pub number: i64,
    /// When it was written: UTC, RFC 3339.
    pub at: String,
    /// What happened.
    pub event: JournalEvent,
}

/// A control store in a SQLite file.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) pool: SqlitePool,
    /// Which database the entries are about: name of the plan.
    pub(crate) plan: String,
}

impl SqliteStore {
    /// Opens the file, and makes it when it is not there.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written, or a later turnback wrote it; the message names it.
    pub async fn open(path: &Path, plan: &str) -> Result<Self, JournalError> {
        let failed =
            |error: &dyn std::fmt::Display| JournalError(format!("{}: {error}", path.display()));
        if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(|error| failed(&error))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An intent must be on the disk before its effect is in the database.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await
            .map_err(|error| failed(&error))?;
        upgrade(&pool).await.map_err(|error| failed(&error))?;
        Ok(Self {
            pool,
            plan: plan.to_owned(),
        })
    }

    /// The last entries about this plan, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn last(&self, most: u32) -> Result<Vec<Entry>, JournalError> {
        let rows = sqlx::query(
            "SELECT number, at, event FROM (SELECT number, at, event FROM journal WHERE plan = ?1 \
             ORDER BY number DESC LIMIT ?2) ORDER BY number",
        )
        .bind(&self.plan)
        .bind(most)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| JournalError(error.to_string()))?;
        rows.iter()
            .map(|row| {
                let event: String = row
                    .try_get("event")
                    .map_err(|error| JournalError(error.to_string()))?;
                Ok(Entry {
                    number: row
                        .try_get("number")
                        .map_err(|error| JournalError(error.to_string()))?,
                    at: row
                        .try_get("at")
                        .map_err(|error| JournalError(error.to_string()))?,
                    event: serde_json::from_str(&event).map_err(|error| {
                        JournalError(format!("an entry is not one of this turnback's: {error}"))
                    })?,
                })
            })
            .collect()
    }

    /// What the journal holds about locks of this plan, oldest first: steps that took some, and
    /// tries that were refused. Entries of another turnback, which cannot be read, are left out.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn about_locks(&self) -> Result<Vec<JournalEvent>, JournalError> {
        let events: Vec<String> = sqlx::query_scalar(
            "SELECT event FROM journal WHERE plan = ?1 \
             AND event ->> 'event' IN ('step_done', 'lock_refused') ORDER BY number",
        )
        .bind(&self.plan)
        .fetch_all(&self.pool)
        .await
        .map_err(|error| JournalError(error.to_string()))?;
        Ok(events
            .iter()
            .filter_map(|event| serde_json::from_str(event).ok())
            .collect())
    }
}

impl SqliteStore {
    /// Writes an entry and its link in one transaction. IMMEDIATE: of several processes that
    /// append at once, each goes on from the end that the one before it left.
    async fn chained(&self, event: &str) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO journal (plan, event) VALUES (?1, ?2) RETURNING number",
        )
        .bind(&self.plan)
        .bind(event)
        .fetch_one(&mut *transaction)
        .await?;
        chain(&mut transaction, Some(number)).await?;
        transaction.commit().await
    }
}

impl Journal for SqliteStore {
    async fn append(&self, event: &JournalEvent) -> Result<(), JournalError> {
        let event =
            serde_json::to_string(event).map_err(|error| JournalError(error.to_string()))?;
        self.chained(&event)
            .await
            .map_err(|error| JournalError(error.to_string()))
    }
}
