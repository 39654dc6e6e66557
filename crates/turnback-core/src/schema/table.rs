//! A table and all that hangs on it.

use serde::{Deserialize, Serialize};

use super::{
    Column, Constraint, ConstraintKind, ExtendedStatistics, ForeignKey, Grant, Index, Policy, Rule,
    Trigger,
};
use crate::name::{Ident, TableName};

/// What `relkind` and inheritance make of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// A plain table.
    #[default]
    Ordinary,
    /// The parent of a partitioned table.
    Partitioned,
    /// One partition (which may itself be partitioned further).
    Partition,
    /// A foreign table.
    Foreign,
}

/// A table and all that hangs on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What kind of table it is.
    pub kind: TableKind,
    /// Its owner.
    pub owner: String,
    /// Whether it is `UNLOGGED`.
    pub unlogged: bool,
    /// Columns in order of position, dropped ones left out.
    pub columns: Vec<Column>,
    /// Constraints, by name.
    pub constraints: Vec<Constraint>,
    /// Indexes, by name, those behind constraints among them.
    pub indexes: Vec<Index>,
    /// Triggers of the user's (internal ones left out), by name.
    pub triggers: Vec<Trigger>,
    /// Row-level security policies.
    pub policies: Vec<Policy>,
    /// Whether row-level security is on, and forced for the owner.
    pub row_security: RowSecurity,
    /// Rules on the table (`CREATE RULE`), by name.
    pub rules: Vec<Rule>,
    /// Extended statistics.
    pub statistics: Vec<ExtendedStatistics>,
    /// `d` default, `n` nothing, `f` full, `i` an index.
    pub replica_identity: String,
    /// Tables it inherits from (`INHERITS`) or is a partition of.
    pub parents: Vec<TableName>,
    /// `pg_get_partkeydef`, of a partitioned table.
    pub partition_key: Option<String>,
    /// Partition bound (`pg_get_expr(relpartbound)`), of a partition.
    pub partition_bound: Option<String>,
    /// `COMMENT ON TABLE`.
    pub comment: Option<String>,
    /// Grants on the whole table.
    pub grants: Vec<Grant>,
    /// Storage parameters (`reloptions`), as `name=value`.
    pub options: Vec<String>,
    /// The composite type that a typed table (`CREATE TABLE … OF`) takes its columns from.
    pub of_type: Option<String>,
    /// What changes from moment to moment.
    #[serde(default)]
    pub vitals: Vitals,
}

/// Measures and counters of a table: not part of its shape.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vitals {
    /// Bytes of the heap (main fork).
    pub heap_bytes: u64,
    /// Bytes of all indexes.
    pub index_bytes: u64,
    /// Bytes of heap, indexes and TOAST together.
    pub total_bytes: u64,
    /// Pages of the heap.
    pub pages: u64,
    /// Estimated live rows (`reltuples`, or from the page count where never analysed).
    pub rows: u64,
    /// Rows inserted, updated and deleted since statistics were last reset.
    pub writes: u64,
    /// Rows written per second since statistics were reset, where that time is known.
    pub writes_per_second: Option<f64>,
    /// Age of the oldest unfrozen transaction id (`age(relfrozenxid)`).
    pub frozen_age: u64,
}

/// Row-level security of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowSecurity {
    /// `ENABLE ROW LEVEL SECURITY`
    pub enabled: bool,
    /// `FORCE ROW LEVEL SECURITY`
    pub forced: bool,
}

impl Table {
    /// Finds a column by name.
    pub fn column(&self, name: &Ident) -> Option<&Column> {
        self.columns.iter().find(|column| &column.name == name)
    }

    /// The primary key, if there is one.
    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints
            .iter()
            .find(|c| matches!(c.kind, ConstraintKind::PrimaryKey { .. }))
    }

    /// The one column that the primary key stands for: its only one, or, in a partitioned
    /// table, whose primary key holds the partition key too, the only one that takes its values
    /// from a sequence.
    pub fn own_key(&self) -> Option<&Ident> {
        let primary = self.primary_key()?;
        if let [only] = primary.columns.as_slice() {
            return Some(only);
        }
        self.partition_key.as_ref()?;
        let mut drawing = primary.columns.iter().filter(|name| {
            self.column(name)
                .is_some_and(|column| column.is_integer() && column.draws_from_a_sequence())
        });
        drawing.next().filter(|_| drawing.next().is_none())
    }

    /// Finds an index by name.
    pub fn index(&self, name: &Ident) -> Option<&Index> {
        self.indexes.iter().find(|index| &index.name == name)
    }

    /// Its foreign keys, each with its far side.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&Constraint, &ForeignKey)> {
        self.constraints.iter().filter_map(|c| match &c.kind {
            ConstraintKind::ForeignKey(far) => Some((c, far)),
            _ => None,
        })
    }
}
