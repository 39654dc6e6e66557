//! The watch over one phase: what guards say over time, joined with the matrix, and what to do
//! next because of it.
//!
//! [`Watch`] is a state machine without a clock of its own. It is told what guards say at a
//! moment ([`Watch::step`]) and what people answer ([`Watch::answer`]), and gives [`Next`] things
//! to do. Nothing is decided twice:
//!
//! - A way back is decided once; after that only one that goes further is.
//! - A question stays open until it is answered, its deadline has passed, or a way back has
//!   overtaken it. Guards that come to the same row meanwhile join it.
//! - What was answered, told or held for is not asked or told again before the guard has passed
//!   for [`CALM`] without a break, unless it gets worse.
//!
//! Time that nobody watched does not count: see [`Clock`].

mod clock;
mod dealt;
mod hearing;
mod machine;
mod next;
mod question;
mod waiting;

pub use self::clock::{Clock, LONGEST_GAP};
pub use self::dealt::CALM;
pub use self::machine::Watch;
pub use self::next::{Cause, Closed, Next};
pub use self::question::{Answer, AnswerRefused, Question};
pub use self::waiting::Waiting;
