//! What every phase asks of a snapshot, gathered once for all phases.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::{Ident, TableName};
use crate::schema::Snapshot;

/// A snapshot, and what can be looked up in it fast.
pub struct Lookup<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// Who points at a column: (table, column) → columns of other tables.
    pub(super) pointing: BTreeMap<(&'a TableName, &'a Ident), Vec<(&'a TableName, &'a Ident)>>,
    /// Tables that others inherit from.
    pub(super) parents: BTreeSet<&'a TableName>,
}

impl<'a> Lookup<'a> {
    /// Reads a snapshot.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let mut pointing: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (table, constraint, far) in snapshot.foreign_keys() {
            for (near, far_column) in constraint.columns.iter().zip(&far.columns) {
                // What an earlier phase keeps aside belongs to that phase's old shape.
                if !near.is_aside() && !far_column.is_aside() {
                    pointing
                        .entry((&far.table, far_column))
                        .or_default()
                        .push((table, near));
                }
            }
        }
        Self {
            snapshot,
            pointing,
            parents: snapshot
                .tables
                .values()
                .flat_map(|table| &table.parents)
                .collect(),
        }
    }
}
