//! Runs that a serving process was asked for: who asked, why, where it stands, what came of it.

use turnback_core::guard::Moment;
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::database::{Row, Transaction, sql};
use crate::journal::failed;
use crate::moment::{millis, moment};

/// A run that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRequest {
    /// `up`, `back`, `contract`.
    pub command: String,
    /// What it is to do, in JSON.
    pub asked_for: String,
    /// Who asks.
    pub by: String,
    /// Why.
    pub why: Option<String>,
    /// When.
    pub at: Moment,
}

/// A run, as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptRun {
    /// Its number.
    pub number: i64,
    /// What was asked for.
    pub request: RunRequest,
    /// Where it stands.
    pub state: RunState,
    /// When it began, the first time.
    pub began_at: Option<Moment>,
    /// What the journal holds of it comes after this number.
    pub journal_from: Option<i64>,
    /// How often it was gone on with, after its process had ended.
    pub resumed: u32,
    /// Who stopped it.
    pub stopped_by: Option<String>,
    /// When it ended.
    pub ended_at: Option<Moment>,
    /// The exit code of the same command.
    pub exit_code: Option<u32>,
    /// How it ended, as sentences.
    pub outcome: Option<String>,
    /// What to do next, as sentences.
    pub next: Option<String>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It waits for its turn.
    Waiting,
    /// It is at work, or was when its process ended.
    Running,
    /// It has ended.
    Ended,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// It was taken on.
    Taken(KeptRun),
    /// This one is not over yet.
    Busy(KeptRun),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// When.
    pub at: Moment,
    /// The exit code of the same command.
    pub exit_code: u32,
    /// How, as sentences.
    pub outcome: String,
    /// What to do next, as sentences.
    pub next: Option<String>,
}

