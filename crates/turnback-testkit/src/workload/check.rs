//! The checker: the database must hold exactly what was acknowledged.

use std::collections::BTreeMap;
use std::fmt;

use sqlx::{Connection, PgConnection};

use super::Outcome;
use super::bulk::Bulk;
use super::error::WorkloadError;
use super::session::text_rows;
use super::shape::Shape;
use super::table::{Content, RowName, Table, run_prefix};

/// How many findings of a kind are printed.
const SHOWN: usize = 10;

/// What the comparison of a database with an [`Outcome`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The shape through which it looked.
    pub shape: Shape,
    /// Operations whose commit was acknowledged.
    pub acknowledged: u64,
    /// Rows compared: the writers' own, and those that were there before.
    pub rows: u64,
    /// Acknowledged and not there.
    pub lost: Vec<String>,
    /// There and never acknowledged.
    pub invented: Vec<String>,
    /// There, with another content or another reference than acknowledged; also whatever a
    /// writer saw during the run that must not be.
    pub wrong: Vec<String>,
}

impl Verdict {
    /// Whether nothing was lost, invented or wrong.
    pub fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.invented.is_empty() && self.wrong.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} writes acknowledged, {} rows compared through {}: {} lost, {} invented, {} wrong",
            self.acknowledged,
            self.rows,
            self.shape,
            self.lost.len(),
            self.invented.len(),
            self.wrong.len()
        )?;
        let kinds = [
            ("lost", &self.lost),
            ("invented", &self.invented),
            ("wrong", &self.wrong),
        ];
        for (kind, findings) in kinds {
            for finding in findings.iter().take(SHOWN) {
                write!(f, "\n  {kind}: {finding}")?;
            }
            if findings.len() > SHOWN {
                write!(f, "\n  {kind}: and {} more", findings.len() - SHOWN)?;
            }
        }
        Ok(())
    }
}

/// Compares the database at `url`, seen through one shape, with what the writers remember.
/// Call it for each shape that exists.
///
/// # Errors
///
/// When the database cannot be asked; for example because a table is not there.
pub async fn check(url: &str, outcome: &Outcome, shape: &Shape) -> Result<Verdict, WorkloadError> {
    let mut connection = PgConnection::connect(url)
        .await
        .map_err(WorkloadError::while_doing("connect to check"))?;
    // One snapshot for all tables.
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = {}",
        shape.search_path()
    );
    text_rows(&mut connection, &begin)
        .await
        .map_err(WorkloadError::while_doing("begin to check"))?;
    let mut verdict = Verdict {
        shape: shape.clone(),
        acknowledged: outcome.acknowledged,
        rows: 0,
        lost: Vec::new(),
        invented: Vec::new(),
        wrong: outcome.anomalies.clone(),
    };
    for table in Table::ALL {
        compare_written(&mut connection, table, outcome, &mut verdict).await?;
    }
    let bulk = Bulk::look(&mut connection).await?;
    compare_bulk(&outcome.bulk, &bulk, &mut verdict);
    Ok(verdict)
}

async fn compare_written(
    connection: &mut PgConnection,
    table: Table,
    outcome: &Outcome,
    verdict: &mut Verdict,
) -> Result<(), WorkloadError> {
    let runs: Vec<String> = outcome.runs.iter().map(|&run| run_prefix(run)).collect();
    let (length, runs) = (run_prefix(0).len(), runs.join(","));
    let sql = format!(
        "SELECT * FROM ({}) r WHERE left(marker, {length}) = ANY ('{{{runs}}}') \
         OR left(split_part(marker, '|', 2), {length}) = ANY ('{{{runs}}}')",
        table.select()
    );
    let rows = text_rows(connection, &sql)
        .await
        .map_err(WorkloadError::while_doing(format!("read {}", table.name())))?;
    let mut expected: BTreeMap<&str, &Content> = outcome
        .model
        .rows(table)
        .iter()
        .map(|(marker, content)| (marker.as_str(), content))
        .collect();
    verdict.rows += expected.len() as u64;
    for mut columns in rows {
        let content = columns.split_off(1);
        let row = table.row(columns.pop().flatten().unwrap_or_default());
        match expected.remove(row.marker.as_str()) {
            None => verdict.invented.push(invented(&row, outcome)),
            Some(wanted) => {
                for ((name, wanted), found) in table.fields().iter().zip(wanted).zip(&content) {
                    if wanted != found {
                        let (wanted, found) = (shown(wanted.as_ref()), shown(found.as_ref()));
                        let finding = format!("{row}: expected {name} {wanted}, but found {found}");
                        verdict.wrong.push(finding);
                    }
                }
            }
        }
    }
    let lost = expected.keys().map(|marker| table.row(*marker).to_string());
    verdict.lost.extend(lost);
    Ok(())
}

fn invented(row: &RowName, outcome: &Outcome) -> String {
    if outcome.model.get(row).is_some() {
        format!("{row} is there more than once")
    } else {
        row.to_string()
    }
}

fn shown(value: Option<&String>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| format!("`{value}`"))
}

fn compare_bulk(before: &Bulk, now: &Bulk, verdict: &mut Verdict) {
    for (table, before) in &before.tables {
        let Some(now) = now.tables.get(table) else {
            continue;
        };
        verdict.rows += before.rows;
        let name = table.name();
        if now.rows < before.rows {
            let missing = before.rows - now.rows;
            let finding = format!("{name}: {missing} of {} rows loaded before", before.rows);
            verdict.lost.push(finding);
        } else if now.rows > before.rows {
            let more = now.rows - before.rows;
            let finding = format!("{name}: {more} rows that no writer made");
            verdict.invented.push(finding);
        } else if now.sum != before.sum {
            let finding = format!("{name}: a row loaded before has another content or reference");
            verdict.wrong.push(finding);
        }
    }
}
