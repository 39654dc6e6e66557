//! Guards: what is measured while a phase runs and bakes, and what the measurements say.

mod any_judge;
mod apart;
mod baseline;
mod clinging;
mod definition;
mod judge;
mod level;
pub(crate) mod limit;
mod meter;
mod moment;
mod probe;
mod rare;
mod readiness;
mod reason;
mod sample;
mod shift;
mod threshold;
mod unit;
mod verdict;
mod versus;
mod window;

pub use self::any_judge::AnyJudge;
pub use self::baseline::{Baseline, BaselineRecorder, LEAST_VALUES, ObjectValues, Series};
pub use self::definition::{Belief, Guard, Of};
pub use self::judge::Judge;
pub use self::level::Level;
pub use self::limit::Limit;
pub use self::meter::Meter;
pub use self::moment::Moment;
pub use self::probe::{BuiltIn, Expected, HttpProbe, Probe};
pub use self::readiness::{baseline_findings, lack};
pub use self::sample::{Reading, Sample, Value};
pub use self::threshold::{Change, Than, Threshold};
pub use self::unit::{Dimension, Unit};
pub use self::verdict::Verdict;
pub use self::versus::{LONGEST as LONGEST_REST, Versus};
