//! What a watch keeps: samples, baselines, and questions with their answers.

use sqlx::Row;
use turnback_core::guard::{Baseline, Moment, Sample};
use turnback_core::journal::JournalEvent;
use turnback_core::watch::{Answer, Question};
use turnback_engine::error::JournalError;
use turnback_engine::watch::{Answered, WatchStore};

use crate::SqliteStore;

/// A question to people, as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedQuestion {
    /// What it is answered by.
    pub number: i64,
    /// The phase that is watched.
    pub phase: String,
    /// The question.
    pub question: Question,
    /// When its deadline passes, if no clock jumps; none where it waits for as long as it takes.
    pub until: Option<Moment>,
    /// What was answered last, and by whom.
    pub answer: Option<(Answer, String)>,
    /// Whether the run has taken that answer.
    pub taken: bool,
    /// Why the last answer does not count.
    pub refused: Option<String>,
    /// How it came to its end, as a sentence; nothing while it is open.
    pub closed: Option<String>,
}

impl SqliteStore {
    /// A question of this plan by its number.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn question(&self, number: i64) -> Result<Option<AskedQuestion>, JournalError> {
        let row = sqlx::query("SELECT * FROM question WHERE plan = ?1 AND number = ?2")
            .bind(&self.plan)
            .bind(number)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        row.as_ref().map(asked).transpose()
    }

    /// Questions of this plan that are open, the oldest first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn open_questions(&self) -> Result<Vec<AskedQuestion>, JournalError> {
        sqlx::query("SELECT * FROM question WHERE plan = ?1 AND closed IS NULL ORDER BY number")
            .bind(&self.plan)
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?
            .iter()
            .map(asked)
            .collect()
    }

    /// What the watch over phases of this plan wrote last: what each guard said last of each phase,
    /// and whether it bakes. Entries of another turnback, which cannot be read, are left out.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn about_watch(&self) -> Result<Vec<(Moment, JournalEvent)>, JournalError> {
        let rows = sqlx::query(
            "SELECT unixepoch(at, 'subsec') * 1000.0 AS at, event FROM journal WHERE number IN \
             (SELECT max(number) FROM journal WHERE plan = ?1 AND event ->> 'event' IN \
             ('guard_says', 'bake_begun', 'bake_passed', 'phase_became') \
             GROUP BY event ->> 'phase', event ->> 'event', event ->> '$.verdict.guard') \
             ORDER BY number",
        )
        .bind(&self.plan)
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let mut events = Vec::new();
        for row in &rows {
            let at: f64 = row.try_get("at").map_err(failed)?;
            let event: String = row.try_get("event").map_err(failed)?;
            if let Ok(event) = serde_json::from_str(&event) {
                events.push((Moment(at as u64), event));
            }
        }
        Ok(events)
    }

    /// Answers a question, in the place of an earlier answer; false where none of that number is
    /// open.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub async fn answer(
        &self,
        number: i64,
        answer: Answer,
        by: &str,
        why: Option<&str>,
    ) -> Result<bool, JournalError> {
        let done = sqlx::query(
            "UPDATE question SET answer = ?3, answered_by = ?4, why = ?5, taken = 0, refused = NULL \
             WHERE plan = ?1 AND number = ?2 AND closed IS NULL",
        )
        .bind(&self.plan)
        .bind(number)
        .bind(answer.word())
        .bind(by)
        .bind(why)
        .execute(&self.pool)
        .await
        .map_err(failed)?;
        Ok(done.rows_affected() > 0)
    }
}

