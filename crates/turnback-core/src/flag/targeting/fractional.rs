//! `fractional`: spreads people over variants by weights, each always to the same one.
//!
//! As flagd does it since it reckons with whole numbers (issue 1903, "high resolution fractional
//! bucketing"; `core/pkg/evaluator/fractional.go`): the MurmurHash3 of the bucketing value, taken
//! as UTF-8, times the sum of the weights, divided by 2^32, falls into one of the ranges that the
//! weights make in the order in which they stand. So a range that grows at its end loses nobody.

use serde_json::Value;

use super::murmur3::murmur3;

/// The greatest sum of weights (flagd: the greatest 32-bit integer).
const MOST: u64 = i32::MAX as u64;

/// What `fractional` gives.
pub enum Drawn {
    /// The first element of a bucket.
    Variant(Value),
    /// Nothing, as the buckets are not as they must be: flagd gives null.
    Nothing,
    /// Nothing, since the people are spread by their targeting key, and there is none.
    NoKey,
}

/// Draws from the arguments, which have been evaluated. The bucketing value stands first where it
/// is a text; else it is the flag's key followed by the targeting key.
pub fn fractional(arguments: &[Value], flag: &str, targeting_key: Option<&str>) -> Drawn {
    let (named, buckets) = match arguments {
        [Value::String(by), buckets @ ..] => (Some(by.clone()), buckets),
        [Value::Null, buckets @ ..] => (None, buckets),
        buckets => (None, buckets),
    };
    let Some(buckets) = buckets.iter().map(bucket).collect::<Option<Vec<_>>>() else {
        return Drawn::Nothing;
    };
    let by = match (named, targeting_key) {
        (Some(by), _) => by,
        (None, Some(key)) => format!("{flag}{key}"),
        (None, None) => return Drawn::NoKey,
    };
    let total: u64 = buckets.iter().map(|(_, weight)| weight).sum();
    if total == 0 || total > MOST {
        return Drawn::Nothing;
    }
    let place = (u64::from(murmur3(by.as_bytes())) * total) >> 32;
    let mut end = 0;
    for (variant, weight) in buckets {
        end += weight;
        if place < end {
            return Drawn::Variant(variant.clone());
        }
    }
    Drawn::Nothing
}

/// A variant and its weight: 1 where none is given, 0 where a calculation made it negative.
fn bucket(value: &Value) -> Option<(&Value, u64)> {
    let (variant, weight) = match value.as_array()?.as_slice() {
        [variant] | [variant, Value::Null] => (variant, 1.0),
        [variant, Value::Number(weight)] => (variant, weight.as_f64()?),
        _ => return None,
    };
    let whole = weight.fract() == 0.0 && weight <= MOST as f64;
    let is_name = !variant.is_array() && !variant.is_object();
    (whole && is_name).then_some((variant, weight.max(0.0) as u64))
}
