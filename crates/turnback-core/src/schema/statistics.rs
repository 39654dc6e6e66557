//! Extended statistics, in the parts they can be made again from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::name::{Ident, TableName};

/// `CREATE STATISTICS`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExtendedStatistics {
    /// Their name.
    pub name: Ident,
    /// The schema they live in, which need not be the table's.
    pub schema: Ident,
    /// `pg_get_statisticsobjdef`
    pub definition: String,
    /// `ndistinct`, `dependencies`, `mcv`; none where they are of expressions alone.
    pub kinds: Vec<String>,
    /// Plain columns, in the order of the table.
    pub columns: Vec<Ident>,
    /// Expressions, deparsed.
    pub expressions: Vec<String>,
    /// `ALTER STATISTICS … SET STATISTICS`, where set.
    pub target: Option<i32>,
    /// Their owner.
    pub owner: String,
    /// `COMMENT ON STATISTICS`.
    pub comment: Option<String>,
    /// Columns they read.
    pub reads: BTreeSet<Ident>,
}

impl ExtendedStatistics {
    /// Their name with its schema.
    pub fn full_name(&self) -> TableName {
        TableName::new(self.schema.clone(), self.name.clone())
    }
}
