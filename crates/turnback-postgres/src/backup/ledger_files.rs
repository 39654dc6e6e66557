//! The ledger and the key archives by themselves: as files beside a backup, and in a second
//! database.

use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::PgConnection;
use tokio::io::AsyncWriteExt;
use turnback_core::name::{Ident, TableName, list};
use turnback_core::plan::Target as Url;

use super::contents::tables;
use super::error::BackupError;
use super::server::Server;
use crate::session::run;

/// The ledger's schema.
const LEDGER: &str = "turnback";
/// Where a second database keeps the copies, a table for each of the ledger's.
const COPY: &str = "turnback_copy";

/// Writes every table of the ledger as a file of comma-separated values, with a header. Nothing
/// where there is no ledger.
pub(super) async fn write(session: &mut PgConnection, directory: &Path) -> Result<(), BackupError> {
    for table in ledger_tables(session).await? {
        let doing = || BackupError::io(format!("writing {table} to {}", directory.display()));
        tokio::fs::create_dir_all(directory)
            .await
            .map_err(doing())?;
        let path = directory.join(format!("{}.csv", table.name.as_str()));
        let mut file = tokio::fs::File::create(&path).await.map_err(doing())?;
        let mut rows = session
            .copy_out_raw(&format!("COPY {table} TO STDOUT (FORMAT csv, HEADER)"))
            .await
            .map_err(BackupError::sql(format!("reading {table}")))?;
        while let Some(part) = rows
            .try_next()
            .await
            .map_err(BackupError::sql(format!("reading {table}")))?
        {
            file.write_all(&part).await.map_err(doing())?;
        }
        file.sync_all().await.map_err(doing())?;
    }
    Ok(())
}

/// Copies the ledger and the key archives to a second database, in one transaction there: a
/// schema for each source database, replaced as a whole. Gives the number of tables.
///
/// # Errors
///
/// When one of the two does not answer or refuses.
pub async fn copy_ledger(from: &Server, to: &Url) -> Result<u64, BackupError> {
    let to = Server::new(to)?;
    let doing = || BackupError::server(format!("copying the ledger to {}", to.redacted()));
    let mut source = from.session().await?;
    let mut target = to.session().await?;
    run(
        &mut source,
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    )
    .await
    .map_err(doing())?;
    let tables = ledger_tables(&mut source).await?;
    let schema = Ident::new(COPY).with_suffix(&format!("_{}", from.database()));
    run(
        &mut target,
        &format!("BEGIN; CREATE SCHEMA IF NOT EXISTS {schema}; SET LOCAL lock_timeout = '30s'"),
    )
    .await
    .map_err(doing())?;
    for table in &tables {
        copy(&mut source, &mut target, table, &schema).await?;
    }
    run(&mut target, "COMMIT").await.map_err(doing())?;
    run(&mut source, "COMMIT").await.map_err(doing())?;
    Ok(tables.len() as u64)
}

async fn copy(
    source: &mut PgConnection,
    target: &mut PgConnection,
    table: &TableName,
    schema: &Ident,
) -> Result<(), BackupError> {
    let doing = || BackupError::sql(format!("copying {table} to the second database"));
    let columns: Vec<(String, String)> = sqlx::query_as(
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a \
         JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
    )
    .bind(table.schema.as_str())
    .bind(table.name.as_str())
    .persistent(false)
    .fetch_all(&mut *source)
    .await
    .map_err(doing())?;
    let names = list(columns.iter().map(|(name, _)| Ident::new(name)));
    let typed = list(
        columns
            .iter()
            .map(|(name, kind)| format!("{} {kind}", Ident::new(name))),
    );
    let into = TableName::new(schema.clone(), table.name.clone());
    run(
        target,
        &format!("DROP TABLE IF EXISTS {into}; CREATE TABLE {into} ({typed})"),
    )
    .await
    .map_err(BackupError::server(format!(
        "copying {table} to the second database"
    )))?;
    let mut rows = source
        .copy_out_raw(&format!("COPY {table} ({names}) TO STDOUT"))
        .await
        .map_err(doing())?;
    let mut sink = target
        .copy_in_raw(&format!("COPY {into} ({names}) FROM STDIN"))
        .await
        .map_err(doing())?;
    while let Some(part) = rows.try_next().await.map_err(doing())? {
        sink.send(part).await.map_err(doing())?;
    }
    sink.finish().await.map_err(doing())?;
    Ok(())
}

async fn ledger_tables(session: &mut PgConnection) -> Result<Vec<TableName>, BackupError> {
    let mut tables = tables(session).await?;
    tables.retain(|table| table.schema.as_str() == LEDGER);
    Ok(tables)
}
