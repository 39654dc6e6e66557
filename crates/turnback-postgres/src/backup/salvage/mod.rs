//! Finds what was written after a backup: the replaced database compared with the restored one,
//! table by table in the order of keys; puts back what nothing is in the way of.

mod put_back;
mod shapes;

use std::pin::Pin;

use futures_util::{Stream, TryStreamExt};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_core::backup::salvage::{Kind, Seen, TableShape, compare};
use turnback_core::backup::swap::{SwapMark, SwapStage};
use turnback_core::name::{Ident, TableName, list};

use self::put_back::PutBack;
use self::shapes::{Pair, pairs};
use super::contents::AS_TEXT;
use super::error::BackupError;
use super::server::Server;
use super::tell::{Doing, Tell};
use crate::session::run;

/// So many of a table's conflicts are kept with their reasons; all are counted.
const KEPT: usize = 50;

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The replaced database.
    pub failed: &'a str,
    /// Only these tables; all when empty.
    pub only: &'a [TableName],
    /// Which kinds are put back; none when empty.
    pub put_back: &'a [Kind],
}

/// A row that was written after the backup.
#[derive(Clone, Debug)]
pub struct Change {
    /// What became of it.
    pub kind: Kind,
    /// Its key, as text.
    pub key: Vec<String>,
    /// What it holds in the replaced database, column by column as the table's shape has them;
    /// nothing of a row that was deleted.
    pub values: Vec<Option<String>>,
    /// The restored row was written since the restore: nothing may overwrite it.
    pub in_the_way: bool,
}

/// What was found in one table.
#[derive(Clone, Debug)]
pub struct TableFound {
    /// The table.
    pub table: TableName,
    /// Rows added, changed and deleted after the backup.
    pub counts: [u64; 3],
    /// Rows put back.
    pub put_back: u64,
    /// Rows that something is in the way of.
    pub conflicts: u64,
    /// The first of them, with key and reason.
    pub reasons: Vec<(Vec<String>, String)>,
}

/// What was found in all.
#[derive(Clone, Debug)]
pub struct Found {
    /// Tables in which anything was found.
    pub tables: Vec<TableFound>,
    /// Tables that could not be compared, with the reason.
    pub untold: Vec<(TableName, String)>,
}

/// Hears of every row that is found.
pub type Hear<'a> = &'a mut dyn FnMut(&TableShape, &Change) -> std::io::Result<()>;

/// The databases whose place was taken by restores of this one, newest last.
///
/// # Errors
///
/// When the server does not answer.
pub async fn replaced(server: &Server) -> Result<Vec<String>, BackupError> {
    let found = super::swap::databases_of(server).await?;
    Ok(found.replaced.into_iter().map(|(name, _)| name).collect())
}

/// Compares, and puts back what is wanted.
///
/// # Errors
///
/// When one of the databases does not answer, or `hear` fails.
pub async fn salvage(
    restored: &Server,
    wanted: Wanted<'_>,
    hear: Hear<'_>,
    tell: Tell<'_>,
) -> Result<Found, BackupError> {
    let failed = restored.other(wanted.failed);
    let since = swapped_by(restored, wanted.failed).await?;
    if since.is_none() && wanted.put_back.iter().any(|kind| *kind != Kind::Added) {
        return Err(BackupError::refused(
            format!(
                "{} was not replaced by `turnback restore --swap`, so nobody knows which rows were written since",
                wanted.failed
            ),
            "Put back what was added alone, or export it. Nothing was touched.",
        ));
    }
    let mut there = session(&failed).await?;
    let mut here = session(restored).await?;
    let found = pairs(&mut there, &mut here, wanted.only).await?;
    let mut details = session(&failed).await?;
    let mut writer = PutBack::open(restored, since.unwrap_or_default()).await?;
    let mut tables = Vec::new();
    let of = found.pairs.len() as u64;
    for (at, pair) in found.pairs.iter().enumerate() {
        let mut table = TableFound {
            table: pair.shape.table.clone(),
            counts: [0; 3],
            put_back: 0,
            conflicts: 0,
            reasons: vec![],
        };
        let mut left = rows(
            &mut there,
            &pair.shape.table,
            &pair.keys,
            &pair.counterparts,
            "false",
        );
        let fresh = match since {
            Some(since) => format!("age(x.xmin) <= age('{since}'::xid)"),
            None => "true".to_owned(),
        };
        let own_keys: Vec<Ident> = pair.shape.key.iter().map(|(key, _)| key.clone()).collect();
        let mut right = rows(
            &mut here,
            &pair.shape.table,
            &own_keys,
            &pair.shape.columns,
            &fresh,
        );
        let mut failed_row = next(&mut left, &pair.shape.table).await?;
        let mut restored_row = next(&mut right, &pair.shape.table).await?;
        while let Some(step) = compare(failed_row.as_ref(), restored_row.as_ref()) {
            if let Some((kind, in_the_way)) = step.found {
                let row = if step.next_failed {
                    &failed_row
                } else {
                    &restored_row
                };
                let key = row.as_ref().map(|row| row.key.clone()).unwrap_or_default();
                let values = match kind {
                    Kind::Deleted => vec![],
                    Kind::Added | Kind::Changed => values(&mut details, pair, &key).await?,
                };
                let change = Change {
                    kind,
                    key,
                    values,
                    in_the_way,
                };
                table.counts[kind as usize] += 1;
                hear(&pair.shape, &change).map_err(BackupError::io("writing what was found"))?;
                if wanted.put_back.contains(&kind) {
                    writer.add(&pair.shape, change, &mut table).await?;
                } else if change.in_the_way {
                    note(&mut table, change.key, SINCE);
                }
            }
            if step.next_failed {
                failed_row = next(&mut left, &pair.shape.table).await?;
            }
            if step.next_restored {
                restored_row = next(&mut right, &pair.shape.table).await?;
            }
        }
        drop((left, right));
        writer.end_table(&pair.shape, &mut table).await?;
        if table.counts.iter().any(|count| *count > 0) {
            tables.push(table);
        }
        tell(Doing::Counting {
            tables: at as u64 + 1,
            of,
        });
    }
    Ok(Found {
        tables,
        untold: found.untold,
    })
}

