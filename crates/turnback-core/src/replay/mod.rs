//! Replays: samples that were recorded or made up, taken through guards and decisions, to see what
//! would have been done when.

mod entry;
mod line;
mod run;
mod script;

pub use self::entry::{Entry, What};
pub use self::run::{Replay, replay};
pub use self::script::{BadLine, Event, Script};
