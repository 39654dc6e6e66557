//! What is in a database, as numbers that two databases can be compared by.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::TableName;

/// Rows and checksum of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// The table; a partition counts by itself.
    pub table: TableName,
    /// How many rows.
    pub rows: u64,
    /// The sum, over all rows in whatever order, of the first 64 bits of the MD5 of the row's
    /// text: the same on every version and machine. A decimal number, for it has no bounds.
    pub checksum: String,
    /// Size of the table with its indexes, in bytes; no part of any comparison.
    #[serde(default)]
    pub bytes: u64,
    /// It was not written to while the backup was taken, so its numbers are exactly those of
    /// the backup. Only a physical backup, which has no snapshot, knows tables that are not.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub steady: bool,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_true(flag: &bool) -> bool {
    *flag
}

/// What is in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Every table with rows of its own, by name.
    pub tables: Vec<TableSum>,
    /// How many large objects.
    pub large_objects: u64,
}

/// How a restored database differs from its backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// A table of the backup is not there.
    Missing(TableName),
    /// A table is there that the backup does not know.
    Unknown(TableName),
    /// The number of rows differs: in the backup, and restored.
    Rows(TableName, u64, u64),
    /// As many rows, but not the same.
    Checksum(TableName),
    /// The number of large objects differs: in the backup, and restored.
    LargeObjects(u64, u64),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(table) => write!(f, "{table} is missing"),
            Self::Unknown(table) => write!(f, "{table} is there, and the backup does not know it"),
            Self::Rows(table, was, is) => {
                write!(
                    f,
                    "{table} has {is} rows, and had {was} when it was backed up"
                )
            }
            Self::Checksum(table) => {
                write!(
                    f,
                    "{table} has as many rows as it had, but not the same ones"
                )
            }
            Self::LargeObjects(was, is) => {
                write!(f, "there are {is} large objects, and there were {was}")
            }
        }
    }
}

impl Contents {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// How what was restored differs from this. Tables that were being written to must be
    /// there, and no more can be said of them.
    pub fn differences(&self, restored: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let is: BTreeMap<&TableName, &TableSum> = restored
            .tables
            .iter()
            .map(|sum| (&sum.table, sum))
            .collect();
        let was: BTreeMap<&TableName, &TableSum> =
            self.tables.iter().map(|sum| (&sum.table, sum)).collect();
        for (table, was) in &was {
            let name = (*table).clone();
            match is.get(table) {
                None => found.push(Difference::Missing(name)),
                Some(_) if !was.steady => {}
                Some(is) if is.rows != was.rows => {
                    found.push(Difference::Rows(name, was.rows, is.rows));
                }
                Some(is) if is.checksum != was.checksum => found.push(Difference::Checksum(name)),
                Some(_) => {}
            }
        }
        for table in is.keys().filter(|table| !was.contains_key(*table)) {
            found.push(Difference::Unknown((*table).clone()));
        }
        if self.large_objects != restored.large_objects {
            found.push(Difference::LargeObjects(
                self.large_objects,
                restored.large_objects,
            ));
        }
        found
    }

    /// These contents, in which those tables alone are steady that `later` has just the same.
    #[must_use]
    pub fn steady_until(mut self, later: &Self) -> Self {
        for sum in &mut self.tables {
            let same = later.tables.iter().any(|other| {
                other.table == sum.table && other.rows == sum.rows && other.checksum == sum.checksum
            });
            sum.steady = same;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, rows: u64, checksum: &str) -> TableSum {
        TableSum {
            table: TableName::new("public", name),
            rows,
            checksum: checksum.to_owned(),
            bytes: rows,
            steady: true,
        }
    }

    fn contents(tables: Vec<TableSum>) -> Contents {
        Contents {
            tables,
            large_objects: 0,
        }
    }

    #[test]
    fn equal_contents_have_no_differences_in_whatever_order_they_stand() {
        let a = contents(vec![table("a", 1, "5"), table("b", 2, "7")]);
        let b = contents(vec![table("b", 2, "7"), table("a", 1, "5")]);
        assert!(a.differences(&b).is_empty());
    }

    #[test]
    fn every_kind_of_difference_is_named_with_its_table() {
        let mut was = contents(vec![
            table("gone", 1, "1"),
            table("fewer", 2, "2"),
            table("other", 3, "3"),
        ]);
        was.large_objects = 2;
        let is = contents(vec![
            table("fewer", 1, "2"),
            table("other", 3, "4"),
            table("new", 0, "0"),
        ]);
        let said: Vec<String> = was
            .differences(&is)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            said,
            [
                "public.fewer has 1 rows, and had 2 when it was backed up",
                "public.gone is missing",
                "public.other has as many rows as it had, but not the same ones",
                "public.new is there, and the backup does not know it",
                "there are 0 large objects, and there were 2",
            ]
        );
    }

    #[test]
    fn a_table_that_was_written_to_meanwhile_is_only_asked_to_be_there() {
        let before = contents(vec![table("busy", 1, "1"), table("calm", 1, "1")]);
        let after = contents(vec![table("busy", 2, "9"), table("calm", 1, "1")]);
        let backup = before.steady_until(&after);
        let restored = contents(vec![table("busy", 7, "8"), table("calm", 1, "2")]);
        assert_eq!(
            backup.differences(&restored),
            [Difference::Checksum(TableName::new("public", "calm"))]
        );
        assert_eq!(
            backup.differences(&contents(vec![table("calm", 1, "1")])),
            [Difference::Missing(TableName::new("public", "busy"))]
        );
    }
}
