//! Feature flags in flagd's definition format: read, checked, evaluated, changed.
//!
//! What is followed: flagd's flag definitions with its custom operations
//! (<https://flagd.dev/reference/flag-definitions/>), JsonLogic (<https://jsonlogic.com/>), and of
//! `fractional` the form with whole numbers (flagd issue 1903, `@fractional-v2` of its test bed).
//! `docs/flags.md` says where this differs, and why.

mod answer;
mod change;
mod definition;
mod evaluate;
mod maintenance;
mod read;
mod record;
mod rollout;
mod targeting;

pub use self::answer::{Answer, ErrorCode, Reason, Refusal};
pub use self::change::{Change, ChangeRefused, Difference};
pub use self::definition::{Flag, FlagSet, FlagState};
pub use self::evaluate::Context;
pub use self::maintenance::{MAINTENANCE, Maintenance};
pub use self::read::Fault;
pub use self::record::{By, Record, Stored};
pub use self::rollout::Share;
