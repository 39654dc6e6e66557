//! Maintenance as a built-in flag, which every application can ask like any other.

use std::time::Duration;

use serde_json::{Value, json};

use super::definition::FlagSet;
use crate::guard::Moment;

/// The key of the built-in flag.
pub const MAINTENANCE: &str = "maintenance";

/// That there is maintenance. The flag is true then, with these as its metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintenance {
    /// What users are told.
    pub message: String,
    /// When it is expected to end.
    pub until: Option<Moment>,
}

impl Maintenance {
    /// The flag's definition: with maintenance, or without.
    pub(super) fn definition(maintenance: Option<&Self>) -> Value {
        let mut metadata = json!({});
        if let Some(Self { message, until }) = maintenance {
            metadata["message"] = json!(message);
            if let Some(until) = until {
                metadata["until"] = json!(until.rfc3339());
            }
        }
        json!({
            "state": "ENABLED",
            "variants": { "on": true, "off": false },
            "defaultVariant": if maintenance.is_some() { "on" } else { "off" },
            "metadata": metadata,
        })
    }

    /// How long it is still expected to last, where that is known and not over.
    pub fn left(&self, now: Moment) -> Option<Duration> {
        let left = self.until?.since(now);
        (!left.is_zero()).then_some(left)
    }
}

impl FlagSet {
    /// Whether there is maintenance, and what is known of it.
    pub fn maintenance(&self) -> Option<Maintenance> {
        let flag = self.flag(MAINTENANCE)?;
        if flag.default_variant() != "on" {
            return None;
        }
        let text = |key: &str| flag.metadata().get(key).and_then(Value::as_str);
        Some(Maintenance {
            message: text("message").unwrap_or_default().to_owned(),
            until: text("until").and_then(Moment::from_rfc3339),
        })
    }
}
