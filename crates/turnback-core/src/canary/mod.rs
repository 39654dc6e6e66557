//! The canary of a phase: while both shapes live, a flag sends a growing share of users to the
//! version of the application that uses the new one, and guards compare them with the rest.
//!
//! [`Rollout`] is a state machine without a clock of its own. It is told what the flag says and
//! what holds at a moment, and gives the one thing to do [`Next`]. What it rests on:
//!
//! - Time counts for a step only while its share is set, everything has been heard, and nothing
//!   holds. Unknown never proceeds.
//! - A share that is not the one that was set last was changed by somebody: it stops, and is never
//!   written over. A person's zero stays zero.
//! - Where it stands is kept in the ledger ([`Noted`]), written before the share is set. Whoever
//!   goes on after a crash is in the step that was noted last, and begins its time anew.

mod compare;
mod definition;
mod figures;
mod grouped;
mod noted;
mod rollout;

pub use self::compare::{Compare, Side, ToldBy};
pub use self::definition::{Canary, CanaryStep};
pub use self::figures::{Figures, side_by_side};
pub use self::grouped::{GROUP, GroupedBy, grouped_by, of_side};
pub use self::noted::Noted;
pub use self::rollout::{Next, Rollout, Seen, Waits};
pub use crate::flag::Share;
