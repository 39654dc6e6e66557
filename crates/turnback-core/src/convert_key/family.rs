//! A partitioned table with its partitions: one table for clients, many for the catalog.
//!
//! Columns, defaults, checks and triggers come down from the partitioned table by themselves.
//! Rows, indexes that are built concurrently and validations are a matter of each partition
//! that holds rows.

use std::collections::BTreeMap;

use super::Room;
use super::lookup::Lookup;
use crate::fact::Fact;
use crate::name::{Ident, TableName, literal};
use crate::schema::{Constraint, Index, Snapshot, Table, TableKind};
use crate::step::{Step, TableLock};

/// Partitioned tables, each with itself and all partitions below it, parents first.
pub(super) type Families<'a> = BTreeMap<&'a TableName, Vec<&'a TableName>>;

/// Reads the families of a snapshot.
pub(super) fn families(snapshot: &Snapshot) -> Families<'_> {
    let mut children: BTreeMap<&TableName, Vec<&TableName>> = BTreeMap::new();
    for (name, table) in snapshot.tables.iter().filter(|(_, t)| is_partition(t)) {
        for parent in &table.parents {
            children.entry(parent).or_default().push(name);
        }
    }
    snapshot
        .tables
        .iter()
        .filter(|(_, table)| table.partition_key.is_some() && !is_partition(table))
        .map(|(root, _)| {
            let mut members = vec![root];
            let mut next = 0;
            while let Some(member) = members.get(next) {
                members.extend(children.get(member).into_iter().flatten());
                next += 1;
            }
            (root, members)
        })
        .collect()
}

/// Whether it is a partition, of whatever kind.
pub(super) fn is_partition(table: &Table) -> bool {
    table.kind == TableKind::Partition || table.partition_bound.is_some()
}

impl Lookup<'_> {
    /// The table itself, or the one at the top of those it is a partition of.
    pub(super) fn root_of<'t>(&'t self, table: &'t TableName) -> &'t TableName {
        self.roots.get(table).copied().unwrap_or(table)
    }
}

impl Room<'_> {
    /// Every table that the conversion touches, partitions among them, parents first.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &TableName> {
        self.conversion
            .tables
            .keys()
            .flat_map(|table| self.members(table))
    }

    /// A touched table with its partitions, parents first.
    pub(crate) fn members<'r>(&'r self, table: &'r TableName) -> Vec<&'r TableName> {
        match self.conversion.families.get(table) {
            Some(members) => members.iter().collect(),
            None => vec![table],
        }
    }

    /// Those of its members that hold rows.
    pub(crate) fn leaves<'r>(&'r self, table: &'r TableName) -> Vec<&'r TableName> {
        let mut members = self.members(table);
        members.retain(|member| !self.is_partitioned(member));
        members
    }

    /// Whether it has partitions, and so no rows of its own.
    pub(crate) fn is_partitioned(&self, table: &TableName) -> bool {
        self.snapshot
            .tables
            .get(table)
            .is_some_and(|entry| entry.partition_key.is_some())
    }

    /// Readers and writers of the table and its partitions wait.
    pub(crate) fn exclusive(&self, table: &TableName) -> TableLock {
        self.whole(TableLock::exclusive(table))
    }

    /// Writers of the table and its partitions wait.
    pub(crate) fn writers(&self, table: &TableName) -> TableLock {
        self.whole(TableLock::writers(table))
    }

    fn whole(&self, lock: TableLock) -> TableLock {
        TableLock {
            partitions: self.is_partitioned(&lock.table),
            ..lock
        }
    }

    /// The index's counterparts in the partitions below, parents first.
    pub(crate) fn index_parts<'r>(
        &'r self,
        table: &'r TableName,
        index: &Index,
    ) -> Vec<(&'r TableName, &'r Index)> {
        let mut whole = vec![table.sibling(index.name.clone())];
        let mut parts = Vec::new();
        for member in self.members(self.conversion.root_of(table)) {
            for part in &self.table(member).indexes {
                if part.parent.as_ref().is_some_and(|p| whole.contains(p)) {
                    whole.push(member.sibling(part.name.clone()));
                    parts.push((member, part));
                }
            }
        }
        parts
    }

    /// The constraint's counterparts in the partitions below, parents first.
    pub(crate) fn constraint_parts<'r>(
        &'r self,
        table: &'r TableName,
        constraint: &Constraint,
    ) -> Vec<(&'r TableName, &'r Constraint)> {
        let mut whole = vec![(table.clone(), constraint.name.clone())];
        let mut parts = Vec::new();
        for member in self.members(self.conversion.root_of(table)) {
            for part in &self.table(member).constraints {
                if part.parent.as_ref().is_some_and(|p| whole.contains(p)) {
                    whole.push((member.clone(), part.name.clone()));
                    parts.push((member, part));
                }
            }
        }
        parts
    }

    /// The partitions of a member that hold rows; itself, when it does.
    pub(crate) fn leaves_below<'r>(&'r self, table: &'r TableName) -> Vec<&'r TableName> {
        let mut above = vec![table];
        let mut leaves = Vec::new();
        for member in self.members(self.conversion.root_of(table)) {
            let entry = self.table(member);
            if member == table || entry.parents.iter().any(|parent| above.contains(&parent)) {
                above.push(member);
                if entry.partition_key.is_none() {
                    leaves.push(member);
                }
            }
        }
        leaves
    }

    /// A step about a partition, done once it is none any more.
    pub(crate) fn unless_gone(&self, member: &TableName, mut step: Step) -> Step {
        let root = self.conversion.root_of(member);
        if root != member {
            let gone = Fact::Partition(member.clone(), root.clone()).negated();
            for fact in &mut step.done_when {
                *fact = Fact::Either(Box::new(fact.clone()), Box::new(gone.clone()));
            }
        }
        step
    }

    /// A statement about a partition, to be left out once it is none any more: clients detach
    /// and drop partitions while both shapes live.
    pub(crate) fn if_partition(&self, member: &TableName, statement: &str) -> String {
        let root = self.conversion.root_of(member);
        if root == member {
            statement.to_owned()
        } else {
            when(&Fact::Partition(member.clone(), root.clone()), statement)
        }
    }
}

/// A statement that runs only where the catalog confirms the fact.
pub(super) fn when(fact: &Fact, statement: &str) -> String {
    format!(
        "SELECT turnback.run_if({}, {})",
        fact.sql(),
        literal(statement)
    )
}

/// Gives constraints of partitions that came meanwhile the name that their parent's has now.
pub(super) fn rename_below(table: &TableName, from: &Ident, to: &Ident) -> String {
    format!(
        "SELECT turnback.rename_in_partitions({}, {}, {})",
        literal(&table.to_string()),
        literal(from.as_str()),
        literal(to.as_str())
    )
}
