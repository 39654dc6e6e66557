//! What a store keeps of flags and of their changes.

use serde::Serialize;
use serde_json::Value;

use super::definition::FlagSet;
use crate::guard::Moment;

/// The flags at one time.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Grows by one at each change; 0 before the first.
    pub version: u64,
    /// The flags.
    pub set: FlagSet,
}

/// Who changes something, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct By {
    /// Who.
    pub who: String,
    /// Why, where that is said.
    pub why: Option<String>,
}

/// One change of one flag, as it was taken down. Such records are only ever added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    /// The version of all flags that it led to. One change may be about many flags.
    pub version: u64,
    /// The flag; `$evaluators` and `$metadata` are what flags share.
    pub key: String,
    /// Its definition before; nothing where there was none.
    pub old: Option<Value>,
    /// Its definition after; nothing where there is none.
    pub new: Option<Value>,
    /// Who and why.
    #[serde(flatten)]
    pub by: By,
    /// When: UTC, RFC 3339.
    pub at: String,
}

impl Record {
    /// When it was, as a point in time.
    pub fn moment(&self) -> Option<Moment> {
        Moment::from_rfc3339(&self.at)
    }
}
