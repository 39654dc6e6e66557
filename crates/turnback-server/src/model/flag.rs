//! Flags and maintenance, as the API says them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Every flag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlagList {
    /// Grows by one at each change.
    pub version: u64,
    /// The flags, by key.
    pub flags: Vec<Flag>,
}

/// One flag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Flag {
    /// Its key.
    pub key: String,
    /// Whether its targeting counts; otherwise everybody gets the default variant.
    pub enabled: bool,
    /// `boolean`, `string`, `number`, `object`.
    pub kind: String,
    /// The share that it is on for, such as `12.5%`, where it is a rollout.
    pub share: Option<String>,
    /// Its definition, in flagd's format.
    pub definition: Value,
}

/// A definition to be set.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetFlag {
    /// In flagd's format.
    pub definition: Value,
    /// Why.
    pub why: Option<String>,
}

/// A share to be set.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShare {
    /// Such as `1%` or `12.5%`.
    pub share: String,
    /// Why.
    pub why: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangedFlags {
    /// The version that is served now.
    pub version: u64,
    /// The flags that are other than before; none where all was so already.
    pub changed: Vec<String>,
}

/// One change of one flag, as it was taken down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlagChange {
    /// The version that it led to.
    pub version: u64,
    /// The flag; `$evaluators` and `$metadata` are what flags share.
    pub key: String,
    /// Its definition before; none where there was none.
    pub old: Option<Value>,
    /// Its definition after; none where there is none.
    pub new: Option<Value>,
    /// Who.
    pub who: String,
    /// Why, as they said.
    pub why: Option<String>,
    /// When: UTC, RFC 3339.
    pub at: String,
}

/// Whether there is maintenance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceState {
    /// Whether there is any.
    pub on: bool,
    /// What users are told.
    pub message: Option<String>,
    /// When it is expected to end: UTC, RFC 3339.
    pub until: Option<String>,
}

/// Maintenance to be announced or ended.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMaintenance {
    /// Whether there is to be any.
    pub on: bool,
    /// What users are told.
    pub message: Option<String>,
    /// When it is expected to end: in so long (`30m`), or a time in UTC
    /// (`2026-11-21T22:00:00.000Z`).
    pub until: Option<String>,
    /// Why.
    pub why: Option<String>,
}
