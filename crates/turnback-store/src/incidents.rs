//! What incidents are made from: the journal of every plan, samples, baselines.

use sqlx::Row;
use turnback_core::guard::{Baseline, Moment, Sample};
use turnback_core::incident::Entry;
use turnback_engine::error::JournalError;

use crate::SqliteStore;

/// The whole journal, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WholeJournal {
    /// Its entries, of every plan, in order.
    pub entries: Vec<Entry>,
    /// Entries of another turnback, which cannot be read.
    pub unreadable: u64,
}

impl SqliteStore {
    /// The journal of every plan in the file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn whole_journal(&self) -> Result<WholeJournal, JournalError> {
        let rows = sqlx::query("SELECT number, at, plan, event FROM journal ORDER BY number")
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let mut journal = WholeJournal::default();
        for row in &rows {
            let text = |column| row.try_get::<String, _>(column).map_err(failed);
            let at = text("at").ok().and_then(|at| Moment::from_rfc3339(&at));
            let event = text("event").ok();
            let event = event.and_then(|event| serde_json::from_str(&event).ok());
            match (at, event, text("plan")) {
                (Some(at), Some(event), Ok(plan)) => journal.entries.push(Entry {
                    number: row.try_get("number").map_err(failed)?,
                    at,
                    plan,
                    event,
                }),
                _ => journal.unreadable += 1,
            }
        }
        Ok(journal)
    }

    /// The samples of a guard in a time, in order. Those that cannot be read are left out.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn samples_of(
        &self,
        plan: &str,
        guard: &str,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<Sample>, JournalError> {
        let millis = |moment: Moment| i64::try_from(moment.0).unwrap_or(i64::MAX);
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "SELECT at, reading FROM sample WHERE plan = ?1 AND guard = ?2 \
             AND at BETWEEN ?3 AND ?4 ORDER BY at, number",
        )
        .bind(plan)
        .bind(guard)
        .bind(millis(from))
        .bind(millis(until))
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let sample = |(at, reading): (i64, String)| {
            Some(Sample {
                guard: guard.to_owned(),
                at: Moment(u64::try_from(at).ok()?),
                reading: serde_json::from_str(&reading).ok()?,
            })
        };
        Ok(rows.into_iter().filter_map(sample).collect())
    }

    /// The last baseline of a phase of any plan.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub async fn baseline_of(
        &self,
        plan: &str,
        phase: &str,
    ) -> Result<Option<Baseline>, JournalError> {
        let kept: Option<String> =
            sqlx::query_scalar("SELECT kept FROM baseline WHERE plan = ?1 AND phase = ?2")
                .bind(plan)
                .bind(phase)
                .fetch_optional(&self.pool)
                .await
                .map_err(failed)?;
        Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()))
    }
}

fn failed(error: sqlx::Error) -> JournalError {
    JournalError(error.to_string())
}
