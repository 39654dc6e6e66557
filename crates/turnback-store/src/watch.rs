//! What a watch keeps: samples, baselines, and questions with their answers.

use turnback_core::guard::{Baseline, Moment, Sample};
use turnback_core::journal::JournalEvent;
use turnback_core::watch::{Answer, Question};
use turnback_engine::error::JournalError;
use turnback_engine::watch::{Answered, WatchStore};

use crate::ControlStore;
use crate::database::{Row, Statement, sql};
use crate::journal::failed;
use crate::moment::{millis, moment};

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

impl ControlStore {
    /// A question of this plan by its number.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn question(&self, number: i64) -> Result<Option<AskedQuestion>, JournalError> {
        let question = sql("SELECT * FROM question WHERE plan = $1 AND number = $2");
        let row = self
            .database
            .optional(question.bind(&self.plan).bind(number))
            .await;
        row.map_err(failed)?.as_ref().map(asked).transpose()
    }

    /// Questions of this plan that are open, the oldest first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn open_questions(&self) -> Result<Vec<AskedQuestion>, JournalError> {
        let open = sql("SELECT * FROM question WHERE plan = $1 AND closed IS NULL ORDER BY number");
        let rows = self.database.all(open.bind(&self.plan)).await;
        rows.map_err(failed)?.iter().map(asked).collect()
    }

    /// What the watch over phases of this plan wrote last: what each guard said last of each phase,
    /// whether it bakes, and where its canary stands. Entries of another turnback, which cannot be read, are left out.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn about_watch(&self) -> Result<Vec<(Moment, JournalEvent)>, JournalError> {
        let last = sql("SELECT at, event FROM journal WHERE number IN \
             (SELECT max(number) FROM journal WHERE plan = $1 AND json(event) ->> 'event' IN \
             ('guard_says', 'bake_begun', 'bake_passed', 'phase_became', 'canary_step', \
             'canary_stopped', 'canary_goes_on', 'canary_passed', 'canary_ended') \
             GROUP BY json(event) ->> 'phase', json(event) ->> 'event', \
             json(event) -> 'verdict' ->> 'guard') \
             ORDER BY number");
        let rows = self.database.all(last.bind(&self.plan)).await;
        let mut events = Vec::new();
        for row in rows.map_err(failed)? {
            let at: String = row.get("at").map_err(failed)?;
            let event: String = row.get("event").map_err(failed)?;
            if let (Some(at), Ok(event)) = (Moment::from_rfc3339(&at), serde_json::from_str(&event))
            {
                events.push((at, event));
            }
        }
        Ok(events)
    }

    /// The last questions of this plan that are closed, the last first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn closed_questions(&self, most: u32) -> Result<Vec<AskedQuestion>, JournalError> {
        let closed = sql(
            "SELECT * FROM question WHERE plan = $1 AND closed IS NOT NULL \
             ORDER BY number DESC LIMIT $2",
        );
        let rows = self.database.all(closed.bind(&self.plan).bind(most)).await;
        rows.map_err(failed)?.iter().map(asked).collect()
    }

    /// The last samples of a guard since a moment, oldest first. Those that cannot be read are
    /// left out.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn last_samples(
        &self,
        guard: &str,
        since: Moment,
        most: u32,
    ) -> Result<Vec<Sample>, JournalError> {
        let samples = sql(
            "SELECT at, reading FROM sample WHERE plan = $1 AND guard = $2 \
             AND at >= $3 ORDER BY at DESC, number DESC LIMIT $4",
        )
        .bind(&self.plan)
        .bind(guard)
        .bind(millis(since))
        .bind(most);
        let mut last = Vec::new();
        for row in self.database.all(samples).await.map_err(failed)? {
            let reading: String = row.get("reading").map_err(failed)?;
            if let Ok(reading) = serde_json::from_str(&reading) {
                last.push(Sample {
                    guard: guard.to_owned(),
                    at: moment(row.get("at").map_err(failed)?),
                    reading,
                });
            }
        }
        last.reverse();
        Ok(last)
    }

    /// Answers a question, in the place of an earlier answer; false where none of that number is
    /// open.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn answer(
        &self,
        number: i64,
        answer: Answer,
        by: &str,
        why: Option<&str>,
    ) -> Result<bool, JournalError> {
        let answered = sql(
            "UPDATE question SET answer = $3, answered_by = $4, why = $5, taken = FALSE, \
             refused = NULL WHERE plan = $1 AND number = $2 AND closed IS NULL",
        )
        .bind(&self.plan)
        .bind(number)
        .bind(answer.word())
        .bind(by)
        .bind(why);
        Ok(self.write(answered).await? > 0)
    }

    /// A statement that writes, by itself: how many rows it changed.
    pub(crate) async fn write(&self, statement: Statement) -> Result<u64, JournalError> {
        let mut transaction = self.writing().await.map_err(failed)?;
        let rows = transaction.run(statement).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(rows)
    }
}

