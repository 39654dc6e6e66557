//! The target: sessions, catalog snapshots, ledger, backfill.

mod backfill;
pub mod backup;
mod blockers;
pub mod catalog;
mod error;
pub mod facts;
mod held;
mod ledger;
mod locks;
mod online;
mod pressure;
mod probe;
pub mod session;
mod silence;
mod target;
pub mod trial;
pub mod undeclared;

pub use self::ledger::throttle::Throttle;
pub use self::probe::{ProbeScope, TargetProber};
pub use self::target::PostgresTarget;
