//! A trigger of the user's.

use serde::{Deserialize, Serialize};

use crate::name::Ident;

/// A trigger of the user's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: Ident,
    /// `pg_get_triggerdef`
    pub definition: String,
    /// `tgenabled`: `O` origin, `D` disabled, `R` replica, `A` always.
    pub enabled: String,
    /// The function it calls, quoted for SQL, without arguments.
    pub function: String,
    /// Fires before the row is written (`BEFORE … FOR EACH ROW`).
    pub before_row: bool,
    /// Fires for each row, before or after.
    pub for_each_row: bool,
    /// Fires on INSERT.
    pub on_insert: bool,
    /// Fires on UPDATE.
    pub on_update: bool,
    /// Columns of `UPDATE OF …`.
    pub update_of: Vec<Ident>,
    /// Columns that its `WHEN` clause reads.
    pub when_reads: Vec<Ident>,
    /// It is the partition's copy of a trigger of the partitioned table.
    #[serde(default)]
    pub inherited: bool,
    /// `COMMENT ON TRIGGER`.
    pub comment: Option<String>,
}
