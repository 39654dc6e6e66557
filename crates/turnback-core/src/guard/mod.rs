//! Guards: what is measured while a phase runs and bakes, and what the measurements say.

mod level;
mod moment;
mod probe;
mod sample;
mod verdict;

pub use self::level::Level;
pub use self::moment::Moment;
pub use self::probe::{BuiltIn, Expected, HttpProbe, Probe};
pub use self::sample::{Reading, Sample, Value};
pub use self::verdict::Verdict;
