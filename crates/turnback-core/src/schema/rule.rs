//! A rewrite rule on a table.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::as_list;
use crate::name::{Ident, TableName};

/// A rewrite rule on a table (`CREATE RULE`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: Ident,
    /// `pg_get_ruledef`, with the `ALTER TABLE` that enables or disables it.
    pub definition: String,
    /// Columns it depends on, by table or view, those of its own table among them.
    #[serde(with = "as_list")]
    pub reads: BTreeMap<TableName, BTreeSet<Ident>>,
}
