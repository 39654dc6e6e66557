//! The journal: an append-only table of what happened.

use turnback_core::journal::JournalEvent;
use turnback_engine::edges::Journal;
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::chain::chain;
use crate::database::{Row, sql};

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

impl ControlStore {
    /// The last entries about this plan, oldest first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn last(&self, most: u32) -> Result<Vec<Entry>, JournalError> {
        let last = sql(
            "SELECT number, at, event FROM (SELECT number, at, event FROM journal \
             WHERE plan = $1 ORDER BY number DESC LIMIT $2) AS last ORDER BY number",
        );
        let rows = self.database.all(last.bind(&self.plan).bind(most)).await;
        rows.map_err(failed)?.iter().map(entry).collect()
    }

    /// Entries about this plan after a number, oldest first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn after(&self, number: i64, most: u32) -> Result<Vec<Entry>, JournalError> {
        let later = sql(
            "SELECT number, at, event FROM journal WHERE plan = $1 AND number > $2 \
             ORDER BY number LIMIT $3",
        );
        let later = later.bind(&self.plan).bind(number).bind(most);
        let rows = self.database.all(later).await.map_err(failed)?;
        rows.iter().map(entry).collect()
    }

    /// The number of the last entry about this plan; 0 where there is none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn end(&self) -> Result<i64, JournalError> {
        let last = sql("SELECT coalesce(max(number), 0) AS number FROM journal WHERE plan = $1");
        let row = self.database.optional(last.bind(&self.plan)).await;
        row.map_err(failed)?
            .map_or(Ok(0), |row| row.get("number").map_err(failed))
    }

    /// How long the last swap back of this plan held its locks, in milliseconds; nothing where
    /// there was none.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn last_swap_back(&self) -> Result<Option<f64>, JournalError> {
        let last = sql("SELECT event FROM journal WHERE plan = $1 \
             AND json(event) ->> 'event' = 'step_done' \
             AND json(event) ->> 'stage' = 'swap_back' ORDER BY number DESC LIMIT 1");
        let row = self.database.optional(last.bind(&self.plan)).await;
        let Some(row) = row.map_err(failed)? else {
            return Ok(None);
        };
        let event: String = row.get("event").map_err(failed)?;
        Ok(match serde_json::from_str(&event) {
            Ok(JournalEvent::StepDone { lock, .. }) => lock.map(|lock| lock.hold_millis),
            _ => None,
        })
    }

    /// What the journal holds about locks of this plan, oldest first: steps that took some, and
    /// tries that were refused. Entries of another turnback, which cannot be read, are left out.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn about_locks(&self) -> Result<Vec<JournalEvent>, JournalError> {
        let events = sql("SELECT event FROM journal WHERE plan = $1 \
             AND json(event) ->> 'event' IN ('step_done', 'lock_refused') ORDER BY number");
        let rows = self.database.all(events.bind(&self.plan)).await;
        let mut read = Vec::new();
        for row in rows.map_err(failed)? {
            let event: String = row.get("event").map_err(failed)?;
            read.extend(serde_json::from_str::<JournalEvent>(&event).ok());
        }
        Ok(read)
    }

    /// Writes an entry and its link in one transaction: of several processes that append at once,
    /// each goes on from the end that the one before it left.
    async fn chained(&self, event: String) -> Result<(), sqlx::Error> {
        let mut transaction = self.writing().await?;
        let entry = sql("INSERT INTO journal (plan, event) VALUES ($1, $2) RETURNING number");
        let row = transaction.one(entry.bind(&self.plan).bind(event)).await?;
        chain(&mut transaction, Some(row.get("number")?)).await?;
        transaction.commit().await
    }
}

impl Journal for ControlStore {
    async fn append(&self, event: &JournalEvent) -> Result<(), JournalError> {
        let event =
            serde_json::to_string(event).map_err(|error| JournalError(error.to_string()))?;
        self.chained(event).await.map_err(failed)
    }
}

fn entry(row: &Row) -> Result<Entry, JournalError> {
    let event: String = row.get("event").map_err(failed)?;
    Ok(Entry {
        number: row.get("number").map_err(failed)?,
        at: row.get("at").map_err(failed)?,
        event: serde_json::from_str(&event).map_err(|error| {
            JournalError(format!("an entry is not one of this turnback's: {error}"))
        })?,
    })
}

/// What the database says.
pub(crate) fn failed(error: sqlx::Error) -> JournalError {
    JournalError(error.to_string())
}
