//! The outbox: messages that wait, were sent or given up, and issues that nobody acknowledged.

use turnback_core::guard::Moment;
use turnback_core::notify::{Escalation, Message};
use turnback_engine::delivery::{Claimed, Fate, Outbox};
use turnback_engine::error::OutboxError;

use crate::ControlStore;
use crate::database::{Row, Statement, sql};

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

impl ControlStore {
    /// The last entries about this plan, oldest first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn outbox(&self, most: u32) -> Result<Vec<OutboxEntry>, OutboxError> {
        let last = sql(
            "SELECT * FROM (SELECT * FROM outbox WHERE plan = $1 ORDER BY number DESC LIMIT $2) \
             AS last ORDER BY number",
        );
        let rows = self.database.all(last.bind(&self.plan).bind(most)).await;
        rows.map_err(refused)?.iter().map(entry).collect()
    }

    /// What began each issue that is not over, of those that are known by this beginning.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn unresolved(&self, prefix: &str) -> Result<Vec<Message>, OutboxError> {
        // Truth in JSON is 1 to SQLite, and 'true' to PostgreSQL.
        let messages = sql("SELECT message AS kept FROM outbox WHERE number IN (\
                 SELECT min(number) FROM outbox \
                 WHERE plan = $1 AND substr(issue, 1, length($2)) = $2 \
                 GROUP BY issue HAVING max(CASE WHEN \
                     CAST(json(message) ->> 'resolved' AS TEXT) IN ('1', 'true') \
                     THEN 1 ELSE 0 END) = 0) \
             ORDER BY number");
        self.kept(messages.bind(&self.plan).bind(prefix)).await
    }

    /// What is kept of an issue, if it is known.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn issue(&self, issue: &str) -> Result<Option<Escalation>, OutboxError> {
        let known = sql(ISSUE).bind(&self.plan).bind(issue);
        Ok(self.kept(known).await?.into_iter().next())
    }

    /// What stands in the column `kept` of every row.
    async fn kept<T: serde::de::DeserializeOwned>(
        &self,
        statement: Statement,
    ) -> Result<Vec<T>, OutboxError> {
        let rows = self.database.all(statement).await.map_err(refused)?;
        let texts = rows.iter().map(|row| row.get::<String>("kept"));
        texts.map(|text| read(&text.map_err(refused)?)).collect()
    }

    /// A statement that writes, by itself.
    async fn wrote(&self, statement: Statement) -> Result<u64, OutboxError> {
        let mut transaction = self.writing().await.map_err(refused)?;
        let rows = transaction.run(statement).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)?;
        Ok(rows)
    }
}

const ISSUE: &str = "SELECT kept FROM escalation WHERE plan = $1 AND issue = $2";

impl Outbox for ControlStore {
    async fn put(
        &self,
        message: &Message,
        channel: &str,
        now: Moment,
    ) -> Result<bool, OutboxError> {
        let entry = sql(
            "INSERT INTO outbox (plan, channel, message_id, issue, message, queued_at, due_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING",
        )
        .bind(&self.plan)
        .bind(channel)
        .bind(&message.id)
        .bind(message.issue.as_deref())
        .bind(written(message)?)
        .bind(millis(now));
        Ok(self.wrote(entry).await? == 1)
    }

