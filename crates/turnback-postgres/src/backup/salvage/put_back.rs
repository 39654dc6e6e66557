//! Puts rows back, a few hundred in a transaction; where one of these fails, each by itself,
//! so that one that cannot go back keeps no other from it.

use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backup::salvage::{Kind, TableShape};
use turnback_core::name::literal;

use super::super::error::BackupError;
use super::super::server::Server;
use super::{Change, SINCE, TableFound, note};
use crate::error::target_error;
use crate::session::run;

/// Rows of one transaction.
const BATCH: usize = 200;

/// A session that writes.
pub(super) struct PutBack {
    session: PgConnection,
    since: u64,
    waiting: Vec<Change>,
    wrote: bool,
}

impl PutBack {
    /// `since` is the transaction that gave the restored database its name.
    pub(super) async fn open(restored: &Server, since: u64) -> Result<Self, BackupError> {
        let mut session = restored.session().await?;
        run(
            &mut session,
            "SET lock_timeout = '10s'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET lc_monetary = 'C'",
        )
        .await
        .map_err(BackupError::server("preparing to put rows back"))?;
        Ok(Self {
            session,
            since,
            waiting: vec![],
            wrote: false,
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
            note(table, change.key, SINCE);
            return Ok(());
        }
        self.waiting.push(change);
        if self.waiting.len() == BATCH {
            self.flush(shape, table).await?;
        }
        Ok(())
    }

    /// Puts the last rows of a table back, and lets its sequences go on behind them.
    pub(super) async fn end_table(
        &mut self,
        shape: &TableShape,
        table: &mut TableFound,
    ) -> Result<(), BackupError> {
        self.flush(shape, table).await?;
        if std::mem::take(&mut self.wrote) {
            self.sequences(shape).await?;
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
        self.run("BEGIN").await?;
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
            match self.write(shape, &change).await {
                Ok(0) => note(table, change.key, spared_because(change.kind)),
                Ok(_) => {
                    table.put_back += 1;
                    self.wrote = true;
                }
                Err(error @ sqlx::Error::Database(_)) => {
                    note(table, change.key, target_error(error, "").to_string());
                }
                Err(error) => return Err(BackupError::sql("putting rows back")(error)),
            }
        }
        Ok(())
    }

    async fn write(&mut self, shape: &TableShape, change: &Change) -> Result<u64, sqlx::Error> {
        let sql = match change.kind {
            Kind::Added => shape.insert(&change.values),
            // A row that is its key alone cannot have changed.
            Kind::Changed => shape.update(&change.key, &change.values, self.since),
            Kind::Deleted => shape.delete(&change.key, self.since),
        };
        let done = sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut self.session)
            .await?;
        Ok(done.rows_affected())
    }

    async fn run(&mut self, sql: &str) -> Result<(), BackupError> {
        run(&mut self.session, sql)
            .await
            .map_err(BackupError::server("putting rows back"))
    }

    /// A sequence that stood where the backup was taken would give out keys again that rows
    /// have which were put back.
    async fn sequences(&mut self, shape: &TableShape) -> Result<(), BackupError> {
        for column in &shape.columns {
            let sequence: Option<String> =
                sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
                    .bind(shape.table.to_string())
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

fn spared_because(kind: Kind) -> &'static str {
    match kind {
        Kind::Added => "a row with one of its keys is there",
        Kind::Changed | Kind::Deleted => SINCE,
    }
}
