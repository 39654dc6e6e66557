//! What every phase asks of a snapshot, gathered once for all phases.

use std::collections::{BTreeMap, BTreeSet};

use super::family::{self, Families};
use crate::name::{Ident, TableName};
use crate::schema::{Constraint, ForeignKey, Snapshot};

/// A snapshot, and what can be looked up in it fast.
pub struct Lookup<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// Who points at a column: (table, column) → columns of other tables.
    pub(super) pointing: BTreeMap<(&'a TableName, &'a Ident), Vec<Pointer<'a>>>,
    /// Every foreign key to a table, those of partitions among them, each with its place in the
    /// snapshot.
    pub(super) pointing_at: BTreeMap<&'a TableName, Vec<(usize, Keyed<'a>)>>,
    /// Tables that others inherit from.
    pub(super) parents: BTreeSet<&'a TableName>,
    /// Partitioned tables with their partitions.
    pub(super) families: Families<'a>,
    /// The partitioned table at the top, of every partition.
    pub(super) roots: BTreeMap<&'a TableName, &'a TableName>,
}

/// A foreign key with its table.
pub(super) type Keyed<'a> = (&'a TableName, &'a Constraint, &'a ForeignKey);

/// A column of a foreign key.
#[derive(Clone, Copy)]
pub(super) struct Pointer<'a> {
    /// Its table; the partitioned one where the foreign key belongs to a partition.
    pub(super) table: &'a TableName,
    pub(super) column: &'a Ident,
    pub(super) constraint: &'a Constraint,
    pub(super) far: &'a ForeignKey,
}

impl<'a> Lookup<'a> {
    /// Reads a snapshot.
    pub fn new(snapshot: &'a Snapshot) -> Self {
        let families = family::families(snapshot);
        let roots: BTreeMap<&TableName, &TableName> = families
            .iter()
            .flat_map(|(root, members)| members.iter().map(move |member| (*member, *root)))
            .collect();
        let mut pointing: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut pointing_at: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (place, keyed) in snapshot.foreign_keys().enumerate() {
            let (table, constraint, far) = keyed;
            pointing_at
                .entry(&far.table)
                .or_default()
                .push((place, keyed));
            let table = roots.get(table).copied().unwrap_or(table);
            for (near, far_column) in constraint.columns.iter().zip(&far.columns) {
                // What an earlier phase keeps aside belongs to that phase's old shape.
                if !near.is_aside() && !far_column.is_aside() {
                    pointing
                        .entry((&far.table, far_column))
                        .or_default()
                        .push(Pointer {
                            table,
                            column: near,
                            constraint,
                            far,
                        });
                }
            }
        }
        Self {
            snapshot,
            pointing,
            pointing_at,
            parents: snapshot
                .tables
                .values()
                .flat_map(|table| &table.parents)
                .collect(),
            families,
            roots,
        }
    }
}