impl ControlStore {
    /// Asks for a run. One is taken on at a time; but a way back is taken on while something else
    /// is, stops what is at work and takes the place of what waits.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn ask_run(&self, request: &RunRequest) -> Result<Asked, JournalError> {
        let mut transaction = self.writing().await.map_err(failed)?;
        for open in self.open_runs(&mut transaction).await? {
            if request.command != "back" || open.request.command == "back" {
                return Ok(Asked::Busy(open));
            }
            match open.state {
                RunState::Running => {
                    let stopped = sql("UPDATE run SET stopped_by = $2 WHERE number = $1");
                    let stopped = stopped.bind(open.number).bind(&request.by);
                    transaction.run(stopped).await.map_err(failed)?;
                }
                RunState::Waiting | RunState::Ended => {
                    let overtaken = sql(
                        "UPDATE run SET state = 'ended', ended_at = $2, exit_code = 4, \
                         outcome = 'it had not begun when turning back was asked for' \
                         WHERE number = $1",
                    );
                    let overtaken = overtaken.bind(open.number).bind(millis(request.at));
                    transaction.run(overtaken).await.map_err(failed)?;
                }
            }
        }
        let asked = sql(
            "INSERT INTO run (plan, command, asked_for, asked_by, why, asked_at) \
             VALUES ($1, $2, $3, $4, $5, $6) RETURNING *",
        )
        .bind(&self.plan)
        .bind(&request.command)
        .bind(&request.asked_for)
        .bind(&request.by)
        .bind(request.why.as_deref())
        .bind(millis(request.at));
        let run = kept(&transaction.one(asked).await.map_err(failed)?)?;
        transaction.commit().await.map_err(failed)?;
        Ok(Asked::Taken(run))
    }

    async fn open_runs(&self, transaction: &mut Transaction) -> Result<Vec<KeptRun>, JournalError> {
        let open =
            sql("SELECT * FROM run WHERE plan = $1 AND state <> 'ended' ORDER BY number DESC");
        let rows = transaction.all(open.bind(&self.plan)).await;
        rows.map_err(failed)?.iter().map(kept).collect()
    }

    /// The run to do next: the one that is begun, else the first that waits.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn next_run(&self) -> Result<Option<KeptRun>, JournalError> {
        let next = sql("SELECT * FROM run WHERE plan = $1 AND state <> 'ended' \
             ORDER BY CASE state WHEN 'running' THEN 0 ELSE 1 END, number LIMIT 1");
        let row = self.database.optional(next.bind(&self.plan)).await;
        row.map_err(failed)?.as_ref().map(kept).transpose()
    }

    /// Runs of this plan, the last first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn runs(&self, most: u32) -> Result<Vec<KeptRun>, JournalError> {
        let runs = sql("SELECT * FROM run WHERE plan = $1 ORDER BY number DESC LIMIT $2");
        let rows = self.database.all(runs.bind(&self.plan).bind(most)).await;
        rows.map_err(failed)?.iter().map(kept).collect()
    }

    /// A run of this plan by its number.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn run(&self, number: i64) -> Result<Option<KeptRun>, JournalError> {
        let run = sql("SELECT * FROM run WHERE plan = $1 AND number = $2");
        let row = self
            .database
            .optional(run.bind(&self.plan).bind(number))
            .await;
        row.map_err(failed)?.as_ref().map(kept).transpose()
    }

    /// Takes down that somebody stops a run: one that has not begun ends with that. Gives the run
    /// as it is then; nothing where there is none of that number.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn stop_run(
        &self,
        number: i64,
        by: &str,
        at: Moment,
    ) -> Result<Option<KeptRun>, JournalError> {
        let stopped = sql("UPDATE run SET stopped_by = $3, \
             ended_at = CASE state WHEN 'waiting' THEN $4 ELSE ended_at END, \
             exit_code = CASE state WHEN 'waiting' THEN 4 ELSE exit_code END, \
             outcome = CASE state WHEN 'waiting' THEN 'it was stopped before it began' ELSE outcome END, \
             state = CASE state WHEN 'waiting' THEN 'ended' ELSE state END \
             WHERE plan = $1 AND number = $2 AND state <> 'ended'")
        .bind(&self.plan)
        .bind(number)
        .bind(by)
        .bind(millis(at));
        self.write(stopped).await?;
        self.run(number).await
    }

    /// Takes down that a run begins, or is gone on with, and what exactly it does. False where it
    /// has ended meanwhile.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn begin_run(
        &self,
        number: i64,
        at: Moment,
        asked_for: &str,
    ) -> Result<bool, JournalError> {
        let begun = sql(
            "UPDATE run SET began_at = coalesce(began_at, $2), asked_for = $3, \
             journal_from = coalesce(journal_from, \
             (SELECT coalesce(max(number), 0) FROM journal)), \
             resumed = resumed + CASE state WHEN 'running' THEN 1 ELSE 0 END, state = 'running' \
             WHERE number = $1 AND state <> 'ended'",
        )
        .bind(number)
        .bind(millis(at))
        .bind(asked_for);
        Ok(self.write(begun).await? > 0)
    }

    /// Takes down how a run ended.
    ///
    /// # Errors
    ///
    /// When the store cannot be written.
    pub async fn end_run(&self, number: i64, end: &RunEnd) -> Result<(), JournalError> {
        let ended = sql(
            "UPDATE run SET state = 'ended', ended_at = $2, exit_code = $3, \
             outcome = $4, next = $5 WHERE number = $1 AND state <> 'ended'",
        )
        .bind(number)
        .bind(millis(end.at))
        .bind(end.exit_code)
        .bind(&end.outcome)
        .bind(end.next.as_deref());
        self.write(ended).await.map(drop)
    }
}

fn kept(row: &Row) -> Result<KeptRun, JournalError> {
    let text = |column| row.get::<String>(column).map_err(failed);
    let maybe = |column| row.get::<Option<String>>(column).map_err(failed);
    let at = |column| Ok(row.get::<Option<i64>>(column).map_err(failed)?.map(moment));
    let code: Option<i64> = row.get("exit_code").map_err(failed)?;
    Ok(KeptRun {
        number: row.get("number").map_err(failed)?,
        request: RunRequest {
            command: text("command")?,
            asked_for: text("asked_for")?,
            by: text("asked_by")?,
            why: maybe("why")?,
            at: moment(row.get("asked_at").map_err(failed)?),
        },
        state: match text("state")?.as_str() {
            "waiting" => RunState::Waiting,
            "running" => RunState::Running,
            _ => RunState::Ended,
        },
        began_at: at("began_at")?,
        journal_from: row.get("journal_from").map_err(failed)?,
        resumed: row.count("resumed").map_err(failed)?,
        stopped_by: maybe("stopped_by")?,
        ended_at: at("ended_at")?,
        exit_code: code.and_then(|code| u32::try_from(code).ok()),
        outcome: maybe("outcome")?,
        next: maybe("next")?,
    })
}