/// Why a row that was written since the restore stays as it is.
const SINCE: &str = "the restored row was written since the restore";

fn note(table: &mut TableFound, key: Vec<String>, reason: impl Into<String>) {
    table.conflicts += 1;
    if table.reasons.len() < KEPT {
        table.reasons.push((key, reason.into()));
    }
}

async fn session(server: &Server) -> Result<PgConnection, BackupError> {
    let mut session = server.session().await?;
    run(&mut session, AS_TEXT)
        .await
        .map_err(BackupError::server("preparing to compare"))?;
    Ok(session)
}

/// The transaction that gave the restored database its name.
async fn swapped_by(restored: &Server, failed: &str) -> Result<Option<u64>, BackupError> {
    let mut session = restored.maintenance().await?;
    let comment: Option<Option<String>> = sqlx::query_scalar(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1",
    )
    .bind(failed)
    .persistent(false)
    .fetch_optional(&mut session)
    .await
    .map_err(BackupError::sql("looking for the replaced database"))?;
    let Some(comment) = comment else {
        return Err(BackupError::refused(
            format!("there is no database {failed} on the server"),
            "`turnback restore --swap` keeps the one that it replaces as NAME_failed_TIME. Nothing was touched.",
        ));
    };
    Ok(comment
        .as_deref()
        .and_then(SwapMark::read)
        .filter(|mark| mark.turnback_restore == SwapStage::Replaced)
        .and_then(|mark| mark.swapped_by))
}

type Rows<'a> = Pin<Box<dyn Stream<Item = Result<PgRow, sqlx::Error>> + Send + 'a>>;

/// Rows of a table in the order of their keys as bytes, which is the same everywhere.
fn rows<'a>(
    session: &'a mut PgConnection,
    table: &TableName,
    keys: &[Ident],
    columns: &[Ident],
    fresh: &str,
) -> Rows<'a> {
    let sql = format!(
        "SELECT ARRAY[{}] AS key, md5(ROW({})::text) AS hash, {fresh} AS fresh FROM ONLY {table} AS x ORDER BY {}",
        list(keys.iter().map(|key| format!("x.{key}::text"))),
        list(columns.iter().map(|column| format!("x.{column}"))),
        list(
            keys.iter()
                .map(|key| format!("x.{key}::text COLLATE \"C\""))
        ),
    );
    sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .fetch(session)
}

async fn next(rows: &mut Rows<'_>, table: &TableName) -> Result<Option<Seen>, BackupError> {
    let doing = || BackupError::sql(format!("comparing {table}"));
    let Some(row) = rows.try_next().await.map_err(doing())? else {
        return Ok(None);
    };
    Ok(Some(Seen {
        key: row.try_get("key").map_err(doing())?,
        hash: row.try_get("hash").map_err(doing())?,
        fresh: row.try_get("fresh").map_err(doing())?,
    }))
}

/// What a row holds in the replaced database.
async fn values(
    session: &mut PgConnection,
    pair: &Pair,
    key: &[String],
) -> Result<Vec<Option<String>>, BackupError> {
    let there = TableShape {
        key: pair
            .keys
            .iter()
            .zip(&pair.shape.key)
            .map(|(name, (_, kind))| (name.clone(), kind.clone()))
            .collect(),
        ..pair.shape.clone()
    };
    let sql = format!(
        "SELECT ARRAY[{}] FROM ONLY {} AS t WHERE {}",
        list(
            pair.counterparts
                .iter()
                .map(|column| format!("t.{column}::text"))
        ),
        pair.shape.table,
        there.is(key)
    );
    sqlx::query_scalar(AssertSqlSafe(sql))
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(BackupError::sql(format!(
            "reading a row of {}",
            pair.shape.table
        )))
}
