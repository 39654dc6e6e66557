//! What incidents are made from: the journal of every plan, samples, baselines.

use turnback_core::guard::{Baseline, Moment, Sample};
use turnback_core::incident::Entry;
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::database::sql;
use crate::journal::failed;

/// The whole journal, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WholeJournal {
    /// Its entries, of every plan, in order.
    pub entries: Vec<Entry>,
    /// Entries of another turnback, which cannot be read.
    pub unreadable: u64,
}

impl ControlStore {
    /// The journal of every plan in the store.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn whole_journal(&self) -> Result<WholeJournal, JournalError> {
        let all = sql("SELECT number, at, plan, event FROM journal ORDER BY number");
        let rows = self.database.all(all).await.map_err(failed)?;
        let mut journal = WholeJournal::default();
        for row in &rows {
            let text = |column| row.get::<String>(column).map_err(failed);
            let at = text("at").ok().and_then(|at| Moment::from_rfc3339(&at));
            let event = text("event").ok();
            let event = event.and_then(|event| serde_json::from_str(&event).ok());
            match (at, event, text("plan")) {
                (Some(at), Some(event), Ok(plan)) => journal.entries.push(Entry {
                    number: row.get("number").map_err(failed)?,
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
    /// When the store cannot be read.
    pub async fn samples_of(
        &self,
        plan: &str,
        guard: &str,
        from: Moment,
        until: Moment,
    ) -> Result<Vec<Sample>, JournalError> {
        let millis = |moment: Moment| i64::try_from(moment.0).unwrap_or(i64::MAX);
        let samples = sql(
            "SELECT at, reading FROM sample WHERE plan = $1 AND guard = $2 \
             AND at BETWEEN $3 AND $4 ORDER BY at, number",
        );
        let samples = samples.bind(plan).bind(guard);
        let rows = self
            .database
            .all(samples.bind(millis(from)).bind(millis(until)))
            .await
            .map_err(failed)?;
        let mut read = Vec::new();
        for row in rows {
            let at: i64 = row.get("at").map_err(failed)?;
            let reading: String = row.get("reading").map_err(failed)?;
            if let (Ok(at), Ok(reading)) = (u64::try_from(at), serde_json::from_str(&reading)) {
                read.push(Sample {
                    guard: guard.to_owned(),
                    at: Moment(at),
                    reading,
                });
            }
        }
        Ok(read)
    }

    /// The last baseline of a phase of any plan.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn baseline_of(
        &self,
        plan: &str,
        phase: &str,
    ) -> Result<Option<Baseline>, JournalError> {
        let kept = sql("SELECT kept FROM baseline WHERE plan = $1 AND phase = $2");
        let row = self.database.optional(kept.bind(plan).bind(phase)).await;
        let Some(row) = row.map_err(failed)? else {
            return Ok(None);
        };
        let kept: String = row.get("kept").map_err(failed)?;
        Ok(serde_json::from_str(&kept).ok())
    }
}
