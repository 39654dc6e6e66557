//! The target: sessions, catalog snapshots, ledger, backfill.

mod backfill;
mod blockers;
pub mod catalog;
mod error;
pub mod facts;
mod held;
mod ledger;
mod locks;
mod online;
mod script;
pub mod session;
mod silence;
mod target;

pub use self::target::PostgresTarget;
