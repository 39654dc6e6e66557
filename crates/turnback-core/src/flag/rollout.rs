//! Rollouts: a flag that is on for a share of all people, and off for the rest.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::definition::Flag;

/// A share of all people, in tenths of a percent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct Share(u16);

impl TryFrom<u16> for Share {
    type Error = String;

    /// Takes tenths of a percent.
    fn try_from(tenths: u16) -> Result<Self, Self::Error> {
        Self::tenths(tenths)
            .ok_or_else(|| format!("expected at most 1000 tenths of a percent, but found {tenths}"))
    }
}

impl From<Share> for u16 {
    fn from(share: Share) -> Self {
        share.0
    }
}

impl Share {
    /// Nobody.
    pub const NONE: Self = Self(0);
    /// Everybody.
    pub const ALL: Self = Self(1_000);

    /// So many tenths of a percent; nothing where that is more than everybody.
    pub fn tenths(tenths: u16) -> Option<Self> {
        (tenths <= Self::ALL.0).then_some(Self(tenths))
    }

    /// In tenths of a percent.
    pub fn in_tenths(self) -> u16 {
        self.0
    }

    /// The definition of a flag that is on for this share, by targeting key.
    ///
    /// `on` stands first, so that its range grows at the end: whoever is in stays in while the
    /// share grows.
    pub fn definition(self) -> Value {
        json!({
            "state": "ENABLED",
            "variants": { "on": true, "off": false },
            "defaultVariant": "off",
            "targeting": { "fractional": self.buckets() },
        })
    }

    fn buckets(self) -> [Value; 2] {
        [json!(["on", self.0]), json!(["off", Self::ALL.0 - self.0])]
    }
}

impl FromStr for Share {
    type Err = String;

    /// Reads what [`Share`] is shown as: `10%`, `0.1%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "expected a share of 0% to 100% in steps of 0.1%, such as 1% or 12.5%, but found {text:?}"
            )
        };
        let number = text.strip_suffix('%').ok_or_else(wrong)?;
        let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(tenth, 1) {
            return Err(wrong());
        }
        let tenths = |part: &str| part.parse::<u16>().map_err(|_| wrong());
        Self::tenths(tenths(whole)? * 10 + tenths(tenth)?).ok_or_else(wrong)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 10, self.0 % 10) {
            (whole, 0) => write!(f, "{whole}%"),
            (whole, tenth) => write!(f, "{whole}.{tenth}%"),
        }
    }
}

impl Flag {
    /// The share that it is on for: where its targeting, somewhere, is spread once over `on` and
    /// `off`, with whole weights. What stands around that (this team always, that country never)
    /// is not reckoned with.
    pub fn share(&self) -> Option<Share> {
        let buckets = split(self.targeting()?)?;
        let weight = |name: &str| {
            let bucket = buckets.iter().find(|bucket| bucket[0] == name)?;
            bucket[1].as_u64()
        };
        let (on, off) = (weight("on")?, weight("off")?);
        let tenths = on.checked_mul(1_000)?.checked_div(on.checked_add(off)?)?;
        Share::tenths(u16::try_from(tenths).ok()?)
    }

    /// Its definition with another share; nothing where it is not spread over `on` and `off`.
    pub(super) fn with_share(&self, share: Share) -> Option<Value> {
        let mut definition = self.definition();
        let buckets = split_mut(&mut definition["targeting"])?;
        // In their old order, from which people's places follow.
        for bucket in buckets {
            let [on, off] = share.buckets();
            *bucket = if bucket[0] == "on" { on } else { off };
        }
        Some(definition)
    }
}

/// The buckets of the only `fractional` of a rule, if they are `on` and `off`.
fn split(rule: &Value) -> Option<&[Value]> {
    let mut found = vec![];
    find(rule, &mut found);
    match found.as_slice() {
        [arguments] => buckets(arguments).map(|from| &arguments[from..]),
        _ => None,
    }
}

fn split_mut(rule: &mut Value) -> Option<&mut [Value]> {
    split(rule)?;
    let arguments = find_mut(rule)?;
    let from = buckets(arguments)?;
    arguments.get_mut(from..)
}

/// From where on the arguments are buckets for `on` and `off`: after a bucketing value, or at once.
fn buckets(arguments: &[Value]) -> Option<usize> {
    let from = arguments.len().checked_sub(2)?;
    let named = |bucket: &Value| match bucket.as_array()?.as_slice() {
        [Value::String(name), Value::Number(weight)] => {
            weight.as_u64().map(|_| name == "on" || name == "off")
        }
        _ => None,
    };
    let both = arguments[from..]
        .iter()
        .all(|bucket| named(bucket) == Some(true))
        && arguments[from][0] != arguments[from + 1][0];
    let by = arguments[..from].iter().all(|by| !by.is_array());
    (from <= 1 && both && by).then_some(from)
}

fn find<'a>(rule: &'a Value, found: &mut Vec<&'a Vec<Value>>) {
    match rule {
        Value::Array(parts) => parts.iter().for_each(|part| find(part, found)),
        Value::Object(parts) => {
            for (name, part) in parts {
                match part {
                    Value::Array(arguments) if name == "fractional" => found.push(arguments),
                    _ => find(part, found),
                }
            }
        }
        _ => {}
    }
}

fn find_mut(rule: &mut Value) -> Option<&mut Vec<Value>> {
    match rule {
        Value::Array(parts) => parts.iter_mut().find_map(find_mut),
        Value::Object(parts) => parts.iter_mut().find_map(|(name, part)| {
            if name == "fractional" && part.is_array() {
                part.as_array_mut()
            } else {
                find_mut(part)
            }
        }),
        _ => None,
    }
}
