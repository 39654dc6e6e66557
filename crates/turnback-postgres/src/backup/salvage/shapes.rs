//! The tables of two databases, and which column of the one is which of the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use turnback_core::backup::salvage::{
    By, KeyName, Known, Matched, ShapeColumn, SideColumn, TableShape, aside_or_base, match_columns,
    parents_first,
};
use turnback_core::name::{Ident, TableName};

use super::super::error::BackupError;
use super::ledgers::Ledgers;
use super::references::References;

const SHAPES: &str = include_str!("shapes.sql");

#[derive(Deserialize)]
struct RawTable {
    table: TableName,
    partitioned: bool,
    /// Of a partition, the table at the top.
    top: Option<TableName>,
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

impl RawTable {
    fn root(&self) -> &TableName {
        self.top.as_ref().unwrap_or(&self.table)
    }

    fn sides(&self) -> Vec<SideColumn> {
        let columns = self.columns.iter();
        columns
            .map(|column| SideColumn {
                name: column.name.clone(),
                kind: column.kind.clone(),
            })
            .collect()
    }

    fn has_key(&self) -> bool {
        self.columns.iter().any(|column| column.key.is_some())
    }
}

/// A table that can be compared.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) shape: TableShape,
    /// The table as a query names it: with its partitions where it has some, without what inherits
    /// from it otherwise.
    pub(super) from: String,
    /// The table that sequences belong to: the one at the top where it is a partition.
    pub(super) root: TableName,
    /// For each column of the shape its counterpart in the replaced database.
    pub(super) counterparts: Vec<SideColumn>,
    /// For each column of the key its counterpart.
    pub(super) keys: Vec<Matched>,
}

/// The tables of both databases, as they are.
pub(super) struct Tables {
    there: Vec<RawTable>,
    here: Vec<RawTable>,
}

/// What can be compared, those first that others refer to; and what cannot, with the reason.
pub(super) struct Pairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) untold: Vec<(TableName, String)>,
}

impl Tables {
    pub(super) async fn read(
        failed: &mut PgConnection,
        restored: &mut PgConnection,
    ) -> Result<Self, BackupError> {
        Ok(Self {
            there: tables(failed).await?,
            here: tables(restored).await?,
        })
    }

