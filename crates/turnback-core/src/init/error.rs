//! Why there is no draft.

use std::fmt;

use super::{Skipped, write};
use crate::name::TableName;

/// Why there is no draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InitError {
    /// The database has no tables at all.
    NoTables {
        /// Its name.
        database: String,
    },
    /// None of its tables has an integer key that can be converted.
    NothingToConvert {
        /// Its name.
        database: String,
        /// Each table with the reason.
        skipped: Vec<Skipped>,
    },
    /// Tables that were asked for and cannot be had, all of them.
    Tables(Vec<TableProblem>),
    /// The text for `target:` holds a password.
    PasswordInTarget,
}

/// What is wrong with a table that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableProblem {
    /// It is not there.
    Missing {
        /// As asked for.
        table: TableName,
        /// What was probably meant.
        similar: Option<TableName>,
    },
    /// Its key cannot be converted.
    Unfit {
        /// The table.
        table: TableName,
        /// Why, as half a sentence.
        reason: String,
    },
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Reasons shown; the rest is counted.
        const SHOWN: usize = 10;
        match self {
            Self::NoTables { database } => write!(
                f,
                "database {} has no tables, so there is no key to convert",
                write::printable(database)
            ),
            Self::NothingToConvert { database, skipped } => {
                write!(
                    f,
                    "database {} has no integer key that can be converted",
                    write::printable(database)
                )?;
                if skipped.is_empty() {
                    f.write_str(": every key is uuid already")?;
                }
                for skip in skipped.iter().take(SHOWN) {
                    write!(f, "\n  {}: {}", write::table(&skip.table), skip.reason)?;
                }
                if skipped.len() > SHOWN {
                    write!(f, "\n  and {} more", skipped.len() - SHOWN)?;
                }
                Ok(())
            }
            Self::Tables(problems) => {
                for (i, problem) in problems.iter().enumerate() {
                    write!(f, "{}{problem}", if i > 0 { "\n" } else { "" })?;
                }
                Ok(())
            }
            Self::PasswordInTarget => f.write_str(
                "the target holds a password, and a plan file is no place for one: put the \
                 connection string into an environment variable and write ${DATABASE_URL}",
            ),
        }
    }
}

impl fmt::Display for TableProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { table, similar } => {
                write!(f, "there is no table {}", write::table(table))?;
                match similar {
                    Some(similar) => write!(f, "; did you mean {}?", write::table(similar)),
                    None => Ok(()),
                }
            }
            Self::Unfit { table, reason } => {
                write!(f, "{} cannot be converted: {reason}", write::table(table))
            }
        }
    }
}

impl std::error::Error for InitError {}
