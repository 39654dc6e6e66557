//! A view or materialized view.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Grant, as_list};
use crate::name::{Ident, TableName};

/// A view or materialized view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Whether it is materialized.
    pub materialized: bool,
    /// Its owner.
    pub owner: String,
    /// `pg_get_viewdef`
    pub definition: String,
    /// `reloptions`, as `name=value`.
    pub options: Vec<String>,
    /// Columns it depends on, by table or view.
    #[serde(with = "as_list")]
    pub reads: BTreeMap<TableName, BTreeSet<Ident>>,
    /// `COMMENT ON VIEW`.
    pub comment: Option<String>,
    /// Grants on it.
    pub grants: Vec<Grant>,
}