    /// Pairs those of both databases.
    ///
    /// # Errors
    ///
    /// When a table is asked for that neither has.
    pub(super) fn pairs(
        &self,
        only: &[TableName],
        ledgers: &Ledgers,
        references: &References,
    ) -> Result<Pairs, BackupError> {
        let (here, there) = (&self.here, &self.there);
        for table in only {
            if !here.iter().chain(there).any(|raw| raw.table == *table) {
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
        let wholes = self.wholes();
        let wanted = |raw: &RawTable| {
            if only.contains(&raw.table) {
                return true;
            }
            let by_its_whole = wholes.contains(raw.root()) && raw.top.is_some();
            let has_rows = !raw.partitioned || wholes.contains(&raw.table);
            only.is_empty() && has_rows && !by_its_whole
        };
        for raw in here.iter().filter(|raw| wanted(raw)) {
            let counterpart = there.iter().find(|other| other.table == raw.table);
            match counterpart.map_or_else(
                || Err("it is not in the replaced database".to_owned()),
                |other| pair(raw, other, ledgers),
            ) {
                Ok(pair) => found.pairs.push(pair),
                Err(reason) => found.untold.push((raw.table.clone(), reason)),
            }
        }
        for raw in there.iter().filter(|raw| wanted(raw)) {
            if !here.iter().any(|other| other.table == raw.table) {
                let reason =
                    "it came after the backup, and is in the replaced database alone".to_owned();
                found.untold.push((raw.table.clone(), reason));
            }
        }
        let order = parents_first(
            found.pairs.iter().map(|pair| &pair.shape.table),
            &references.all,
        );
        found
            .pairs
            .sort_by_key(|pair| order.get(&pair.shape.table).copied());
        Ok(found)
    }

    /// Partitioned tables that are compared as one, so that it does not matter in which partition
    /// a row is, nor which there are.
    fn wholes(&self) -> BTreeSet<&TableName> {
        let is_whole = |raw: &&RawTable| raw.partitioned && raw.top.is_none() && raw.has_key();
        let there: BTreeSet<_> = self
            .there
            .iter()
            .filter(is_whole)
            .map(|r| &r.table)
            .collect();
        let here = self.here.iter().filter(is_whole).map(|r| &r.table);
        here.filter(|table| there.contains(table)).collect()
    }

    /// A key in both databases; nothing where one has no such column.
    pub(super) fn key(&self, key: &KeyName, ledgers: &Ledgers) -> Option<Matched> {
        let here = self.here.iter().find(|raw| raw.table == key.table)?;
        let there = self.there.iter().find(|raw| raw.table == key.table)?;
        let converted = ledgers.of(&key.table);
        let matched = match_columns(&here.sides(), &there.sides(), &converted).ok()?;
        let is_it = |name: &Ident| *aside_or_base(name, &converted) == key.column;
        matched
            .into_iter()
            .find(|pair| is_it(&pair.here.name) && pair.by != By::Beside)
    }

    /// The columns of a key in the replaced database, old and new, where it has both and the
    /// restored one has no new key: then only these tell what a new key stood for.
    pub(super) fn live_keys(&self, key: &KeyName) -> Option<(Ident, Ident)> {
        let column = |tables: &[RawTable], name: &Ident| {
            let raw = tables.iter().find(|raw| raw.table == key.table)?;
            let column = raw.columns.iter().find(|column| column.name == *name)?;
            Some((column.name.clone(), column.kind == "uuid"))
        };
        let (base, there) = (&key.column, &self.there);
        let (_, is_new_here) = column(&self.here, base)?;
        if is_new_here || column(&self.here, &base.new_shape()).is_some() {
            return None;
        }
        let (plain, is_new) = column(there, base)?;
        if is_new {
            Some((column(there, &base.old_shape())?.0, plain))
        } else {
            Some((plain, column(there, &base.new_shape())?.0))
        }
    }
}

async fn tables(session: &mut PgConnection) -> Result<Vec<RawTable>, BackupError> {
    let found: Json<Vec<RawTable>> = sqlx::query_scalar(SHAPES)
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(BackupError::sql("looking at tables"))?;
    Ok(found.0)
}

fn pair(here: &RawTable, there: &RawTable, ledgers: &Ledgers) -> Result<Pair, String> {
    if !here.has_key() {
        return Err("it has no primary key to compare by".to_owned());
    }
    let converted: BTreeMap<Ident, Known> = ledgers.of(here.root());
    let matched = match_columns(&here.sides(), &there.sides(), &converted)
        .map_err(|reason| ledgers.with_doubt(reason))?;
    for pair in &matched {
        if let By::Key(key, direction) = &pair.by {
            let base = aside_or_base(&pair.here.name, &converted);
            let known = converted.get(base).ok_or("its key is unknown")?;
            ledgers.leads(key, known, *direction).map_err(|reason| {
                format!(
                    "its column {base} is {} there, and {} here, and {reason}",
                    pair.there.kind, pair.here.kind
                )
            })?;
        }
    }
    let mut key: Vec<&RawColumn> = here.columns.iter().filter(|c| c.key.is_some()).collect();
    key.sort_by_key(|column| column.key);
    // A key is compared in the shape that both have, which may be the one that stands aside.
    let keys: Vec<Matched> = key
        .iter()
        .filter_map(|column| {
            let base = aside_or_base(&column.name, &converted);
            let same = |pair: &&Matched| aside_or_base(&pair.here.name, &converted) == base;
            matched
                .iter()
                .filter(|pair| pair.by != By::Beside)
                .find(same)
                .cloned()
        })
        .collect();
    let is_generated = |name: &Ident| {
        here.columns
            .iter()
            .any(|column| column.name == *name && column.generated)
    };
    let written: Vec<Matched> = matched
        .into_iter()
        .filter(|pair| !is_generated(&pair.here.name))
        .collect();
    Ok(Pair {
        from: if here.partitioned {
            here.table.to_string()
        } else {
            format!("ONLY {}", here.table)
        },
        root: here.root().clone(),
        shape: TableShape {
            table: here.table.clone(),
            columns: written
                .iter()
                .map(|pair| ShapeColumn {
                    name: pair.here.name.clone(),
                    kind: pair.here.kind.clone(),
                    by: pair.by.clone(),
                })
                .collect(),
            key: keys
                .iter()
                .map(|pair| (pair.here.name.clone(), pair.here.kind.clone()))
                .collect(),
        },
        counterparts: written.into_iter().map(|pair| pair.there).collect(),
        keys,
    })
}
