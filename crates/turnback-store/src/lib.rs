//! The control store: the journal with its chain, the outbox, and what a watch keeps; in a SQLite
//! file, or in a PostgreSQL database that several controllers share.
//!
//! The journal tells people what was set out to do and what came of it. Recovery does not
//! need it: what was done to a database is in that database's own ledger.

mod chain;
mod database;
mod incidents;
mod journal;
mod outbox;
mod place;
mod schema;
mod store;
mod watch;

pub use self::incidents::WholeJournal;
pub use self::journal::Entry;
pub use self::outbox::{OutboxEntry, OutboxState};
pub use self::place::StorePlace;
pub use self::store::ControlStore;
pub use self::watch::AskedQuestion;
