//! The validation after turning back: the list that people write, each line with what shows it.

use std::collections::BTreeSet;
use std::time::Duration;

use turnback_core::exit::ExitCode;
use turnback_core::journal::JournalEvent;
use turnback_core::name::{TableName, list};
use turnback_core::recovery::{Part, ValidationLine, orphans, rows, unvalidated};
use turnback_core::schema::Snapshot;

use super::compare::{Counted, Deadline, count};
use super::course::Course;
use crate::back::BackTo;
use crate::edges::{Journal, Target};
use crate::error::{EngineError, Halt};
use crate::progress::Progress;
use crate::proof::Proof;

/// How long rows are counted where nobody has stopped anything: turning back is not to wait.
const BRIEFLY: Duration = Duration::from_secs(2);
/// How long rows are counted where hooks of the plan belong to the way back.
const THOROUGHLY: Duration = Duration::from_secs(30);

impl<T: Target, J: Journal> Course<'_, T, J> {
    /// How long rows are counted, before the drop and again after it.
    pub(super) fn patience(&self) -> Duration {
        if self.standing().has_hooks {
            THOROUGHLY
        } else {
            BRIEFLY
        }
    }

    /// Every line, to the last; then stops where one does not hold.
    pub(super) async fn validate(&mut self) -> Result<(), EngineError> {
        if self.recovery.to == BackTo::OldShape {
            // Looked at before a drop, where there is one.
            self.compare().await?;
        }
        let mut failed: Option<(String, ExitCode)> = None;
        for line in self.so_far.lines.clone() {
            self.line(line, &mut failed).await?;
        }
        for line in self.own_lines().await? {
            self.line(line, &mut failed).await?;
        }
        for line in self.measured_lines().await {
            self.line(line, &mut failed).await?;
        }
        self.ask_hooks(&mut failed).await?;
        match failed {
            None => Ok(()),
            Some((what, _)) if !self.standing().has_hooks => match self.proof.take() {
                Some(proof) if !proof.left_behind.is_empty() => proof.into_proven().map(drop),
                _ => Err(EngineError::NeedsPerson {
                    what,
                    next: "Every client can read and write; `turnback status` shows where every phase stands".to_owned(),
                }),
            },
            Some((what, code)) => {
                let standing = self.standing();
                Err(EngineError::Halted(Box::new(Halt {
                    what,
                    how_it_stands: standing.how_it_stands(),
                    next: standing.next(),
                    code,
                })))
            }
        }
    }

    /// Whether guards are content again.
    async fn measured_lines(&self) -> Vec<ValidationLine> {
        let promise = "every guard is content again";
        let Some(measured) = self.recovery.measured else {
            let line = ValidationLine::not_found_out(promise, "nothing was measured");
            return if self.plan.guards.is_empty() {
                vec![]
            } else {
                vec![line]
            };
        };
        self.run.show(Progress::Held {
            why: "guards are asked whether they are content again".to_owned(),
        });
        tokio::select! {
            lines = measured.lines() => lines,
            () = self.run.stop.asked() => vec![ValidationLine::not_found_out(
                promise,
                "it was stopped before they had said so",
            )],
        }
    }

    async fn line(
        &mut self,
        line: ValidationLine,
        failed: &mut Option<(String, ExitCode)>,
    ) -> Result<(), EngineError> {
        if line.fails() && failed.is_none() {
            let what = format!(
                "turned back, and it does not hold that {}: {}",
                line.promise, line.evidence
            );
            *failed = Some((what, ExitCode::NeedsPerson));
        }
        self.show_line(line).await
    }

    async fn show_line(&mut self, line: ValidationLine) -> Result<(), EngineError> {
        self.run
            .write(JournalEvent::Validated {
                promise: line.promise.clone(),
                holds: line.holds,
                evidence: line.evidence.clone(),
            })
            .await?;
        self.lines.push(line);
        Ok(())
    }

    /// The checks of the user's: each is a line. One whose failure the plan says to go on with is
    /// told, and stops nothing.
    async fn ask_hooks(
        &mut self,
        failed: &mut Option<(String, ExitCode)>,
    ) -> Result<(), EngineError> {
        let Some(helpers) = self.helpers.clone() else {
            return Ok(());
        };
        for (hook, phase) in self.hooks(Part::Validate) {
            let more = self.variables();
            let hooked = self.run.hook(&helpers, &hook, &phase, &more).await?;
            let promise = format!("{} passes", hook.name);
            let line = match &hooked.outcome.failure {
                None => {
                    let evidence = format!("it was done in {} ms", hooked.outcome.millis);
                    ValidationLine::found(promise, true, evidence)
                }
                Some(failure) => ValidationLine::found(promise, false, failure.clone()),
            };
            if hooked.stops.is_some() && failed.is_none() {
                let what = format!("turned back, and {}", hooked.sentence());
                *failed = Some((what, ExitCode::NeedsPerson));
            }
            self.show_line(line).await?;
        }
        Ok(())
    }

    /// What turnback finds out by itself.
    async fn own_lines(&self) -> Result<Vec<ValidationLine>, EngineError> {
        let mut lines = Vec::new();
        let tables: BTreeSet<TableName> = self
            .way
            .all()
            .flat_map(|record| record.program.tables.iter().cloned())
            .collect();
        let (Some(proof), Some(after)) = (&self.proof, &self.after) else {
            lines.push(ValidationLine::not_found_out(
                AS_BEFORE,
                "the new shape is kept for now",
            ));
            return Ok(lines);
        };
        lines.push(as_before(proof, &tables));
        if tables.is_empty() {
            return Ok(lines);
        }
        lines.push(valid(after, &tables));
        let deadline = Deadline::after(self.patience());
        lines.push(self.no_orphans(after, &tables, &deadline).await?);
        lines.extend(self.row_counts(after, &tables, &deadline).await?);
        Ok(lines)
    }

    async fn no_orphans(
        &self,
        after: &Snapshot,
        tables: &BTreeSet<TableName>,
        deadline: &Deadline,
    ) -> Result<ValidationLine, EngineError> {
        let promise = "no reference leads nowhere";
        let checks = orphans(after, tables);
        for check in &checks {
            match count(self.run, &check.sql, deadline).await? {
                Counted::Rows(0) => {}
                Counted::Rows(wrong) => {
                    let evidence = check.broken_by(wrong);
                    return Ok(ValidationLine::found(promise, false, evidence));
                }
                Counted::NotFoundOut(why) => {
                    return Ok(ValidationLine::not_found_out(promise, why));
                }
            }
        }
        let evidence = format!("counted for each of {} foreign key(s)", checks.len());
        Ok(ValidationLine::found(promise, true, evidence))
    }

    /// How many rows each table has now: a number to compare with one's own. Clients may add and
    /// delete all the while, so fewer than before would say nothing by itself.
    async fn row_counts(
        &self,
        after: &Snapshot,
        tables: &BTreeSet<TableName>,
        deadline: &Deadline,
    ) -> Result<Option<ValidationLine>, EngineError> {
        let promise = "every table can be read to its last row";
        let mut counted = Vec::new();
        for (table, sql) in rows(after, tables) {
            match count(self.run, &sql, deadline).await? {
                Counted::Rows(rows) => counted.push(format!("{table} {rows}")),
                Counted::NotFoundOut(why) => {
                    return Ok(Some(ValidationLine::not_found_out(promise, why)));
                }
            }
        }
        let evidence = format!("rows now: {}", list(counted));
        Ok(Some(ValidationLine::found(promise, true, evidence)))
    }
}

