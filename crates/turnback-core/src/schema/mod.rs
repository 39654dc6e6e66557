//! The schema model: what one consistent look at a database's catalog found.
//!
//! Everything refers to everything by name, never by object id, so that two snapshots of
//! the same shape are equal although their objects were dropped and made again. What may
//! change from one moment to the next (sizes, counters, positions) is gathered in
//! [`Vitals`] and left out of comparisons.

mod column;
mod constraint;
mod difference;
mod function;
mod index;
mod policy;
mod rule;
mod sequence;
mod statistics;
mod table;
mod trigger;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::column::{Column, Domain, Identity};
pub use self::constraint::{Action, Constraint, ConstraintKind, ForeignKey};
pub use self::difference::{Difference, differences};
pub use self::function::Function;
pub use self::index::{Index, IndexKey, IndexedBy};
pub use self::policy::Policy;
pub use self::rule::Rule;
pub use self::sequence::Sequence;
pub use self::statistics::ExtendedStatistics;
pub use self::table::{RowSecurity, Table, TableKind, Vitals};
pub use self::trigger::Trigger;
pub use self::view::{View, ViewColumn};
use crate::name::{Ident, TableName};

/// One consistent look at a database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `server_version_num`, for example 150018.
    pub server_version: u32,
    /// Name of the database.
    pub database: String,
    /// Schemas other than PostgreSQL's own, with their grants.
    pub schemas: BTreeMap<Ident, Schema>,
    /// Tables of every kind (ordinary, partitioned, partitions, foreign).
    #[serde(with = "as_list")]
    pub tables: BTreeMap<TableName, Table>,
    /// Views and materialized views.
    #[serde(with = "as_list")]
    pub views: BTreeMap<TableName, View>,
    /// Sequences.
    #[serde(with = "as_list")]
    pub sequences: BTreeMap<TableName, Sequence>,
    /// Functions and procedures of the user's, with their text.
    pub functions: Vec<Function>,
    /// Logical-replication publications.
    pub publications: Vec<Publication>,
}

/// A schema (namespace).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// Its owner.
    pub owner: String,
    /// Grants on it.
    pub grants: Vec<Grant>,
}

/// One row of an access control list.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Grant {
    /// The role, or `PUBLIC`.
    pub grantee: String,
    /// `SELECT`, `INSERT`, `USAGE`, …
    pub privilege: String,
    /// `WITH GRANT OPTION`
    pub grantable: bool,
}

/// A publication for logical replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    /// Its name.
    pub name: Ident,
    /// `FOR ALL TABLES`
    pub all_tables: bool,
    /// Published tables, each with its column list where it has one.
    #[serde(with = "as_list")]
    pub tables: BTreeMap<TableName, Option<Vec<Ident>>>,
    /// Columns that a row filter reads, for each table that has one (PostgreSQL 15).
    #[serde(with = "as_list")]
    pub filters: BTreeMap<TableName, BTreeSet<Ident>>,
}

impl Snapshot {
    /// The table itself, or the one at the top of those it is a partition of.
    pub fn root_of<'a>(&'a self, mut table: &'a TableName) -> &'a TableName {
        while let Some(above) = self
            .tables
            .get(table)
            .filter(|found| found.kind == TableKind::Partition)
            .and_then(|found| found.parents.first())
        {
            table = above;
        }
        table
    }

    /// A table with its partitions on every level: what it stores is stored there.
    pub fn with_partitions<'a>(
        &'a self,
        table: &'a TableName,
    ) -> impl Iterator<Item = (&'a TableName, &'a Table)> {
        let top = self.tables.get_key_value(table);
        let is_partitioned = top.is_some_and(|(_, found)| found.partition_key.is_some());
        let partitions = is_partitioned.then_some(&self.tables).into_iter().flatten();
        let below = partitions.filter(move |(member, found)| {
            found.kind == TableKind::Partition && self.root_of(member) == table
        });
        top.into_iter().chain(below)
    }

    /// Every foreign key of the database: table, constraint, far side.
    pub fn foreign_keys(&self) -> impl Iterator<Item = (&TableName, &Constraint, &ForeignKey)> {
        self.tables.iter().flat_map(|(name, table)| {
            table
                .foreign_keys()
                .map(move |(constraint, far)| (name, constraint, far))
        })
    }
}

/// JSON has only strings for keys: maps with structured keys are written as lists of pairs.
mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map.iter())
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let pairs: Vec<(K, V)> = Deserialize::deserialize(deserializer)?;
        Ok(pairs.into_iter().collect())
    }
}
