//! A function or procedure of the user's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::as_list;
use crate::name::{Ident, TableName};

/// A function or procedure of the user's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// `schema.name(argument types)`, quoted for SQL.
    pub signature: String,
    /// The role that owns it; empty where a ledger of an earlier turnback does not say.
    #[serde(default)]
    pub owner: String,
    /// `sql`, `plpgsql`, …
    pub language: String,
    /// Its text (`prosrc`, or the deparsed body of an SQL-standard function).
    pub source: String,
    /// Columns it depends on in the catalog (SQL-standard bodies only).
    #[serde(with = "as_list")]
    pub reads: BTreeMap<TableName, BTreeSet<Ident>>,
    /// It sets a `search_path` of its own, so names in its text mean the same for every caller.
    pub pins_search_path: bool,
    /// Tables and views whose row types it takes or returns.
    pub rows: BTreeSet<TableName>,
}
