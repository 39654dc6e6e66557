//! Rows that others had to go before: tried again as long as that helps, and what refers to one
//! another in a circle in one statement, at whose end foreign keys are checked.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;
use turnback_core::backup::salvage::{Kind, Loose, knots, wishes};
use turnback_core::name::{TableName, list};

use super::super::error::BackupError;
use super::doubt::loose;
use super::put_back::{Late, Put, PutBack, spared_because};
use super::{TableFound, note};

impl PutBack {
    /// Puts back what has waited for the rest.
    pub(super) async fn end(&mut self, all: &mut [TableFound]) -> Result<(), BackupError> {
        let mut wrote = BTreeSet::new();
        loop {
            let before = self.later.len();
            self.again(all, &mut wrote).await?;
            if self.later.is_empty() || self.later.len() == before {
                break;
            }
        }
        let (gone, left): (Vec<Late>, Vec<Late>) = std::mem::take(&mut self.later)
            .into_iter()
            .partition(|late| late.change.kind == Kind::Deleted);
        self.circles(left, all, &mut wrote).await?;
        if !gone.is_empty() {
            self.together(gone, all, &mut wrote).await?;
        }
        for table in wrote {
            if let Some((shape, root)) = self.shapes.get(&table).cloned() {
                self.sequences(&shape, &root).await?;
            }
        }
        Ok(())
    }

    /// Tries each once more.
    async fn again(
        &mut self,
        all: &mut [TableFound],
        wrote: &mut BTreeSet<TableName>,
    ) -> Result<(), BackupError> {
        for mut late in std::mem::take(&mut self.later) {
            let Some((shape, _)) = self.shapes.get(&late.table).cloned() else {
                self.later.push(late);
                continue;
            };
            if let Some(reason) = self.doubtful(&shape, &late.change) {
                found(all, &late.table, |table| {
                    note(table, late.change.key, reason)
                });
                continue;
            }
            match self.put(&shape, &late.change).await? {
                Put::Back => {
                    found(all, &late.table, |table| table.put_back += 1);
                    wrote.insert(late.table);
                }
                Put::Spared => {
                    self.doubt(&shape, &late.change);
                    let reason = spared_because(late.change.kind);
                    found(all, &late.table, |table| {
                        note(table, late.change.key, reason)
                    });
                }
                Put::TooEarly(reason) => {
                    late.reason = reason;
                    self.later.push(late);
                }
                Put::Refused(reason) => {
                    found(all, &late.table, |table| {
                        note(table, late.change.key, reason)
                    });
                }
            }
        }
        Ok(())
    }

    /// Puts back what finds all it refers to in the database or in one another.
    async fn circles(
        &mut self,
        left: Vec<Late>,
        all: &mut [TableFound],
        wrote: &mut BTreeSet<TableName>,
    ) -> Result<(), BackupError> {
        let loose: Vec<Loose> = left
            .iter()
            .filter_map(|late| Some(loose(&self.shapes.get(&late.table)?.0, &late.change)))
            .collect();
        let references = &self.references;
        let wishes = wishes(&loose, &references.all);
        let held = references.held(&mut self.session, wishes).await?;
        let knots = knots(&loose, &references.all, &held);
        let mut left: Vec<Option<Late>> = left.into_iter().map(Some).collect();
        for knot in knots {
            let group = knot.into_iter().filter_map(|at| left[at].take()).collect();
            self.together(group, all, wrote).await?;
        }
        for late in left.into_iter().flatten() {
            found(all, &late.table, |table| {
                note(table, late.change.key, late.reason)
            });
        }
        Ok(())
    }

    /// Puts rows back in one statement, all or none.
    async fn together(
        &mut self,
        group: Vec<Late>,
        all: &mut [TableFound],
        wrote: &mut BTreeSet<TableName>,
    ) -> Result<(), BackupError> {
        let mut added: BTreeMap<&TableName, Vec<&Late>> = BTreeMap::new();
        let mut statements = Vec::new();
        for late in &group {
            match (late.change.kind, self.shapes.get(&late.table)) {
                (Kind::Added, _) => added.entry(&late.table).or_default().push(late),
                (_, Some((shape, _))) => statements.push(self.statement(shape, &late.change)),
                (_, None) => {}
            }
        }
        for (table, rows) in added {
            if let Some((shape, _)) = self.shapes.get(table) {
                let rows = rows.iter().map(|late| late.change.values.as_slice());
                statements.push(shape.insert_all(rows));
            }
        }
        let parts = statements
            .iter()
            .enumerate()
            .map(|(at, sql)| format!("r{at} AS ({sql} RETURNING 1)"));
        let counts = (0..statements.len()).map(|at| format!("(SELECT count(*) FROM r{at})"));
        let sql = format!(
            "WITH {} SELECT {}",
            list(parts),
            counts.collect::<Vec<_>>().join(" + ")
        );
        self.run("BEGIN; SET CONSTRAINTS ALL DEFERRED").await?;
        let done: Result<i64, sqlx::Error> = sqlx::query_scalar(AssertSqlSafe(sql))
            .persistent(false)
            .fetch_one(&mut self.session)
            .await;
        let whole = match done {
            Ok(rows) if usize::try_from(rows) == Ok(group.len()) => {
                let committed = sqlx::raw_sql("COMMIT").execute(&mut self.session).await;
                match committed {
                    Ok(_) => true,
                    Err(sqlx::Error::Database(_)) => false,
                    Err(error) => return Err(BackupError::sql("putting rows back")(error)),
                }
            }
            Ok(_) | Err(sqlx::Error::Database(_)) => {
                self.run("ROLLBACK").await?;
                false
            }
            Err(error) => return Err(BackupError::sql("putting rows back")(error)),
        };
        for late in group {
            if whole {
                found(all, &late.table, |table| table.put_back += 1);
                wrote.insert(late.table);
            } else {
                found(all, &late.table, |table| {
                    note(table, late.change.key, late.reason)
                });
            }
        }
        Ok(())
    }
}

fn found(all: &mut [TableFound], table: &TableName, change: impl FnOnce(&mut TableFound)) {
    if let Some(found) = all.iter_mut().find(|found| found.table == *table) {
        change(found);
    }
}
