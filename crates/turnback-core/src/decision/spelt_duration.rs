//! Durations in records as plans write them: `15m`, not a number of something.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer, de};

use crate::plan::{parse_duration, show_duration};

pub(crate) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&show_duration(*duration))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text)
        .ok_or_else(|| de::Error::custom(format!("expected a duration, but found {text:?}")))
}

/// The same for a duration that may be missing.
pub(super) mod optional {
    use super::{
        Deserialize, Deserializer, Duration, Serializer, de, parse_duration, show_duration,
    };

    pub(in crate::decision) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => serializer.serialize_some(&show_duration(*duration)),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::decision) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        match parse_duration(&text) {
            Some(duration) => Ok(Some(duration)),
            None => Err(de::Error::custom(format!(
                "expected a duration, but found {text:?}"
            ))),
        }
    }
}
