//! The control store: the journal with its chain, the outbox, and what a watch keeps; in a SQLite
//! file, or in a PostgreSQL database that several controllers share.
//!
//! The journal tells people what was set out to do and what came of it. Recovery does not
//! need it: what was done to a database is in that database's own ledger.

mod audit;
mod chain;
mod copy;
mod database;
mod flags;
mod incidents;
mod journal;
mod leadership;
mod moment;
mod outbox;
mod place;
mod run;
mod schema;
mod store;
mod token;
mod watch;

pub use self::audit::{Action, KeptAction};
pub use self::copy::Copied;
pub use self::incidents::WholeJournal;
pub use self::journal::Entry;
pub use self::leadership::Leader;
pub use self::outbox::{OutboxEntry, OutboxState};
pub use self::place::StorePlace;
pub use self::run::{Asked, KeptRun, RunEnd, RunRequest, RunState};
pub use self::store::ControlStore;
pub use self::token::{KeptToken, NewToken};
pub use self::watch::AskedQuestion;