    async fn claim(
        &self,
        channel: &str,
        now: Moment,
        until: Moment,
    ) -> Result<Option<Claimed>, OutboxError> {
        // What lies further ahead than any wait or claim may be was written by a clock that has
        // been set back since.
        let next = sql("UPDATE outbox SET claimed_until = $4 WHERE number = (\
                 SELECT number FROM outbox AS this \
                 WHERE plan = $1 AND channel = $2 AND state = 'waiting' \
                   AND (due_at <= $3 OR due_at > $3 + 3600000) \
                   AND (claimed_until <= $3 OR claimed_until > $3 + 600000) \
                   AND NOT EXISTS (SELECT 1 FROM outbox AS earlier \
                       WHERE earlier.plan = $1 AND earlier.channel = $2 \
                         AND earlier.state = 'waiting' AND earlier.issue = this.issue \
                         AND earlier.number < this.number) \
                 ORDER BY number LIMIT 1) \
             RETURNING number, message, attempts, queued_at")
        .bind(&self.plan)
        .bind(channel)
        .bind(millis(now))
        .bind(millis(until));
        let mut transaction = self.writing().await.map_err(refused)?;
        let row = transaction.optional(next).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)?;
        row.map(|row| {
            let message: String = row.get("message").map_err(refused)?;
            Ok(Claimed {
                number: row.get("number").map_err(refused)?,
                message: read(&message)?,
                attempts: row.count("attempts").map_err(refused)?,
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
        let settled = sql(
            "UPDATE outbox SET state = $2, due_at = coalesce($3, due_at), reason = $4, \
                 attempts = attempts + 1, claimed_until = 0, \
                 settled_at = CASE $2 WHEN 'waiting' THEN NULL ELSE $5 END \
             WHERE number = $1 AND state = 'waiting'",
        )
        .bind(number)
        .bind(state)
        .bind(due)
        .bind(reason.map(String::as_str))
        .bind(millis(now));
        self.wrote(settled).await.map(drop)
    }

    async fn waited_for(&self) -> Result<Vec<String>, OutboxError> {
        let waiting = sql(
            "SELECT channel FROM outbox WHERE plan = $1 AND state = 'waiting' \
             GROUP BY channel ORDER BY min(number)",
        );
        let rows = self.database.all(waiting.bind(&self.plan)).await;
        let channels = rows.map_err(refused)?;
        let channels = channels.iter().map(|row| row.get("channel"));
        channels.collect::<Result<_, _>>().map_err(refused)
    }

    async fn keep(&self, escalation: &Escalation) -> Result<(), OutboxError> {
        let issue = escalation.message.thread();
        let mut transaction = self.writing().await.map_err(refused)?;
        let known = sql(ISSUE).bind(&self.plan).bind(issue);
        let known = transaction.optional(known).await.map_err(refused)?;
        let now = match known {
            Some(row) => {
                let kept: String = row.get("kept").map_err(refused)?;
                read::<Escalation>(&kept)?.joined(escalation)
            }
            None => escalation.clone(),
        };
        let kept = sql(
            "INSERT INTO escalation (plan, issue, kept, open) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (plan, issue) DO UPDATE SET kept = excluded.kept, open = excluded.open",
        )
        .bind(&self.plan)
        .bind(issue)
        .bind(written(&now)?)
        .bind(!now.over);
        transaction.run(kept).await.map_err(refused)?;
        transaction.commit().await.map_err(refused)
    }

    async fn issues(&self) -> Result<Vec<Escalation>, OutboxError> {
        let open = sql("SELECT kept FROM escalation WHERE plan = $1 AND open ORDER BY rowid");
        self.kept(open.bind(&self.plan)).await
    }
}

fn entry(row: &Row) -> Result<OutboxEntry, OutboxError> {
    let text = |column| row.get::<String>(column).map_err(refused);
    Ok(OutboxEntry {
        channel: text("channel")?,
        message: read(&text("message")?)?,
        state: match text("state")?.as_str() {
            "waiting" => OutboxState::Waiting(moment(row, "due_at")?),
            "sent" => OutboxState::Sent(moment(row, "settled_at")?),
            _ => OutboxState::GivenUp(moment(row, "settled_at")?),
        },
        queued: moment(row, "queued_at")?,
        attempts: row.count("attempts").map_err(refused)?,
        reason: row.get("reason").map_err(refused)?,
    })
}

fn moment(row: &Row, column: &str) -> Result<Moment, OutboxError> {
    let millis: i64 = row.get(column).map_err(refused)?;
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
