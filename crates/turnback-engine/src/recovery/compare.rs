//! Whether both shapes say the same, right before one of them goes: what shows that no write
//! through either is lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use turnback_core::name::{TableName, list};
use turnback_core::program::Stage;
use turnback_core::recovery::{ValidationLine, rows};
use turnback_core::step::{Check, Work};

use crate::edges::{Journal, PhaseRecord, Target};
use crate::error::{EngineError, TargetError};
use crate::run::Run;
use crate::stage::search_path;

/// The time in which all of something is counted.
pub(super) struct Deadline(Instant);

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self(Instant::now() + limit)
    }

    fn left(&self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// What counting came to.
pub(super) enum Counted {
    /// So many.
    Rows(i64),
    /// It would have taken longer than there was time, or the server would not say.
    NotFoundOut(String),
}

/// One count, if there is time for it.
pub(super) async fn count<T: Target, J: Journal>(
    run: &Run<T, J>,
    sql: &str,
    deadline: &Deadline,
) -> Result<Counted, EngineError> {
    let left = deadline.left();
    let too_long =
        || Counted::NotFoundOut("counting takes longer than there is time for".to_owned());
    if left.is_zero() {
        return Ok(too_long());
    }
    let path = search_path(&run.schema);
    match run.target.count_within(sql, &path, left).await {
        Ok(Some(rows)) => Ok(Counted::Rows(rows)),
        Ok(None) => Ok(too_long()),
        // Whatever keeps us from counting does not keep us from turning back.
        Err(error @ TargetError::Fenced) => Err(EngineError::while_doing("counting")(error)),
        Err(error) => Ok(Counted::NotFoundOut(error.to_string())),
    }
}

/// The promise of a phase's shapes.
fn agreement(phase: &str) -> String {
    format!("no acknowledged write is lost: both shapes of {phase} agree in every row")
}

/// Phases with two shapes of which one had to go at once.
pub(super) fn not_compared(left: &[&PhaseRecord]) -> Vec<ValidationLine> {
    left.iter()
        .filter(|record| has_two_shapes(record))
        .map(|record| {
            ValidationLine::not_found_out(
                agreement(&record.phase),
                "the new shape had to go before a phase that came before it could turn back",
            )
        })
        .collect()
}

fn has_two_shapes(record: &PhaseRecord) -> bool {
    !record.program.swap_back.is_empty()
}

/// Compares the shapes of each phase whose new one is still there, for so long at most.
pub(super) async fn both_shapes<T: Target, J: Journal>(
    run: &Run<T, J>,
    left: &[&PhaseRecord],
    limit: Duration,
) -> Result<Vec<ValidationLine>, EngineError> {
    let deadline = Deadline::after(limit);
    let mut lines = Vec::new();
    for record in left.iter().filter(|record| has_two_shapes(record)) {
        lines.extend(agree(run, record, &deadline).await?);
    }
    Ok(lines)
}

/// The comparison with which expand ended, once more; nothing of a phase that did not come so far.
async fn agree<T: Target, J: Journal>(
    run: &Run<T, J>,
    record: &PhaseRecord,
    deadline: &Deadline,
) -> Result<Option<ValidationLine>, EngineError> {
    let done = run
        .persist("reading the ledger", async || {
            run.target.done_steps(&run.plan, &record.phase).await
        })
        .await?;
    let is_done = |stage, step: &str| done.iter().any(|(of, id)| *of == stage && id == step);
    let mut checks: Vec<&Check> = Vec::new();
    for step in &record.program.expand {
        if let Work::Verify { checks: of } = &step.work {
            if !is_done(Stage::Expand, &step.id) {
                // Clients were never told of a new shape that is not whole.
                return Ok(None);
            }
            checks.extend(of);
        }
    }
    let promise = agreement(&record.phase);
    if done.iter().any(|(stage, _)| *stage == Stage::Withdraw) {
        let why = "the new shape was being dropped already when it could have been compared";
        return Ok(Some(ValidationLine::not_found_out(promise, why)));
    }
    if checks.is_empty() {
        return Ok(None);
    }
    for check in &checks {
        match count(run, &check.sql, deadline).await? {
            Counted::Rows(0) => {}
            Counted::Rows(wrong) => {
                let evidence = check.broken_by(wrong);
                return Ok(Some(ValidationLine::found(promise, false, evidence)));
            }
            Counted::NotFoundOut(why) => {
                return Ok(Some(ValidationLine::not_found_out(promise, why)));
            }
        }
    }
    let tables: BTreeSet<TableName> = record.program.tables.iter().cloned().collect();
    let mut total = 0;
    for (_, sql) in rows(&record.before, &tables) {
        match count(run, &sql, deadline).await? {
            Counted::Rows(rows) => total += rows,
            Counted::NotFoundOut(_) => {
                total = -1;
                break;
            }
        }
    }
    let of_rows = if total < 0 {
        String::new()
    } else {
        format!("{total} row(s) of ")
    };
    let evidence = format!(
        "{} comparison(s) of {of_rows}{} found no difference right before the new shape was dropped",
        checks.len(),
        list(&tables)
    );
    Ok(Some(ValidationLine::found(promise, true, evidence)))
}