impl WatchStore for SqliteStore {
    async fn keep_samples(&self, phase: &str, samples: &[Sample]) -> Result<(), JournalError> {
        if samples.is_empty() {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await.map_err(failed)?;
        for sample in samples {
            sqlx::query(
                "INSERT INTO sample (plan, phase, guard, at, reading) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .bind(&self.plan)
            .bind(phase)
            .bind(&sample.guard)
            .bind(millis(sample.at))
            .bind(json(&sample.reading)?)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn baseline(&self, phase: &str) -> Result<Option<Baseline>, JournalError> {
        let kept: Option<String> =
            sqlx::query_scalar("SELECT kept FROM baseline WHERE plan = ?1 AND phase = ?2")
                .bind(&self.plan)
                .bind(phase)
                .fetch_optional(&self.pool)
                .await
                .map_err(failed)?;
        kept.map(|kept| read(&kept)).transpose()
    }

    async fn keep_baseline(&self, phase: &str, baseline: &Baseline) -> Result<(), JournalError> {
        sqlx::query("INSERT OR REPLACE INTO baseline (plan, phase, kept) VALUES (?1, ?2, ?3)")
            .bind(&self.plan)
            .bind(phase)
            .bind(json(baseline)?)
            .execute(&self.pool)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn has_baked(&self, phase: &str) -> Result<bool, JournalError> {
        let last: Option<String> = sqlx::query_scalar(
            "SELECT event ->> 'event' FROM journal WHERE plan = ?1 AND event ->> 'phase' = ?2 \
             AND event ->> 'event' IN ('bake_passed', 'phase_became') ORDER BY number DESC LIMIT 1",
        )
        .bind(&self.plan)
        .bind(phase)
        .fetch_optional(&self.pool)
        .await
        .map_err(failed)?;
        Ok(last.as_deref() == Some("bake_passed"))
    }

    async fn ask(
        &self,
        phase: &str,
        question: &Question,
        until: Option<Moment>,
    ) -> Result<i64, JournalError> {
        sqlx::query_scalar(
            "INSERT INTO question (plan, phase, question, kept, asked_at, until) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING number",
        )
        .bind(&self.plan)
        .bind(phase)
        .bind(question.id)
        .bind(json(question)?)
        .bind(millis(question.asked))
        .bind(until.map(millis))
        .fetch_one(&self.pool)
        .await
        .map_err(failed)
    }

    async fn answers(&self, phase: &str) -> Result<Vec<Answered>, JournalError> {
        let mut transaction = self
            .pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed)?;
        let rows = sqlx::query(
            "SELECT number, question, answer, answered_by FROM question \
             WHERE plan = ?1 AND phase = ?2 AND closed IS NULL AND answer IS NOT NULL \
             AND taken = 0 ORDER BY number",
        )
        .bind(&self.plan)
        .bind(phase)
        .fetch_all(&mut *transaction)
        .await
        .map_err(failed)?;
        let mut answers = Vec::new();
        for row in &rows {
            sqlx::query("UPDATE question SET taken = 1 WHERE number = ?1")
                .bind(row.try_get::<i64, _>("number").map_err(failed)?)
                .execute(&mut *transaction)
                .await
                .map_err(failed)?;
            let word: String = row.try_get("answer").map_err(failed)?;
            answers.push(Answered {
                question: row.try_get("question").map_err(failed)?,
                answer: named(&word)?,
                by: row.try_get("answered_by").map_err(failed)?,
            });
        }
        transaction.commit().await.map_err(failed)?;
        Ok(answers)
    }

    async fn refuse(&self, phase: &str, question: u32, why: &str) -> Result<(), JournalError> {
        sqlx::query(
            "UPDATE question SET refused = ?4 \
             WHERE plan = ?1 AND phase = ?2 AND question = ?3 AND closed IS NULL",
        )
        .bind(&self.plan)
        .bind(phase)
        .bind(question)
        .bind(why)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed)
    }

    async fn close(
        &self,
        phase: &str,
        question: Option<u32>,
        how: &str,
    ) -> Result<(), JournalError> {
        sqlx::query(
            "UPDATE question SET closed = ?4 WHERE plan = ?1 AND phase = ?2 \
             AND closed IS NULL AND (?3 IS NULL OR question = ?3)",
        )
        .bind(&self.plan)
        .bind(phase)
        .bind(question)
        .bind(how)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(failed)
    }
}

fn asked(row: &sqlx::sqlite::SqliteRow) -> Result<AskedQuestion, JournalError> {
    let word: Option<String> = row.try_get("answer").map_err(failed)?;
    let by: Option<String> = row.try_get("answered_by").map_err(failed)?;
    let until: Option<i64> = row.try_get("until").map_err(failed)?;
    let kept: String = row.try_get("kept").map_err(failed)?;
    Ok(AskedQuestion {
        number: row.try_get("number").map_err(failed)?,
        phase: row.try_get("phase").map_err(failed)?,
        question: read(&kept)?,
        until: until
            .and_then(|until| u64::try_from(until).ok())
            .map(Moment),
        answer: word.map(|word| named(&word)).transpose()?.zip(by),
        taken: row.try_get("taken").map_err(failed)?,
        refused: row.try_get("refused").map_err(failed)?,
        closed: row.try_get("closed").map_err(failed)?,
    })
}

fn named(word: &str) -> Result<Answer, JournalError> {
    Answer::named(word)
        .ok_or_else(|| JournalError(format!("\"{word}\" is no answer of this turnback's")))
}

fn millis(moment: Moment) -> i64 {
    i64::try_from(moment.0).unwrap_or(i64::MAX)
}

fn json<V: serde::Serialize>(value: &V) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError(error.to_string()))
}

fn read<V: serde::de::DeserializeOwned>(text: &str) -> Result<V, JournalError> {
    serde_json::from_str(text).map_err(|error| {
        JournalError(format!(
            "something in it was written by another turnback: {error}"
        ))
    })
}

fn failed(error: sqlx::Error) -> JournalError {
    JournalError(error.to_string())
}
