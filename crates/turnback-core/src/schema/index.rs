//! An index, in the parts it can be built again from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::name::{Ident, TableName};

/// An index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// Its name (same schema as the table).
    pub name: Ident,
    /// Access method: `btree`, `gin`, …
    pub method: String,
    /// `UNIQUE`
    pub unique: bool,
    /// `NULLS NOT DISTINCT` (PostgreSQL 15).
    pub nulls_not_distinct: bool,
    /// Behind a primary key.
    pub primary: bool,
    /// Unique checks happen at once (`indimmediate`): false behind a deferrable constraint.
    pub immediate: bool,
    /// `indisvalid` and `indisready`: false for the remains of a failed concurrent build.
    pub valid: bool,
    /// Marked by `CLUSTER`.
    pub clustered: bool,
    /// The table's replica identity.
    pub replica_identity: bool,
    /// Key columns and expressions, in order.
    pub keys: Vec<IndexKey>,
    /// `INCLUDE` columns.
    pub include: Vec<Ident>,
    /// `WHERE`, deparsed.
    pub predicate: Option<String>,
    /// Every column of the table that the index reads, in keys, expressions or predicate.
    pub reads: BTreeSet<Ident>,
    /// Storage parameters, as `name=value`.
    pub options: Vec<String>,
    /// Tablespace, where not the default.
    pub tablespace: Option<Ident>,
    /// Whether a constraint owns it.
    pub constraint: bool,
    /// The index of the partitioned table that it is attached to.
    #[serde(default)]
    pub parent: Option<TableName>,
    /// `pg_get_indexdef`
    pub definition: String,
    /// `COMMENT ON INDEX`.
    pub comment: Option<String>,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexKey {
    /// What is indexed.
    pub what: IndexedBy,
    /// Operator class with its schema quoted for SQL, where it is not the type's default.
    pub operator_class: Option<String>,
    /// Collation quoted for SQL, where it is not the column's.
    pub collation: Option<String>,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`
    pub nulls_first: bool,
    /// `ALTER INDEX … ALTER COLUMN … SET STATISTICS`, where set: expressions have it.
    pub statistics_target: Option<i32>,
}

/// What one key of an index stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexedBy {
    /// A column.
    Column(Ident),
    /// An expression, deparsed.
    Expression(String),
}
