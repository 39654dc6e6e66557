//! Incidents: what happened, from the journal.
//!
//! Whatever stopped a run or turned it back is an incident: a hold, a question, a way back by the
//! watch or by hand. [`incidents`] finds them; a hold that becomes a question that becomes a way
//! back is one. They are numbered in the order of the journal, so that numbers stay as they are.
//! [`measure`] adds what the guard measured, and [`Times`] how long each part took.

mod chart;
mod cost;
mod find;
mod line;
mod measure;
mod record;
pub mod report;
mod samples;
mod thread;
mod times;

pub use self::chart::Chart;
pub use self::cost::{Cost, InState, LockCost};
pub use self::find::incidents;
pub use self::line::{Line, Mark, line};
pub use self::measure::{Measured, Normal, Point, measure, watched};
pub use self::record::{
    Asked, Decided, End, Ended, Entry, HookDone, Incident, Kind, PartDone, Recovery, Validated,
};
pub use self::times::{Means, Times, means};
