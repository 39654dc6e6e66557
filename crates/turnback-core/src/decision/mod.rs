//! Decisions: what to do about what guards say.
//!
//! A [`Matrix`] is the `decisions:` of a plan. [`decide`] takes it and a [`Situation`] and gives
//! a [`Decision`] with its reason: the first row that fits, or a default that is safe.
//! [`explain`] adds the rows that did not fit, and why.

mod action;
mod condition;
mod coverage;
mod decide;
mod explain;
mod irreversible;
mod matrix;
mod situation;
pub(crate) mod spelt_duration;

pub use self::action::{Action, Ask, Otherwise};
pub use self::condition::{Condition, Mismatch};
pub use self::coverage::{Covered, NeverMatches, never_match};
pub use self::decide::{By, Decision, decide};
pub use self::explain::{Explanation, Tried, explain};
pub use self::irreversible::past_the_irreversible;
pub use self::matrix::{Matrix, Row, default_for};
pub use self::situation::{Heard, Situation};
