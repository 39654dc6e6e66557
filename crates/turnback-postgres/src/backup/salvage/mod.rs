//! Finds what was written after a backup: the replaced database compared with the restored one,
//! table by table in the order of keys; puts back what nothing is in the way of. Where a phase
//! has converted keys since, those before and after lead from one to the other.

mod doubt;
mod keys;
mod later;
mod ledgers;
mod put_back;
mod references;
mod rows;
mod shapes;
mod source;

use sqlx::PgConnection;
use turnback_core::backup::salvage::{By, Direction, KeyName, Kind, TableShape, Value, compare};
use turnback_core::backup::swap::{SwapMark, SwapStage};
use turnback_core::name::{Ident, TableName};

use self::keys::Keys;
use self::ledgers::Ledgers;
use self::put_back::PutBack;
use self::references::References;
use self::rows::{failed_rows, next, restored_rows, values};
use self::shapes::{Pair, Tables};
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
    /// Its key, as text, as the restored database has it or would have it.
    pub key: Vec<String>,
    /// What it holds in the replaced database, column by column as the table's shape has them,
    /// with the keys of the restored one; nothing of a row that was deleted.
    pub values: Vec<Value>,
    /// The same with its own keys.
    pub own: Vec<Option<String>>,
    /// The restored row was written since the restore: nothing may overwrite it.
    pub in_the_way: bool,
}

/// What is found, as it is found.
#[derive(Clone, Copy, Debug)]
pub enum Heard<'a> {
    /// New keys of a table follow.
    Keys {
        /// The statement that moves the table's sequence on behind those that are there.
        ahead: Option<&'a str>,
    },
    /// A key that nothing led from.
    Key {
        /// Which.
        key: &'a KeyName,
        /// What it is in the replaced database.
        replaced: &'a str,
        /// What was given for it in the restored one.
        restored: Option<&'a str>,
        /// An expression that makes one, where there is one.
        make: Option<&'a str>,
    },
    /// A row.
    Row {
        /// Its table.
        shape: &'a TableShape,
        /// What became of it.
        change: &'a Change,
    },
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

/// A key that two databases have in different shapes.
#[derive(Clone, Debug)]
pub struct TranslatedKey {
    /// Which.
    pub key: KeyName,
    /// From which shape to which.
    pub direction: Direction,
    /// The archive that leads from one to the other.
    pub archive: TableName,
    /// Rows that it does not lead from, to which a key was given when they were put back, now or
    /// before.
    pub given: u64,
    /// Such rows to which none was given yet.
    pub without: u64,
    /// There is something that makes keys.
    pub can_be_given: bool,
}

/// What was found in all.
#[derive(Clone, Debug)]
pub struct Found {
    /// Tables in which anything was found.
    pub tables: Vec<TableFound>,
    /// Tables that could not be compared, with the reason.
    pub untold: Vec<(TableName, String)>,
    /// Columns that were compared by way of keys before and after a conversion, with the key.
    pub translated: Vec<(TableName, Ident, KeyName)>,
    /// These keys.
    pub keys: Vec<TranslatedKey>,
}

/// Hears of everything that is found.
pub type Hear<'a> = &'a mut dyn FnMut(Heard<'_>) -> std::io::Result<()>;

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
    mut hear: Hear<'_>,
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
    let ledgers = Ledgers::read(&mut there, &mut here).await?;
    let references = References::read(&mut here).await?;
    let tables = Tables::read(&mut there, &mut here).await?;
    let found = tables.pairs(wanted.only, &ledgers, &references)?;
    let keys = Keys::of(wanted.failed, &found.pairs, &tables, &ledgers, &mut here).await?;
    keys.prepare(&mut there, &mut here).await?;
    if !wanted.put_back.is_empty() {
        keys.keep(&mut there, restored).await?;
    }
    let told = keys.tell(&mut there, &mut hear).await?;
    let mut details = session(&failed).await?;
    keys.prepare(&mut details, &mut here).await?;
    let compared = found.pairs.iter().map(|pair| pair.shape.table.clone());
    let compared = compared.collect();
    let mut comparison = Comparison {
        there,
        here,
        details,
        keys,
        writer: PutBack::open(restored, since, references, compared).await?,
        fresh: match since {
            Some(since) => format!("age(x.xmin) <= age('{since}'::xid)"),
            None => "true".to_owned(),
        },
        put_back: wanted.put_back,
    };
    let mut all = Vec::new();
    let of = found.pairs.len() as u64;
    for (at, pair) in found.pairs.iter().enumerate() {
        all.push(comparison.table(pair, &mut hear).await?);
        tell(Doing::Counting {
            tables: at as u64 + 1,
            of,
        });
    }
    comparison.writer.end(&mut all).await?;
    all.retain(|table| table.counts.iter().any(|count| *count > 0));
    Ok(Found {
        tables: all,
        untold: found.untold,
        translated: found.pairs.iter().flat_map(translated).collect(),
        keys: told,
    })
}

fn translated(pair: &Pair) -> impl Iterator<Item = (TableName, Ident, KeyName)> {
    pair.shape
        .columns
        .iter()
        .filter_map(|column| match &column.by {
            By::Key(key, _) => Some((pair.shape.table.clone(), column.name.clone(), key.clone())),
            By::Same | By::Beside => None,
        })
}

/// Two databases on the way through their tables.
struct Comparison<'a> {
    there: PgConnection,
    here: PgConnection,
    /// Reads single rows of the replaced database.
    details: PgConnection,
    keys: Keys,
    writer: PutBack,
    fresh: String,
    put_back: &'a [Kind],
}

impl Comparison<'_> {
    async fn table(&mut self, pair: &Pair, hear: &mut Hear<'_>) -> Result<TableFound, BackupError> {
        let mut table = TableFound {
            table: pair.shape.table.clone(),
            counts: [0; 3],
            put_back: 0,
            conflicts: 0,
            reasons: vec![],
        };
        let mut left = failed_rows(&mut self.there, pair, &self.keys);
        let mut right = restored_rows(&mut self.here, pair, &self.fresh);
        let mut failed_row = next(&mut left, &pair.shape.table).await?;
        let mut restored_row = next(&mut right, &pair.shape.table).await?;
        while let Some(step) = compare(failed_row.as_ref(), restored_row.as_ref()) {
            if let Some((kind, in_the_way)) = step.found {
                let row = if step.next_failed {
                    &failed_row
                } else {
                    &restored_row
                };
                let row = row.clone().unwrap_or_default();
                let (values, own) = match kind {
                    Kind::Deleted => (vec![], vec![]),
                    Kind::Added | Kind::Changed => {
                        values(&mut self.details, pair, &self.keys, &row.own_key).await?
                    }
                };
                let change = Change {
                    kind,
                    key: row.key,
                    values,
                    own,
                    in_the_way,
                };
                table.counts[kind as usize] += 1;
                hear(Heard::Row {
                    shape: &pair.shape,
                    change: &change,
                })
                .map_err(BackupError::io("writing what was found"))?;
                if self.put_back.contains(&kind) {
                    self.writer.add(&pair.shape, change, &mut table).await?;
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
        self.writer.end_table(pair, &mut table).await?;
        Ok(table)
    }
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
