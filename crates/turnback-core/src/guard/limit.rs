//! A number with its unit, as thresholds have it: `500ms`, `5GB`, `80%`, `5/hour`.

use std::fmt;

use super::Dimension;
use super::threshold::plain_number;

/// A number with its unit, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    number: f64,
    scale: Scale,
    per: Option<Period>,
}

/// A unit: how it is written, and what one of it is in the base of its dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    suffix: &'static str,
    dimension: Dimension,
    factor: f64,
}

/// What a rate counts in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Period {
    suffix: &'static str,
    seconds: f64,
}

const fn scale(suffix: &'static str, dimension: Dimension, factor: f64) -> Scale {
    Scale {
        suffix,
        dimension,
        factor,
    }
}

/// Times as durations have them, sizes as `settings` has them (powers of 1024).
const SCALES: [Scale; 13] = [
    scale("", Dimension::Number, 1.0),
    scale("%", Dimension::Share, 0.01),
    scale("us", Dimension::Time, 1e-6),
    scale("ms", Dimension::Time, 1e-3),
    scale("s", Dimension::Time, 1.0),
    scale("m", Dimension::Time, 60.0),
    scale("h", Dimension::Time, 3_600.0),
    scale("d", Dimension::Time, 86_400.0),
    scale("B", Dimension::Size, 1.0),
    scale("kB", Dimension::Size, 1024.0),
    scale("MB", Dimension::Size, 1_048_576.0),
    scale("GB", Dimension::Size, 1_073_741_824.0),
    scale("TB", Dimension::Size, 1_099_511_627_776.0),
];

/// The first word of each is the one that is shown.
const PERIODS: [(&[&str], f64); 4] = [
    (&["s", "sec", "second"], 1.0),
    (&["min", "m", "minute"], 60.0),
    (&["hour", "h"], 3_600.0),
    (&["day", "d"], 86_400.0),
];

/// The same rule for the JSON schema.
pub(crate) const PATTERN: &str = r"-?\d+(\.\d+)?\s*(%|us|ms|s|m|h|d|B|kB|MB|GB|TB)?(\s*(/|per\s)\s*(s|sec|second|min|m|minute|hour|h|day|d))?";

impl Limit {
    /// Reads a number with its unit.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let length = digits
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count();
        let (digits, rest) = digits.split_at(length);
        let Some(number) = plain_number(digits) else {
            return Err(format!("there is no number in `{text}`"));
        };
        let (unit, per) = match rest.split_once('/').or_else(|| rest.split_once(" per ")) {
            Some((unit, per)) => (unit.trim(), Some(period(per.trim())?)),
            None => (rest.trim(), None),
        };
        let scale = unit_of(unit)?;
        let counts = matches!(scale.dimension, Dimension::Number | Dimension::Size);
        if per.is_some() && !counts {
            return Err(format!(
                "`{text}` is no rate: only numbers and sizes come per second, minute, hour or day"
            ));
        }
        Ok(Self {
            number: if negative { -number } else { number },
            scale,
            per,
        })
    }

    /// What it can be compared with; nothing for the plain number 0, which is the same in every
    /// unit.
    pub fn dimension(&self) -> Option<Dimension> {
        match (self.scale.dimension, self.per) {
            (Dimension::Number, None) if self.number == 0.0 => None,
            (Dimension::Number, Some(_)) => Some(Dimension::Rate),
            (Dimension::Size, Some(_)) => Some(Dimension::Flow),
            (dimension, _) => Some(dimension),
        }
    }

    /// The limit in the base of its dimension: seconds, bytes, parts of one; of a rate, per
    /// second.
    pub fn per_base(&self) -> f64 {
        self.number * self.scale.factor / self.per.map_or(1.0, |per| per.seconds)
    }

    /// The span of time over which a rate is counted, in seconds.
    pub fn period(&self) -> Option<f64> {
        self.per.map(|per| per.seconds)
    }
}

fn unit_of(text: &str) -> Result<Scale, String> {
    if let Some(scale) = SCALES.iter().find(|scale| scale.suffix == text) {
        return Ok(*scale);
    }
    let units: Vec<&str> = SCALES[1..].iter().map(|scale| scale.suffix).collect();
    let near = units.iter().find(|unit| unit.eq_ignore_ascii_case(text));
    Err(match near {
        Some(near) => format!("`{text}` is no unit; did you mean `{near}`?"),
        None => format!("`{text}` is no unit; there are {}", units.join(", ")),
    })
}

fn period(text: &str) -> Result<Period, String> {
    PERIODS
        .iter()
        .find(|(words, _)| words.contains(&text))
        .map(|(words, seconds)| Period {
            suffix: words[0],
            seconds: *seconds,
        })
        .ok_or_else(|| format!("`/{text}` is no rate; there are `/s`, `/min`, `/hour` and `/day`"))
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.scale.suffix)?;
        match self.per {
            Some(per) => write!(f, "/{}", per.suffix),
            None => Ok(()),
        }
    }
}