impl WatchStore for ControlStore {
    async fn keep_samples(&self, phase: &str, samples: &[Sample]) -> Result<(), JournalError> {
        if samples.is_empty() {
            return Ok(());
        }
        let mut transaction = self.writing().await.map_err(failed)?;
        for sample in samples {
            let kept = sql(
                "INSERT INTO sample (plan, phase, guard, at, reading) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&self.plan)
            .bind(phase)
            .bind(&sample.guard)
            .bind(millis(sample.at))
            .bind(json(&sample.reading)?);
            transaction.run(kept).await.map_err(failed)?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn baseline(&self, phase: &str) -> Result<Option<Baseline>, JournalError> {
        let kept = sql("SELECT kept FROM baseline WHERE plan = $1 AND phase = $2");
        let row = self
            .database
            .optional(kept.bind(&self.plan).bind(phase))
            .await;
        let Some(row) = row.map_err(failed)? else {
            return Ok(None);
        };
        read(&row.get::<String>("kept").map_err(failed)?).map(Some)
    }

    async fn keep_baseline(&self, phase: &str, baseline: &Baseline) -> Result<(), JournalError> {
        let kept = sql(
            "INSERT INTO baseline (plan, phase, kept) VALUES ($1, $2, $3) \
             ON CONFLICT (plan, phase) DO UPDATE SET kept = excluded.kept",
        );
        let kept = kept.bind(&self.plan).bind(phase).bind(json(baseline)?);
        self.write(kept).await.map(drop)
    }

    async fn has_baked(&self, phase: &str) -> Result<bool, JournalError> {
        let last = sql("SELECT json(event) ->> 'event' AS event FROM journal \
             WHERE plan = $1 AND json(event) ->> 'phase' = $2 \
             AND json(event) ->> 'event' IN ('bake_passed', 'phase_became') \
             ORDER BY number DESC LIMIT 1");
        let row = self
            .database
            .optional(last.bind(&self.plan).bind(phase))
            .await;
        let Some(row) = row.map_err(failed)? else {
            return Ok(false);
        };
        Ok(row.get::<String>("event").map_err(failed)? == "bake_passed")
    }

    async fn ask(
        &self,
        phase: &str,
        question: &Question,
        until: Option<Moment>,
    ) -> Result<i64, JournalError> {
        let asked = sql(
            "INSERT INTO question (plan, phase, question, kept, asked_at, until) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING number",
        )
        .bind(&self.plan)
        .bind(phase)
        .bind(question.id)
        .bind(json(question)?)
        .bind(millis(question.asked))
        .bind(until.map(millis));
        let mut transaction = self.writing().await.map_err(failed)?;
        let row = transaction.one(asked).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        row.get("number").map_err(failed)
    }

    async fn answers(&self, phase: &str) -> Result<Vec<Answered>, JournalError> {
        let mut transaction = self.writing().await.map_err(failed)?;
        let given = sql(
            "SELECT number, question, answer, answered_by FROM question \
             WHERE plan = $1 AND phase = $2 AND closed IS NULL AND answer IS NOT NULL \
             AND NOT taken ORDER BY number",
        );
        let given = given.bind(&self.plan).bind(phase);
        let mut answers = Vec::new();
        for row in transaction.all(given).await.map_err(failed)? {
            let number: i64 = row.get("number").map_err(failed)?;
            let taken = sql("UPDATE question SET taken = TRUE WHERE number = $1");
            transaction.run(taken.bind(number)).await.map_err(failed)?;
            let word: String = row.get("answer").map_err(failed)?;
            answers.push(Answered {
                question: row.count("question").map_err(failed)?,
                answer: named(&word)?,
                by: row.get("answered_by").map_err(failed)?,
            });
        }
        transaction.commit().await.map_err(failed)?;
        Ok(answers)
    }

    async fn refuse(&self, phase: &str, question: u32, why: &str) -> Result<(), JournalError> {
        let refused = sql("UPDATE question SET refused = $4 \
             WHERE plan = $1 AND phase = $2 AND question = $3 AND closed IS NULL");
        let refused = refused.bind(&self.plan).bind(phase).bind(question);
        self.write(refused.bind(why)).await.map(drop)
    }

    async fn close(
        &self,
        phase: &str,
        question: Option<u32>,
        how: &str,
    ) -> Result<(), JournalError> {
        let closed = sql(
            "UPDATE question SET closed = $4 WHERE plan = $1 AND phase = $2 \
             AND closed IS NULL AND ($3 IS NULL OR question = $3)",
        );
        let closed = closed.bind(&self.plan).bind(phase).bind(question);
        self.write(closed.bind(how)).await.map(drop)
    }
}

fn asked(row: &Row) -> Result<AskedQuestion, JournalError> {
    let text = |column| row.get::<Option<String>>(column).map_err(failed);
    let until: Option<i64> = row.get("until").map_err(failed)?;
    let word = text("answer")?.map(|word| named(&word)).transpose()?;
    Ok(AskedQuestion {
        number: row.get("number").map_err(failed)?,
        phase: row.get("phase").map_err(failed)?,
        question: read(&row.get::<String>("kept").map_err(failed)?)?,
        until: until
            .and_then(|until| u64::try_from(until).ok())
            .map(Moment),
        answer: word.zip(text("answered_by")?),
        taken: row.get("taken").map_err(failed)?,
        refused: text("refused")?,
        closed: text("closed")?,
    })
}

fn named(word: &str) -> Result<Answer, JournalError> {
    Answer::named(word)
        .ok_or_else(|| JournalError(format!("\"{word}\" is no answer of this turnback's")))
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
