//! Puts rows back, a few hundred in a transaction; where one of these fails, each by itself,
//! so that one that cannot go back keeps no other from it. What misses a row that it refers to
//! waits for the rest; what would come to hang on another row of the same key stays out.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backup::salvage::{Kind, TableShape, Value};
use turnback_core::name::{TableName, literal};

use super::super::error::BackupError;
use super::super::server::Server;
use super::doubt::{Doubts, Standing};
use super::references::References;
use super::shapes::Pair;
use super::{Change, SINCE, TableFound, note};
use crate::error::target_error;
use crate::session::run;

/// Rows of one transaction.
const BATCH: usize = 200;
/// A foreign key does not hold (PostgreSQL manual, appendix A).
const FOREIGN_KEY: &str = "23503";

/// A session that writes.
pub(super) struct PutBack {
    pub(super) session: PgConnection,
    pub(super) since: u64,
    waiting: Vec<Change>,
    wrote: bool,
    pub(super) references: References,
    pub(super) doubts: Doubts,
    /// What a foreign key has kept from going back.
    pub(super) later: Vec<Late>,
    /// The tables of these, each with the one that its sequences belong to.
    pub(super) shapes: BTreeMap<TableName, (TableShape, TableName)>,
}

/// A row that waits for others.
pub(super) struct Late {
    pub(super) table: TableName,
    pub(super) change: Change,
    /// What the server said last.
    pub(super) reason: String,
}

/// What became of a row.
pub(super) enum Put {
    Back,
    Spared,
    /// A foreign key does not hold.
    TooEarly(String),
    Refused(String),
}

impl PutBack {
    /// `since` is the transaction that gave the restored database its name, where one did.
    pub(super) async fn open(
        restored: &Server,
        since: Option<u64>,
        references: References,
        compared: BTreeSet<TableName>,
    ) -> Result<Self, BackupError> {
        let mut session = restored.session().await?;
        run(
            &mut session,
            "SET lock_timeout = '10s'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET lc_monetary = 'C'",
        )
        .await
        .map_err(BackupError::server("preparing to put rows back"))?;
        Ok(Self {
            session,
            since: since.unwrap_or_default(),
            waiting: vec![],
            wrote: false,
            references,
            doubts: Doubts::new(since, compared),
            later: vec![],
            shapes: BTreeMap::new(),
        })
    }

    /// Puts a row back, soon.
    pub(super) async fn add(
        &mut self,
        shape: &TableShape,
        change: Change,
        table: &mut TableFound,
    ) -> Result<(), BackupError> {
        if change.in_the_way {
            self.doubt(shape, &change);
            note(table, change.key, SINCE);
            return Ok(());
        }
        let unknown = change.values.iter().find_map(|value| match value {
            Value::Unknown(key, there) => Some(format!(
                "it has {there} of {key}, and nothing leads from there to a key of this database"
            )),
            _ => None,
        });
        if let Some(reason) = unknown {
            note(table, change.key, reason);
            return Ok(());
        }
        match self.standing(shape, &change).await? {
            Standing::Sure => self.waiting.push(change),
            Standing::Doubtful(reason) => note(table, change.key, reason),
            Standing::Open => self.later.push(Late {
                table: shape.table.clone(),
                change,
                reason: String::new(),
            }),
        }
        if self.waiting.len() == BATCH {
            self.flush(shape, table).await?;
        }
        Ok(())
    }

    /// Puts the last rows of a table back, and lets its sequences go on behind them.
    pub(super) async fn end_table(
        &mut self,
        pair: &Pair,
        table: &mut TableFound,
    ) -> Result<(), BackupError> {
        self.flush(&pair.shape, table).await?;
        self.doubts.end(&pair.shape.table);
        if self.later.iter().any(|late| late.table == pair.shape.table) {
            let shape = (pair.shape.clone(), pair.root.clone());
            self.shapes.insert(pair.shape.table.clone(), shape);
        }
        if std::mem::take(&mut self.wrote) {
            self.sequences(&pair.shape, &pair.root).await?;
        }
        Ok(())
    }

