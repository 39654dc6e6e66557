//! Runs what the core decides: goes forward, recovers, turns back, gives up the old shape.
//!
//! The engine knows the world through three small traits in [`edges`]: the target database,
//! the journal, and whoever watches. Every command is a function of [`Run`].

mod back;
mod blocker;
mod contract;
mod fill;
mod forward_hooks;
mod gate;
mod helpers;
mod hooks;
mod proof;
mod recovery;
mod run;
mod stage;
pub mod stop;
mod transaction;
mod up;
mod way;

pub mod delivery;
pub mod edges;
pub mod error;
pub mod flags;
pub mod leadership;
pub mod progress;
pub mod watch;

pub use self::back::{BackReport, BackTo, back, standings};
pub use self::contract::{ContractReport, contract};
pub use self::gate::Gate;
pub use self::proof::Proof;
pub use self::recovery::{PartReport, Recovery, RecoveryReport, recover};
pub use self::run::Run;
pub use self::stage::search_path;
pub use self::stop::Stop;
pub use self::up::{Until, UpReport, live_versions, up};
