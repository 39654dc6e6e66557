//! What one run of a probe came to.

use serde::{Deserialize, Serialize};

use super::Moment;

/// One run of a guard's probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The guard.
    pub guard: String,
    /// When the answer was there.
    pub at: Moment,
    /// What it was.
    pub reading: Reading,
}

/// What a probe answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// At least one value, in the unit of the guard, as the probe gave it.
    Measured(Vec<Value>),
    /// It answered, and had no value.
    NoData,
    /// It failed, or did not answer in time: why, as a sentence.
    Failed(String),
}

/// One number, of one object where the probe looks at several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// What it is about: a table, a foreign key, a label; none where the probe gives one number.
    pub object: Option<String>,
    /// The number.
    pub value: f64,
}

impl Reading {
    /// What was measured. What is not a number is no data; what is endless is the greatest number
    /// there is, which is beyond every threshold and can be kept.
    pub fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let known: Vec<Value> = values
            .into_iter()
            .filter(|value| !value.value.is_nan())
            .map(|value| Value {
                value: value.value.clamp(f64::MIN, f64::MAX),
                ..value
            })
            .collect();
        if known.is_empty() {
            Self::NoData
        } else {
            Self::Measured(known)
        }
    }

    /// One number that is about nothing in particular.
    pub fn single(value: f64) -> Self {
        Self::of([Value {
            object: None,
            value,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_no_data_and_the_endless_is_kept_as_the_greatest() {
        assert_eq!(Reading::single(f64::NAN), Reading::NoData);
        assert_eq!(Reading::of([]), Reading::NoData);
        assert_eq!(
            Reading::single(f64::NEG_INFINITY),
            Reading::single(f64::MIN)
        );
    }
}