    async fn flush(
        &mut self,
        shape: &TableShape,
        table: &mut TableFound,
    ) -> Result<(), BackupError> {
        let batch = std::mem::take(&mut self.waiting);
        if batch.is_empty() {
            return Ok(());
        }
        self.run("BEGIN; SET CONSTRAINTS ALL DEFERRED").await?;
        let mut spared = Vec::new();
        let mut whole = true;
        for (at, change) in batch.iter().enumerate() {
            match self.write(shape, change).await {
                Ok(0) => spared.push(at),
                Ok(_) => {}
                Err(sqlx::Error::Database(_)) => {
                    whole = false;
                    break;
                }
                Err(error) => return Err(BackupError::sql("putting rows back")(error)),
            }
        }
        // Deferred constraints have their say at the end.
        if whole {
            whole = sqlx::raw_sql("COMMIT")
                .execute(&mut self.session)
                .await
                .is_ok();
        } else {
            self.run("ROLLBACK").await?;
        }
        if whole {
            for at in &spared {
                self.doubt(shape, &batch[*at]);
                note(
                    table,
                    batch[*at].key.clone(),
                    spared_because(batch[*at].kind),
                );
            }
            table.put_back += (batch.len() - spared.len()) as u64;
            self.wrote |= batch.len() > spared.len();
            return Ok(());
        }
        for change in batch {
            match self.put(shape, &change).await? {
                Put::Back => {
                    table.put_back += 1;
                    self.wrote = true;
                }
                Put::Spared => {
                    self.doubt(shape, &change);
                    note(table, change.key, spared_because(change.kind));
                }
                Put::TooEarly(reason) => self.later.push(Late {
                    table: shape.table.clone(),
                    change,
                    reason,
                }),
                Put::Refused(reason) => note(table, change.key, reason),
            }
        }
        Ok(())
    }

    /// Puts one row back, by itself.
    pub(super) async fn put(
        &mut self,
        shape: &TableShape,
        change: &Change,
    ) -> Result<Put, BackupError> {
        match self.write(shape, change).await {
            Ok(0) => Ok(Put::Spared),
            Ok(_) => Ok(Put::Back),
            Err(sqlx::Error::Database(error)) => {
                let is_early = error.code().as_deref() == Some(FOREIGN_KEY);
                let reason = target_error(sqlx::Error::Database(error), "").to_string();
                Ok(if is_early {
                    Put::TooEarly(reason)
                } else {
                    Put::Refused(reason)
                })
            }
            Err(error) => Err(BackupError::sql("putting rows back")(error)),
        }
    }

    async fn write(&mut self, shape: &TableShape, change: &Change) -> Result<u64, sqlx::Error> {
        let done = sqlx::raw_sql(AssertSqlSafe(self.statement(shape, change)))
            .execute(&mut self.session)
            .await?;
        Ok(done.rows_affected())
    }

    /// The statement that puts a row back.
    pub(super) fn statement(&self, shape: &TableShape, change: &Change) -> String {
        match change.kind {
            Kind::Added => shape.insert(&change.values),
            // A row that is its key alone cannot have changed.
            Kind::Changed => shape.update(&change.key, &change.values, self.since),
            Kind::Deleted => shape.delete(&change.key, self.since),
        }
    }

    pub(super) async fn run(&mut self, sql: &str) -> Result<(), BackupError> {
        run(&mut self.session, sql)
            .await
            .map_err(BackupError::server("putting rows back"))
    }

    /// A sequence that stood where the backup was taken would give out keys again that rows
    /// have which were put back. The sequences of partitions are those of the table at their top.
    pub(super) async fn sequences(
        &mut self,
        shape: &TableShape,
        root: &TableName,
    ) -> Result<(), BackupError> {
        for column in shape.columns.iter().map(|column| &column.name) {
            let sequence: Option<String> =
                sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
                    .bind(root.to_string())
                    .bind(column.as_str())
                    .persistent(false)
                    .fetch_one(&mut self.session)
                    .await
                    .map_err(BackupError::sql(format!(
                        "looking for sequences of {}",
                        shape.table
                    )))?;
            let Some(sequence) = sequence else { continue };
            let sql = format!(
                "SELECT setval({}::regclass, m) FROM (SELECT max({column})::bigint AS m FROM {}) t \
                 WHERE m > (SELECT last_value FROM {sequence})",
                literal(&sequence),
                shape.table
            );
            self.run(&sql).await?;
        }
        Ok(())
    }
}

pub(super) fn spared_because(kind: Kind) -> &'static str {
    match kind {
        Kind::Added => "a row with one of its keys is there",
        Kind::Changed | Kind::Deleted => SINCE,
    }
}
