//! A row-level security policy, in the parts it can be made again from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::as_list;
use crate::name::{Ident, TableName, list, literal};

/// A row-level security policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: Ident,
    /// `USING` and `WITH CHECK`, command and roles, in one line for comparison.
    pub definition: String,
    /// `AS PERMISSIVE` rather than `AS RESTRICTIVE`.
    pub permissive: bool,
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub command: String,
    /// Roles it is for, by name; `PUBLIC` for everybody.
    pub roles: Vec<String>,
    /// `USING`, deparsed.
    pub using: Option<String>,
    /// `WITH CHECK`, deparsed.
    pub check: Option<String>,
    /// `COMMENT ON POLICY`.
    pub comment: Option<String>,
    /// Columns of its own table that it reads.
    pub reads: BTreeSet<Ident>,
    /// Columns of other tables and views that its subqueries read.
    #[serde(with = "as_list")]
    pub reads_elsewhere: BTreeMap<TableName, BTreeSet<Ident>>,
}

impl Policy {
    /// Everything it reads, given the table it is on.
    pub fn all_reads(&self, on: &TableName) -> BTreeMap<TableName, BTreeSet<Ident>> {
        let mut reads = self.reads_elsewhere.clone();
        if !self.reads.is_empty() {
            reads
                .entry(on.clone())
                .or_default()
                .extend(self.reads.iter().cloned());
        }
        reads
    }

    /// The statements that make it again as it is.
    pub fn create(&self, on: &TableName) -> Vec<String> {
        let roles = self.roles.iter().map(|role| {
            if role == "PUBLIC" {
                role.clone()
            } else {
                Ident::new(role.as_str()).to_string()
            }
        });
        let mut sql = format!(
            "CREATE POLICY {} ON {on} AS {} FOR {} TO {}",
            self.name,
            if self.permissive {
                "PERMISSIVE"
            } else {
                "RESTRICTIVE"
            },
            self.command,
            list(roles)
        );
        if let Some(using) = &self.using {
            sql.push_str(&format!(" USING ({using})"));
        }
        if let Some(check) = &self.check {
            sql.push_str(&format!(" WITH CHECK ({check})"));
        }
        let comment = self.comment.as_ref().map(|comment| {
            format!(
                "COMMENT ON POLICY {} ON {on} IS {}",
                self.name,
                literal(comment)
            )
        });
        std::iter::once(sql).chain(comment).collect()
    }
}
