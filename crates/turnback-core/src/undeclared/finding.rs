//! What is said of a reference that nobody declared, once somebody looked at its values.

use std::collections::BTreeSet;

use super::{LeadsTo, Undeclared, words};
use crate::name::{Ident, TableName};
use crate::preflight::Finding;

/// What its values showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// So many values were looked at, and so many of them are keys of the table.
    Values {
        /// Looked at, nulls left out.
        looked: u64,
        /// Keys of the table among them.
        found: u64,
    },
    /// What the column beside it says of the rows looked at.
    Kinds(BTreeSet<String>),
}

/// A finding, and the tables whose keys change under it.
pub struct Loose {
    /// What to say.
    pub finding: Finding,
    /// Tables whose conversion leaves the column behind.
    pub tables: BTreeSet<TableName>,
}

/// What to say of a reference; nothing where its values show that it is none. `seen` is `None`
/// where nobody could look in time.
pub fn undeclared_finding(reference: &Undeclared, seen: Option<&Seen>) -> Option<Loose> {
    let column = reference.to_string();
    let (reason, remedy, tables) = match &reference.leads_to {
        LeadsTo::Table { table, key } => {
            let values = match seen {
                Some(Seen::Values { looked: 0, .. }) => "no row has a value in it yet".to_owned(),
                Some(Seen::Values { looked, found }) if found * 2 < *looked => return None,
                Some(Seen::Values { looked, found }) if found == looked => {
                    format!("all of {looked} values looked at are keys there")
                }
                Some(Seen::Values { looked, found }) => {
                    format!("{found} of {looked} values looked at are keys there")
                }
                _ => "nobody could look at its values in time".to_owned(),
            };
            let reason = format!(
                "by its name it refers to {table} ({values}), but no foreign key declares it: it stays \
                 an integer while {key} becomes a uuid, and from the cut-over on the two cannot be \
                 compared",
            );
            (
                reason,
                declare(reference, table, key),
                [table.clone()].into(),
            )
        }
        LeadsTo::Any { kind, tables } => {
            let (tables, whose) = match seen {
                Some(Seen::Kinds(kinds)) if !kinds.is_empty() => {
                    let tables = named(kinds, tables);
                    let names: Vec<String> = tables.iter().map(ToString::to_string).collect();
                    (tables, format!("rows of {}", names.join(", ")))
                }
                _ => (tables.clone(), "a row of any table".to_owned()),
            };
            if tables.is_empty() {
                return None;
            }
            let reason = format!(
                "together with {kind} it refers to {whose}, which no foreign key can declare: it stays \
                 an integer while their keys become uuid, and from the cut-over on the two cannot be \
                 compared",
            );
            let remedy = format!(
                "Give the application a column beside it for the new keys, and fill it while both \
                 shapes live: each row has its old and its new key until contract, and the archive in \
                 the schema turnback has them after it; or leave such tables out of the plan: {column} \
                 needs their integers",
            );
            (reason, remedy, tables)
        }
    };
    Some(Loose {
        finding: Finding::warning(
            "undeclared-reference",
            format!("column {column}"),
            reason,
            remedy,
        ),
        tables,
    })
}

/// Those of the tables that a kind names.
fn named(kinds: &BTreeSet<String>, tables: &BTreeSet<TableName>) -> BTreeSet<TableName> {
    let is_named = |table: &&TableName| {
        let name = table.name.as_str();
        kinds.iter().any(|kind| words::kind_means(kind, name))
    };
    tables.iter().filter(is_named).cloned().collect()
}

/// How a reference is made to follow.
fn declare(reference: &Undeclared, table: &TableName, key: &Ident) -> String {
    let (from, column) = (&reference.table, &reference.column);
    if reference.is_list {
        return format!(
            "A list of keys cannot be declared: keep it as a table with a foreign key to {table}, or \
             fill a uuid[] beside it while both shapes live"
        );
    }
    let add = format!("ALTER TABLE {from} ADD FOREIGN KEY ({column}) REFERENCES {table} ({key})");
    // PostgreSQL before 18 knows no NOT VALID foreign key of a partitioned table.
    let how = if reference.is_partitioned {
        add
    } else {
        format!("{add} NOT VALID, then VALIDATE CONSTRAINT")
    };
    format!("Where it is one, declare it, and it is converted with the key: {how}")
}
