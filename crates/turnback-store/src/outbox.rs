//! The outbox: messages that wait, were sent or given up, and issues that nobody acknowledged.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use turnback_core::guard::Moment;
use turnback_core::notify::{Escalation, Message};
use turnback_engine::delivery::{Claimed, Fate, Outbox};
use turnback_engine::error::OutboxError;

use crate::SqliteStore;

/// An entry as people look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxEntry {
    /// The channel.
    pub channel: String,
    /// What is told.
    pub message: Message,
    /// Where it stands.
    pub state: OutboxState,
    /// Since when it has waited, or did.
    pub queued: Moment,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed, where it did.
    pub reason: Option<String>,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// It is sent when this moment has come.
    Waiting(Moment),
    /// It arrived then.
    Sent(Moment),
    /// It was given up then.
    GivenUp(Moment),
}

impl SqliteStore {
    /// The last entries about this plan, oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn outbox(&self, most: u32) -> Result<Vec<OutboxEntry>, OutboxError> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT * FROM outbox WHERE plan = ?1 ORDER BY number DESC LIMIT ?2) \
             ORDER BY number",
        )
        .bind(&self.plan)
        .bind(most)
        .fetch_all(&self.pool)
        .await
        .map_err(refused)?;
        rows.iter().map(entry).collect()
    }

    /// What began each issue that is not over, of those that are known by this beginning.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn unresolved(&self, prefix: &str) -> Result<Vec<Message>, OutboxError> {
        let messages: Vec<String> = sqlx::query_scalar(
            "SELECT message FROM outbox WHERE number IN (\
                 SELECT min(number) FROM outbox \
                 WHERE plan = ?1 AND substr(issue, 1, length(?2)) = ?2 \
                 GROUP BY issue HAVING NOT max(message ->> 'resolved')) \
             ORDER BY number",
        )
        .bind(&self.plan)
        .bind(prefix)
        .fetch_all(&self.pool)
        .await
        .map_err(refused)?;
        messages.iter().map(|message| read(message)).collect()
    }

    /// What is kept of an issue, if it is known.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn issue(&self, issue: &str) -> Result<Option<Escalation>, OutboxError> {
        let kept: Option<String> =
            sqlx::query_scalar("SELECT kept FROM escalation WHERE plan = ?1 AND issue = ?2")
                .bind(&self.plan)
                .bind(issue)
                .fetch_optional(&self.pool)
                .await
                .map_err(refused)?;
        kept.as_deref().map(read).transpose()
    }
}

impl Outbox for SqliteStore {
    async fn put(
        &self,
        message: &Message,
        channel: &str,
        now: Moment,
    ) -> Result<bool, OutboxError> {
        let done = sqlx::query(
            "INSERT INTO outbox (plan, channel, message_id, issue, message, queued_at, due_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING",
        )
        .bind(&self.plan)
        .bind(channel)
        .bind(&message.id)
        .bind(&message.issue)
        .bind(written(message)?)
        .bind(millis(now))
        .execute(&self.pool)
        .await
        .map_err(refused)?;
        Ok(done.rows_affected() == 1)
    }

    async fn claim(
        &self,
        channel: &str,
        now: Moment,
        until: Moment,
    ) -> Result<Option<Claimed>, OutboxError> {
        // What lies further ahead than any wait or claim may be was written by a clock that has
        // been set back since.
        let row = sqlx::query(
            "UPDATE outbox SET claimed_until = ?4 WHERE number = (\
                 SELECT number FROM outbox AS this \
                 WHERE plan = ?1 AND channel = ?2 AND state = 'waiting' \
                   AND (due_at <= ?3 OR due_at > ?3 + 3600000) \
                   AND (claimed_until <= ?3 OR claimed_until > ?3 + 600000) \
                   AND NOT EXISTS (SELECT 1 FROM outbox AS earlier \
                       WHERE earlier.plan = ?1 AND earlier.channel = ?2 \
                         AND earlier.state = 'waiting' AND earlier.issue = this.issue \
                         AND earlier.number < this.number) \
                 ORDER BY number LIMIT 1) \
             RETURNING number, message, attempts, queued_at",
        )
        .bind(&self.plan)
        .bind(channel)
        .bind(millis(now))
        .bind(millis(until))
        .fetch_optional(&self.pool)
        .await
        .map_err(refused)?;
        row.map(|row| {
            Ok(Claimed {
                number: row.try_get("number").map_err(refused)?,
                message: read(row.try_get("message").map_err(refused)?)?,
                attempts: row.try_get("attempts").map_err(refused)?,
                queued: moment(&row, "queued_at")?,
            })
        })
        .transpose()
    }

