//! A sequence.

use serde::{Deserialize, Serialize};

use super::Grant;
use crate::name::{Ident, TableName};

/// A sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sequence {
    /// `smallint`, `integer` or `bigint`.
    pub type_name: String,
    /// Its owner.
    pub owner: String,
    /// `START`, `INCREMENT`, `MINVALUE`, `MAXVALUE`, `CACHE`, `CYCLE`, in one line.
    pub definition: String,
    /// The greatest value it can give.
    pub max_value: i64,
    /// Column that owns it.
    pub owned_by: Option<(TableName, Ident)>,
    /// Columns whose default reads it (`nextval`).
    pub used_by: Vec<(TableName, Ident)>,
    /// What else depends on it (views, policies, functions, …), as PostgreSQL describes it.
    pub dependents: Vec<String>,
    /// Grants on it.
    pub grants: Vec<Grant>,
}
