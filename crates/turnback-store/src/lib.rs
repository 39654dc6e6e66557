//! The control store in SQLite: the journal and the outbox.
//!
//! The journal tells people what was set out to do and what came of it. Recovery does not
//! need it: what was done to a database is in that database's own ledger.

mod chain;
mod outbox;
mod schema;
mod sqlite;
mod watch;

pub use self::outbox::{OutboxEntry, OutboxState};
pub use self::sqlite::{Entry, SqliteStore};
pub use self::watch::AskedQuestion;