    async fn settle(&self, number: i64, fate: &Fate, now: Moment) -> Result<(), OutboxError> {
        let (state, due, reason) = match fate {
            Fate::Sent => ("sent", None, None),
            Fate::Again { due, reason } => ("waiting", Some(millis(*due)), Some(reason)),
            Fate::GivenUp { reason } => ("given_up", None, Some(reason)),
        };
        sqlx::query(
            "UPDATE outbox SET state = ?2, due_at = coalesce(?3, due_at), reason = ?4, \
                 attempts = attempts + 1, claimed_until = 0, \
                 settled_at = CASE ?2 WHEN 'waiting' THEN NULL ELSE ?5 END \
             WHERE number = ?1 AND state = 'waiting'",
        )
        .bind(number)
        .bind(state)
        .bind(due)
        .bind(reason)
        .bind(millis(now))
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(refused)
    }

    async fn waited_for(&self) -> Result<Vec<String>, OutboxError> {
        sqlx::query_scalar(
            "SELECT channel FROM outbox WHERE plan = ?1 AND state = 'waiting' \
             GROUP BY channel ORDER BY min(number)",
        )
        .bind(&self.plan)
        .fetch_all(&self.pool)
        .await
        .map_err(refused)
    }

    async fn keep(&self, escalation: &Escalation) -> Result<(), OutboxError> {
        let issue = escalation.message.thread();
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(refused)?;
        let kept: Option<String> =
            sqlx::query_scalar("SELECT kept FROM escalation WHERE plan = ?1 AND issue = ?2")
                .bind(&self.plan)
                .bind(issue)
                .fetch_optional(&mut *transaction)
                .await
                .map_err(refused)?;
        let now = match kept.as_deref().map(read::<Escalation>).transpose()? {
            Some(known) => known.joined(escalation),
            None => escalation.clone(),
        };
        sqlx::query(
            "INSERT INTO escalation (plan, issue, kept, open) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (plan, issue) DO UPDATE SET kept = excluded.kept, open = excluded.open",
        )
        .bind(&self.plan)
        .bind(issue)
        .bind(written(&now)?)
        .bind(!now.over)
        .execute(&mut *transaction)
        .await
        .map_err(refused)?;
        transaction.commit().await.map_err(refused)
    }

    async fn issues(&self) -> Result<Vec<Escalation>, OutboxError> {
        let kept: Vec<String> = sqlx::query_scalar(
            "SELECT kept FROM escalation WHERE plan = ?1 AND open ORDER BY rowid",
        )
        .bind(&self.plan)
        .fetch_all(&self.pool)
        .await
        .map_err(refused)?;
        kept.iter().map(|kept| read(kept)).collect()
    }
}

fn entry(row: &SqliteRow) -> Result<OutboxEntry, OutboxError> {
    let state: String = row.try_get("state").map_err(refused)?;
    Ok(OutboxEntry {
        channel: row.try_get("channel").map_err(refused)?,
        message: read(row.try_get("message").map_err(refused)?)?,
        state: match state.as_str() {
            "waiting" => OutboxState::Waiting(moment(row, "due_at")?),
            "sent" => OutboxState::Sent(moment(row, "settled_at")?),
            _ => OutboxState::GivenUp(moment(row, "settled_at")?),
        },
        queued: moment(row, "queued_at")?,
        attempts: row.try_get("attempts").map_err(refused)?,
        reason: row.try_get("reason").map_err(refused)?,
    })
}

fn moment(row: &SqliteRow, column: &str) -> Result<Moment, OutboxError> {
    let millis: i64 = row.try_get(column).map_err(refused)?;
    Ok(Moment(u64::try_from(millis).unwrap_or_default()))
}

fn millis(moment: Moment) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}

fn written(value: &impl serde::Serialize) -> Result<String, OutboxError> {
    serde_json::to_string(value).map_err(|error| OutboxError(error.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(kept: &str) -> Result<T, OutboxError> {
    serde_json::from_str(kept)
        .map_err(|error| OutboxError(format!("an entry is not one of this turnback's: {error}")))
}

fn refused(error: sqlx::Error) -> OutboxError {
    OutboxError(error.to_string())
}
