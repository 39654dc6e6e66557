//! Backups: PostgreSQL's own tools, found and run with care; what they hold, counted and
//! compared; databases created, filled and swapped.

mod about;
mod adapter;
mod child;
mod contents;
mod create;
mod databases;
mod error;
mod fill;
mod ledger_files;
mod salvage;
mod server;
mod shelf;
mod source;
mod swap;
mod tables;
mod tell;
mod tools;
mod verify;

pub use self::about::About;
pub use self::adapter::remove;
pub use self::create::{Request, create};
pub use self::error::BackupError;
pub use self::ledger_files::copy_ledger;
pub use self::salvage::{
    Change, Found, Hear, Heard, TableFound, TranslatedKey, Wanted as Salvage, replaced, salvage,
};
pub use self::server::Server;
pub use self::shelf::{Entry, Shelf};
pub use self::source::Given;
pub use self::swap::{Swapped, cancel_swap, databases_of, let_clients_in, restore_swap};
pub use self::tables::{TableRestored, restore_tables};
pub use self::tell::{Doing, Tell};
pub use self::tools::client;
pub use self::verify::{Outcome, verify};
