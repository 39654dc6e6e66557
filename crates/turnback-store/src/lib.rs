//! The control store in SQLite: the journal with its chain, the outbox, and what a watch keeps.
//!
//! The journal tells people what was set out to do and what came of it. Recovery does not
//! need it: what was done to a database is in that database's own ledger.

mod chain;
mod incidents;
mod outbox;
mod schema;
mod sqlite;
mod watch;

pub use self::incidents::WholeJournal;
pub use self::outbox::{OutboxEntry, OutboxState};
pub use self::sqlite::{Entry, SqliteStore};
pub use self::watch::AskedQuestion;
