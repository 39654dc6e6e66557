//! The control store: the journal in SQLite.
//!
//! The journal tells people what was set out to do and what came of it. Recovery does not
//! need it: what was done to a database is in that database's own ledger.

mod sqlite;

pub use self::sqlite::{Entry, SqliteStore};
