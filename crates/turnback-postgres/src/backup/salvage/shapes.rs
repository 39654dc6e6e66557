//! The tables of two databases, and which column of the one is which of the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use turnback_core::backup::salvage::TableShape;
use turnback_core::name::{Ident, TableName};

use super::super::error::BackupError;

const SHAPES: &str = include_str!("shapes.sql");
const REFERENCES: &str = "SELECT cn.nspname::text, c.relname::text, pn.nspname::text, p.relname::text FROM pg_constraint k \
     JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace \
     JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE k.contype = 'f'";

#[derive(Deserialize)]
struct RawTable {
    table: TableName,
    columns: Vec<RawColumn>,
}

#[derive(Deserialize)]
struct RawColumn {
    name: Ident,
    #[serde(rename = "type")]
    kind: String,
    generated: bool,
    key: Option<i32>,
}

/// A table that can be compared.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) shape: TableShape,
    /// For each column of the shape its counterpart in the replaced database.
    pub(super) counterparts: Vec<Ident>,
    /// For each column of the key its counterpart.
    pub(super) keys: Vec<Ident>,
}

/// What can be compared, those first that others refer to; and what cannot, with the reason.
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) untold: Vec<(TableName, String)>,
}

pub(super) async fn pairs(
    failed: &mut PgConnection,
    restored: &mut PgConnection,
    only: &[TableName],
) -> Result<Pairs, BackupError> {
    let there = tables(failed).await?;
    let here = tables(restored).await?;
    for table in only {
        if !here.iter().chain(&there).any(|raw| raw.table == *table) {
            return Err(BackupError::refused(
                format!("there is no table {table} in either database"),
                "Nothing was touched.",
            ));
        }
    }
    let mut found = Pairs {
        pairs: vec![],
        untold: vec![],
    };
    let wanted = |table: &TableName| only.is_empty() || only.contains(table);
    for raw in here.iter().filter(|raw| wanted(&raw.table)) {
        let counterpart = there.iter().find(|other| other.table == raw.table);
        match counterpart.map_or_else(
            || Err("it is not in the replaced database".to_owned()),
            |other| pair(raw, other),
        ) {
            Ok(pair) => found.pairs.push(pair),
            Err(reason) => found.untold.push((raw.table.clone(), reason)),
        }
    }
    for raw in there.iter().filter(|raw| wanted(&raw.table)) {
        if !here.iter().any(|other| other.table == raw.table) {
            let reason =
                "it came after the backup, and is in the replaced database alone".to_owned();
            found.untold.push((raw.table.clone(), reason));
        }
    }
    let order = parents_first(restored, found.pairs.iter().map(|pair| &pair.shape.table)).await?;
    found
        .pairs
        .sort_by_key(|pair| order.get(&pair.shape.table).copied());
    Ok(found)
}

async fn tables(session: &mut PgConnection) -> Result<Vec<RawTable>, BackupError> {
    let found: Json<Vec<RawTable>> = sqlx::query_scalar(SHAPES)
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(BackupError::sql("looking at tables"))?;
    Ok(found.0)
}

fn pair(here: &RawTable, there: &RawTable) -> Result<Pair, String> {
    // A phase of turnback's keeps the old column aside under another name.
    let counterpart = |column: &RawColumn| -> Result<Ident, String> {
        let aside = column.name.old_shape();
        let fits = |name: &Ident| {
            let there = there.columns.iter().find(|other| other.name == *name)?;
            (there.kind == column.kind).then(|| there.name.clone())
        };
        fits(&column.name).or_else(|| fits(&aside)).ok_or_else(|| {
            match there.columns.iter().find(|other| other.name == column.name) {
                Some(other) => format!(
                    "its column {} is {} there, and {} here",
                    column.name, other.kind, column.kind
                ),
                None => format!("its column {} is not in the replaced database", column.name),
            }
        })
    };
    let mut key: Vec<&RawColumn> = here.columns.iter().filter(|c| c.key.is_some()).collect();
    key.sort_by_key(|column| column.key);
    if key.is_empty() {
        return Err("it has no primary key to compare by".to_owned());
    }
    let columns: Vec<&RawColumn> = here.columns.iter().filter(|c| !c.generated).collect();
    Ok(Pair {
        counterparts: columns
            .iter()
            .map(|c| counterpart(c))
            .collect::<Result<_, _>>()?,
        keys: key
            .iter()
            .map(|c| counterpart(c))
            .collect::<Result<_, _>>()?,
        shape: TableShape {
            table: here.table.clone(),
            columns: columns.iter().map(|c| c.name.clone()).collect(),
            key: key
                .iter()
                .map(|c| (c.name.clone(), c.kind.clone()))
                .collect(),
        },
    })
}

/// Places of tables in an order in which those come first that others refer to; of a circle,
/// one has to be the first.
async fn parents_first<'a>(
    session: &mut PgConnection,
    tables: impl Iterator<Item = &'a TableName>,
) -> Result<BTreeMap<TableName, usize>, BackupError> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(REFERENCES)
        .persistent(false)
        .fetch_all(session)
        .await
        .map_err(BackupError::sql("looking at foreign keys"))?;
    let mut left: BTreeSet<TableName> = tables.cloned().collect();
    let references: Vec<(TableName, TableName)> = rows
        .iter()
        .map(|(cs, c, ps, p)| {
            (
                TableName::new(cs.as_str(), c.as_str()),
                TableName::new(ps.as_str(), p.as_str()),
            )
        })
        .filter(|(child, parent)| child != parent)
        .collect();
    let mut order = BTreeMap::new();
    while let Some(first) = left.first().cloned() {
        let free = left.iter().find(|table| {
            !references
                .iter()
                .any(|(child, parent)| child == *table && left.contains(parent))
        });
        let next = free.cloned().unwrap_or(first);
        left.remove(&next);
        order.insert(next, order.len());
    }
    Ok(order)
}
