//! References that no foreign key declares. The conversion of a key carries what the catalog knows
//! to refer to it; a column that refers by habit alone stays behind, and nobody notices before the
//! night. So these are found by their names, and shown to somebody who knows.

mod finding;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::finding::{Loose, Seen, undeclared_finding};
use crate::name::{Ident, TableName};
use crate::plan::{Operations, Phase};
use crate::schema::{Column, Snapshot, Table, TableKind};

/// A column that looks like a reference, and is declared as none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    /// Its table; the whole of it, where that is partitioned.
    pub table: TableName,
    /// The column.
    pub column: Ident,
    /// Whether it holds a list of keys.
    pub is_list: bool,
    /// Whether its table is partitioned.
    pub is_partitioned: bool,
    /// What it refers to.
    pub leads_to: LeadsTo,
}

/// What an undeclared reference refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeadsTo {
    /// Rows of a table whose key is converted.
    Table {
        /// The table.
        table: TableName,
        /// Its key.
        key: Ident,
    },
    /// Rows of whichever table another column names (`record_type` beside `record_id`).
    Any {
        /// The column that names it.
        kind: Ident,
        /// Tables whose keys are converted.
        tables: BTreeSet<TableName>,
    },
}

impl fmt::Display for Undeclared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// The keys that a phase converts, each with its table; those whose table is not there left out.
pub fn keys_of(phase: &Phase, snapshot: &Snapshot) -> BTreeMap<TableName, Ident> {
    let Operations::ConvertKeys(operations) = &phase.operations else {
        return BTreeMap::new();
    };
    let key = |table: &TableName| snapshot.tables.get(table)?.own_key().cloned();
    operations
        .iter()
        .filter_map(|convert| {
            let column = convert.column.clone().or_else(|| key(&convert.table))?;
            Some((convert.table.clone(), column))
        })
        .collect()
}

/// Finds columns that seem to refer to these keys and have no foreign key, in the order of their
/// tables. Partitions are left out: what is said of the whole holds for them.
pub fn undeclared(snapshot: &Snapshot, keys: &BTreeMap<TableName, Ident>) -> Vec<Undeclared> {
    let declared = declared(snapshot);
    let all = Tables::new(snapshot);
    let mut found = Vec::new();
    for (name, table) in &snapshot.tables {
        let is_whole = matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned);
        if !is_whole || name.schema.as_str() == "turnback" {
            continue;
        }
        for column in &table.columns {
            let is_key = keys.get(name) == Some(&column.name);
            if is_key || declared.contains(&(name, &column.name)) || !may_refer(column) {
                continue;
            }
            if let Some(leads_to) = leads_to(&all, keys, name, table, column) {
                found.push(Undeclared {
                    table: name.clone(),
                    column: column.name.clone(),
                    is_list: is_list(column),
                    is_partitioned: table.kind == TableKind::Partitioned,
                    leads_to,
                });
            }
        }
    }
    found
}

/// Columns that a foreign key is made of, those of partitions said of the whole.
fn declared(snapshot: &Snapshot) -> BTreeSet<(&TableName, &Ident)> {
    snapshot
        .foreign_keys()
        .flat_map(|(table, constraint, _)| {
            let root = snapshot.root_of(table);
            constraint.columns.iter().map(move |column| (root, column))
        })
        .collect()
}

/// Whether a column is of a kind that could hold somebody else's key.
fn may_refer(column: &Column) -> bool {
    let is_own = column.draws_from_a_sequence() || column.generated.is_some();
    (column.is_integer() || is_list(column)) && !is_own && !column.name.is_aside()
}

fn is_list(column: &Column) -> bool {
    matches!(column.base_type(), "smallint[]" | "integer[]" | "bigint[]")
}

/// The tables of a database, by what their names say.
struct Tables<'a> {
    /// By the last word, in the singular: a name that fits shares it.
    by_noun: BTreeMap<String, Vec<(&'a TableName, Vec<String>)>>,
    /// Tables by the name of their key, where that says more than `id`.
    by_key: BTreeMap<&'a Ident, Vec<&'a TableName>>,
}

impl<'a> Tables<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let whole = snapshot
            .tables
            .iter()
            .filter(|(_, table)| table.kind != TableKind::Partition);
        let mut tables = Self {
            by_noun: BTreeMap::new(),
            by_key: BTreeMap::new(),
        };
        for (name, table) in whole {
            let words = words::of_table(name.name.as_str());
            if let Some(noun) = words.last().cloned() {
                tables.by_noun.entry(noun).or_default().push((name, words));
            }
            if let Some(key) = table.own_key().filter(|key| key.as_str() != "id") {
                tables.by_key.entry(key).or_default().push(name);
            }
        }
        tables
    }

    /// The table that a column's name means, of all there are: the best fit, in its own schema
    /// before others. Several that fit alike are none.
    fn meant(&self, from: &'a TableName, column: &Ident) -> Option<&'a TableName> {
        if let Some([only]) = self.by_key.get(column).map(Vec::as_slice)
            && *only != from
        {
            return Some(only);
        }
        let referred = words::referred(column.as_str())?;
        if words::means_itself(&referred) {
            return Some(from);
        }
        let own = words::of_table(from.name.as_str());
        let alike = self.by_noun.get(referred.last()?)?;
        let fits = alike.iter().filter_map(|(table, words)| {
            let fit = words::fit(&referred, &own, words)?;
            Some(((fit, table.schema == from.schema), *table))
        });
        let mut best: Vec<((words::Fit, bool), &TableName)> = fits.collect();
        best.sort_by_key(|&(fit, _)| std::cmp::Reverse(fit));
        match best.as_slice() {
            [(_, table)] => Some(table),
            [(first, table), (second, _), ..] if first > second => Some(table),
            _ => None,
        }
    }
}

fn leads_to<'a>(
    all: &Tables<'a>,
    keys: &BTreeMap<TableName, Ident>,
    name: &'a TableName,
    table: &Table,
    column: &Column,
) -> Option<LeadsTo> {
    if let Some(far) = all.meant(name, &column.name) {
        let key = keys.get(far)?;
        return Some(LeadsTo::Table {
            table: far.clone(),
            key: key.clone(),
        });
    }
    let kind = kind_beside(table, column)?;
    (!keys.is_empty()).then(|| LeadsTo::Any {
        kind: kind.clone(),
        tables: keys.keys().cloned().collect(),
    })
}

/// The column that says what kind of row an id is of: `record_type` beside `record_id`.
fn kind_beside<'t>(table: &'t Table, column: &Column) -> Option<&'t Ident> {
    // A key of its own (`event_id` beside `event_type`) says nothing about other rows.
    if table.own_key() == Some(&column.name) {
        return None;
    }
    let name = column.name.as_str();
    let stem = name
        .strip_suffix("_id")
        .or_else(|| name.strip_suffix("Id"))?;
    let says_kind = |other: &&Column| {
        let name = other.name.as_str();
        let kind = name
            .strip_suffix("_type")
            .or_else(|| name.strip_suffix("Type"));
        kind == Some(stem) && !other.is_integer() && other.base_type() != "uuid"
    };
    table.columns.iter().find(says_kind).map(|kind| &kind.name)
}
