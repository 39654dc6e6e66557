//! What a guard's numbers are: times, sizes, parts of a whole, rates.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::human::human_bytes;

/// What the numbers of a probe are. Readings are written down as the probe gave them; the judge
/// takes them to the base of their [`Dimension`] with [`Unit::to_base`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Plain numbers.
    Number,
    /// Seconds.
    Seconds,
    /// Thousandths of a second.
    Milliseconds,
    /// Bytes.
    Bytes,
    /// Parts of one: 0.05 is 5%.
    Share,
    /// Hundredths: 5 is 5%.
    Percent,
    /// Events per second.
    PerSecond,
    /// Bytes per second.
    BytesPerSecond,
    /// A total that only rises, such as a counter of errors: what counts is how fast.
    Counter,
}

/// What can be compared with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Plain numbers.
    Number,
    /// Seconds.
    Time,
    /// Bytes.
    Size,
    /// Parts of one.
    Share,
    /// Events per second.
    Rate,
    /// Bytes per second.
    Flow,
}

impl Unit {
    /// Every unit, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Number,
        Self::Seconds,
        Self::Milliseconds,
        Self::Bytes,
        Self::Share,
        Self::Percent,
        Self::PerSecond,
        Self::BytesPerSecond,
        Self::Counter,
    ];

    /// As plans write them, in the order of [`Unit::ALL`].
    pub const NAMES: [&str; 9] = [
        "number",
        "seconds",
        "milliseconds",
        "bytes",
        "share",
        "percent",
        "per_second",
        "bytes_per_second",
        "counter",
    ];

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The one that plans call so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name)
    }

    /// What its numbers can be compared with. Of a counter, that is how fast it rises.
    pub fn dimension(self) -> Dimension {
        match self {
            Self::Number => Dimension::Number,
            Self::Seconds | Self::Milliseconds => Dimension::Time,
            Self::Bytes => Dimension::Size,
            Self::Share | Self::Percent => Dimension::Share,
            Self::PerSecond | Self::Counter => Dimension::Rate,
            Self::BytesPerSecond => Dimension::Flow,
        }
    }

    /// A number of the probe's, in the base of its dimension (seconds, bytes, parts of one, per
    /// second). That of a counter stays a total.
    pub fn to_base(self, number: f64) -> f64 {
        match self {
            Self::Milliseconds => number / 1_000.0,
            Self::Percent => number / 100.0,
            _ => number,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Dimension {
    /// A number in the base of this dimension, as people read it.
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Number => number(value),
            Self::Time => time(value),
            Self::Size => size(value),
            Self::Share => format!("{}%", number(value * 100.0)),
            Self::Rate => rate(value),
            Self::Flow => format!("{}/s", size(value)),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "a number",
            Self::Time => "a time",
            Self::Size => "a size",
            Self::Share => "a percentage",
            Self::Rate => "a rate",
            Self::Flow => "bytes per second",
        })
    }
}

/// Three digits that matter; whole numbers as they are.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let before = value.abs().log10().floor() as i32;
    let digits = usize::try_from((2 - before).clamp(0, 12)).unwrap_or(0);
    let shown = format!("{value:.digits$}");
    if digits == 0 {
        return shown;
    }
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn time(seconds: f64) -> String {
    match seconds.abs() {
        0.0 => "0 s".to_owned(),
        s if s < 0.001 => format!("{} µs", number(seconds * 1e6)),
        s if s < 1.0 => format!("{} ms", number(seconds * 1e3)),
        s if s < 120.0 => format!("{} s", number(seconds)),
        s if s < 7_200.0 => format!("{} min", number(seconds / 60.0)),
        _ => format!("{} h", number(seconds / 3_600.0)),
    }
}

fn size(bytes: f64) -> String {
    let shown = human_bytes(bytes.abs().round() as u64);
    if bytes < 0.0 {
        format!("-{shown}")
    } else {
        shown
    }
}

fn rate(per_second: f64) -> String {
    match per_second.abs() {
        r if r == 0.0 || r >= 1.0 => format!("{}/s", number(per_second)),
        r if r >= 1.0 / 60.0 => format!("{}/min", number(per_second * 60.0)),
        _ => format!("{}/hour", number(per_second * 3_600.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        for (dimension, value, shown) in [
            (Dimension::Number, 0.0, "0"),
            (Dimension::Number, 12_345.678, "12346"),
            (Dimension::Number, 1.5, "1.5"),
            (Dimension::Number, 0.000_123_45, "0.000123"),
            (Dimension::Number, -2.0, "-2"),
            (Dimension::Time, 0.000_25, "250 µs"),
            (Dimension::Time, 0.35, "350 ms"),
            (Dimension::Time, 1.2345, "1.23 s"),
            (Dimension::Time, 600.0, "10 min"),
            (Dimension::Share, 0.8, "80%"),
            (Dimension::Share, 0.0512, "5.12%"),
            (Dimension::Size, 5_368_709_120.0, "5.0 GB"),
            (Dimension::Rate, 5.0 / 3_600.0, "5/hour"),
            (Dimension::Rate, 2.0, "2/s"),
            (Dimension::Flow, 1_048_576.0, "1.0 MB/s"),
        ] {
            assert_eq!(dimension.show(value), shown);
        }
        for strange in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE] {
            for unit in Unit::ALL {
                assert!(!unit.dimension().show(strange).is_empty());
            }
        }
    }

    #[test]
    fn every_unit_is_found_by_its_name() {
        for unit in Unit::ALL {
            assert_eq!(Unit::named(unit.as_str()), Some(unit));
        }
    }
}
