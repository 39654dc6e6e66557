//! A view or materialized view.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Grant, Trigger, as_list};
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
    /// Its columns, in order.
    #[serde(default)]
    pub columns: Vec<ViewColumn>,
    /// Columns it depends on, by table or view.
    #[serde(with = "as_list")]
    pub reads: BTreeMap<TableName, BTreeSet<Ident>>,
    /// Constraints it depends on, by table: the primary key that its `GROUP BY` counts on.
    #[serde(default)]
    pub counts_on: Vec<(TableName, Ident)>,
    /// Triggers on it, by name.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
    /// Rules on it (`CREATE RULE`), as definitions, without the one that makes it a view.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Indexes of a materialized view, as definitions.
    #[serde(default)]
    pub indexes: Vec<String>,
    /// What stands on it or on its row type, other views left out: functions, policies,
    /// columns, in PostgreSQL's words (`pg_describe_object`).
    #[serde(default)]
    pub dependents: Vec<String>,
    /// `COMMENT ON VIEW`.
    pub comment: Option<String>,
    /// Grants on it.
    pub grants: Vec<Grant>,
}

/// A column of a view.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewColumn {
    /// Its name.
    pub name: Ident,
    /// `ALTER VIEW … ALTER COLUMN … SET DEFAULT`, deparsed.
    pub default: Option<String>,
    /// `COMMENT ON COLUMN`.
    pub comment: Option<String>,
    /// Grants on this column alone.
    pub grants: Vec<Grant>,
}
