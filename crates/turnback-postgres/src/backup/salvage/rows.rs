//! Rows of a table, as two databases are compared by them.

use std::collections::BTreeMap;
use std::pin::Pin;

use futures_util::{Stream, TryStreamExt};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_core::backup::salvage::{By, Seen, ShapeColumn, SideColumn, Value, is};
use turnback_core::name::{Ident, TableName, list};

use super::super::error::BackupError;
use super::keys::Keys;
use super::shapes::Pair;

pub(super) type Rows<'a> = Pin<Box<dyn Stream<Item = Result<PgRow, sqlx::Error>> + Send + 'a>>;

/// What leads a query from keys of the replaced database to those of the restored one.
#[derive(Default)]
struct Joins<'a> {
    /// For each column that holds such a key, the place of the key among all, and an alias.
    columns: BTreeMap<&'a Ident, (usize, String)>,
}

impl<'a> Joins<'a> {
    /// A column as the restored database would have it. A key that nothing leads from stays what
    /// it is, and so equals none.
    fn text(&mut self, keys: &Keys, column: &'a SideColumn, by: &By) -> Option<String> {
        let By::Key(name, direction) = by else {
            return None;
        };
        let place = keys.place(name, *direction)?;
        let alias = format!("k{}", self.columns.len());
        let (_, alias) = self.columns.entry(&column.name).or_insert((place, alias));
        Some(format!(
            "COALESCE({alias}.here::text, x.{}::text)",
            column.name
        ))
    }

    fn with(&self, keys: &Keys) -> String {
        let mut places: Vec<usize> = self.columns.values().map(|(place, _)| *place).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return String::new();
        }
        let parts = places.iter().map(|place| {
            let pairs = keys.all[*place].pairs();
            format!("key_{place} (there, here) AS MATERIALIZED ({pairs})")
        });
        format!("WITH {} ", list(parts))
    }

    fn joins(&self) -> String {
        let one = |(column, (place, alias)): (&&Ident, &(usize, String))| {
            format!(" LEFT JOIN key_{place} {alias} ON {alias}.there = x.{column}")
        };
        self.columns.iter().map(one).collect()
    }
}

/// Rows of the replaced database, in the order of their keys (as the restored one would have them)
/// as bytes, which is the same everywhere.
pub(super) fn failed_rows<'a>(session: &'a mut PgConnection, pair: &Pair, keys: &Keys) -> Rows<'a> {
    let mut joins = Joins::default();
    let key: Vec<String> = pair
        .keys
        .iter()
        .map(|key| {
            let text = joins.text(keys, &key.there, &key.by);
            text.unwrap_or_else(|| format!("x.{}::text", key.there.name))
        })
        .collect();
    let own = pair
        .keys
        .iter()
        .map(|key| format!("x.{}::text", key.there.name));
    let own = list(own);
    let columns: Vec<String> = compared(pair)
        .map(|(column, there)| {
            let text = joins.text(keys, there, &column.by);
            text.unwrap_or_else(|| format!("x.{}", there.name))
        })
        .collect();
    let sql = format!(
        "{}SELECT ARRAY[{}] AS key, ARRAY[{own}] AS own_key, md5(ROW({})::text) AS hash, false AS fresh FROM {} AS x{} ORDER BY {}",
        joins.with(keys),
        list(&key),
        list(columns),
        pair.from,
        joins.joins(),
        list(key.iter().map(|key| format!("{key} COLLATE \"C\"")))
    );
    sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .fetch(session)
}

/// Rows of the restored database, in the same order; `fresh` tells those that were written since
/// the restore.
pub(super) fn restored_rows<'a>(
    session: &'a mut PgConnection,
    pair: &Pair,
    fresh: &str,
) -> Rows<'a> {
    let key: Vec<String> = pair
        .shape
        .key
        .iter()
        .map(|(key, _)| format!("x.{key}::text"))
        .collect();
    let sql = format!(
        "SELECT ARRAY[{key}] AS key, ARRAY[{key}] AS own_key, md5(ROW({})::text) AS hash, {fresh} AS fresh FROM {} AS x ORDER BY {}",
        list(compared(pair).map(|(column, _)| format!("x.{}", column.name))),
        pair.from,
        list(key.iter().map(|key| format!("{key} COLLATE \"C\""))),
        key = list(&key)
    );
    sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .fetch(session)
}

/// The columns that rows are compared by, each with its counterpart.
fn compared(pair: &Pair) -> impl Iterator<Item = (&ShapeColumn, &SideColumn)> {
    let columns = pair.shape.columns.iter().zip(&pair.counterparts);
    columns.filter(|(column, _)| column.by != By::Beside)
}

pub(super) async fn next(
    rows: &mut Rows<'_>,
    table: &TableName,
) -> Result<Option<Seen>, BackupError> {
    let doing = || BackupError::sql(format!("comparing {table}"));
    let Some(row) = rows.try_next().await.map_err(doing())? else {
        return Ok(None);
    };
    Ok(Some(Seen {
        key: row.try_get("key").map_err(doing())?,
        own_key: row.try_get("own_key").map_err(doing())?,
        hash: row.try_get("hash").map_err(doing())?,
        fresh: row.try_get("fresh").map_err(doing())?,
    }))
}

/// What a row of the replaced database holds: as the restored one would have it, and as it is.
pub(super) async fn values(
    session: &mut PgConnection,
    pair: &Pair,
    keys: &Keys,
    own_key: &[String],
) -> Result<(Vec<Value>, Vec<Option<String>>), BackupError> {
    let columns = || pair.shape.columns.iter().zip(&pair.counterparts);
    let led = columns().map(|(column, there)| {
        let plain = format!("t.{}", there.name);
        let lookup = match &column.by {
            By::Key(name, direction) => keys
                .place(name, *direction)
                .map(|place| keys.all[place].lookup(&plain)),
            By::Same | By::Beside => None,
        };
        format!("({})::text", lookup.unwrap_or(plain))
    });
    let own: Vec<(Ident, String)> = pair
        .keys
        .iter()
        .map(|key| (key.there.name.clone(), key.there.kind.clone()))
        .collect();
    let sql = format!(
        "SELECT ARRAY[{}]::text[] AS led, ARRAY[{}]::text[] AS own FROM {} AS t WHERE {}",
        list(led),
        list(
            pair.counterparts
                .iter()
                .map(|there| format!("t.{}::text", there.name))
        ),
        pair.from,
        is(&own, own_key)
    );
    let doing = || BackupError::sql(format!("reading a row of {}", pair.shape.table));
    let row = sqlx::query(AssertSqlSafe(sql))
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(doing())?;
    let led: Vec<Option<String>> = row.try_get("led").map_err(doing())?;
    let own: Vec<Option<String>> = row.try_get("own").map_err(doing())?;
    let values = columns()
        .zip(led)
        .zip(&own)
        .map(|(((column, _), led), own)| match (led, own, &column.by) {
            (Some(led), ..) => Value::Text(led),
            (None, Some(own), By::Key(name, _)) => Value::Unknown(name.clone(), own.clone()),
            (None, _, By::Beside) => Value::Default,
            (None, ..) => Value::Null,
        })
        .collect();
    Ok((values, own))
}