/// That nothing of the phases is left.
const AS_BEFORE: &str = "the catalog of every changed table equals the one before";

fn as_before(proof: &Proof, tables: &BTreeSet<TableName>) -> ValidationLine {
    match proof.left_behind.first() {
        None => ValidationLine::found(
            AS_BEFORE,
            true,
            format!(
                "{} table(s) compared with the look at the catalog before the phase; others changed {} thing(s) meanwhile",
                tables.len(),
                proof.by_others.len()
            ),
        ),
        Some(first) => ValidationLine::found(
            AS_BEFORE,
            false,
            format!(
                "{} difference(s), the first: {first}",
                proof.left_behind.len()
            ),
        ),
    }
}

/// Those that were not validated before the phase are not now: the comparison of catalogs would
/// name any other.
fn valid(after: &Snapshot, tables: &BTreeSet<TableName>) -> ValidationLine {
    let promise = "every foreign key is valid";
    match unvalidated(after, tables) {
        (all, open) if open.is_empty() => {
            let evidence = format!("PostgreSQL has validated all {all} of these tables");
            ValidationLine::found(promise, true, evidence)
        }
        (all, open) => ValidationLine::not_found_out(
            promise,
            format!(
                "{} of {all} are not validated, as before the phase: {}",
                open.len(),
                list(open)
            ),
        ),
    }
}
