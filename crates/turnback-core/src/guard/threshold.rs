//! Thresholds: from which value on a guard warns.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Dimension;
use super::limit::Limit;

/// From which value on a guard warns. Read from text as plans have it, and shown the same way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// A value of its own (`> 500ms`, `80%`, `< 5GB`, `5/hour`).
    Absolute {
        /// On which side of the limit it is bad.
        than: Than,
        /// The limit.
        limit: Limit,
    },
    /// A change from the baseline (`+20%`, `-10%`, `x1.5`).
    Relative(Change),
}

/// On which side of a limit a value is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Than {
    /// `>`
    More,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `<=`
    AtMost,
}

/// How far from the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// So many hundredths more, or less where negative.
    Percent(f64),
    /// So many times as much.
    Times(f64),
}

impl Threshold {
    /// Reads a threshold as plans have it.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence: `expected a threshold, but …`.
    ///
    /// # Example
    /// ```
    /// use turnback_core::guard::Threshold;
    ///
    /// let slow = Threshold::parse("> 500ms").expect("a threshold");
    /// assert_eq!(slow.to_string(), "> 500ms");
    /// assert!(Threshold::parse("> fast").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(times) = text.strip_prefix(['x', '×']) {
            return times_of(times);
        }
        if let (Some(sign @ ('+' | '-')), Some(number)) =
            (text.chars().next(), text.strip_suffix('%'))
        {
            return percent_of(sign, number[1..].trim());
        }
        if text.starts_with('+') {
            return Err("`+` begins a change from the baseline, such as `+20%`".to_owned());
        }
        let (than, rest) = match text.as_bytes() {
            [b'>', b'=', ..] => (Than::AtLeast, &text[2..]),
            [b'<', b'=', ..] => (Than::AtMost, &text[2..]),
            [b'>', ..] => (Than::More, &text[1..]),
            [b'<', ..] => (Than::Less, &text[1..]),
            [b'-', ..] => {
                return Err(format!(
                    "`{text}` may mean two things: write `> {text}` or `< {text}`, or `-10%` for a change from the baseline"
                ));
            }
            _ => (Than::More, text),
        };
        let rest = rest.trim();
        if rest.starts_with('+') || rest.ends_with('%') && rest.starts_with('-') {
            return Err(format!(
                "a change from the baseline stands alone: write `{rest}`"
            ));
        }
        let limit = Limit::parse(rest)?;
        Ok(Self::Absolute { than, limit })
    }

    /// Whether it compares with the baseline.
    pub fn is_relative(&self) -> bool {
        matches!(self, Self::Relative(_))
    }

    /// Whether values are bad that are greater, rather than smaller.
    pub fn is_above(&self) -> bool {
        match self {
            Self::Absolute { than, .. } => matches!(than, Than::More | Than::AtLeast),
            Self::Relative(change) => change.factor() > 1.0,
        }
    }

    /// What it can be compared with; nothing where it fits all: changes, and the number 0.
    pub fn dimension(&self) -> Option<Dimension> {
        match self {
            Self::Absolute { limit, .. } => limit.dimension(),
            Self::Relative(_) => None,
        }
    }

    /// Whether every value beyond this one is beyond the other as well; nothing where the two
    /// cannot be compared.
    pub fn is_as_far_as(&self, other: &Self) -> Option<bool> {
        if self.is_above() != other.is_above() {
            return None;
        }
        let (mine, theirs) = match (self, other) {
            (Self::Absolute { limit: mine, .. }, Self::Absolute { limit: theirs, .. }) => {
                (mine.per_base(), theirs.per_base())
            }
            (Self::Relative(mine), Self::Relative(theirs)) => (mine.factor(), theirs.factor()),
            _ => return None,
        };
        Some(if self.is_above() {
            mine >= theirs
        } else {
            mine <= theirs
        })
    }
}

impl Than {
    /// Whether a value is on this side of a limit. NaN is on no side.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
        }
    }
}

impl Change {
    /// By how much the baseline is multiplied.
    pub fn factor(self) -> f64 {
        match self {
            Self::Percent(percent) => 1.0 + percent / 100.0,
            Self::Times(times) => times,
        }
    }
}

fn times_of(text: &str) -> Result<Threshold, String> {
    match plain_number(text) {
        Some(times) if times > 0.0 && times != 1.0 => Ok(Threshold::Relative(Change::Times(times))),
        Some(_) => Err(format!(
            "`x{text}` is no change: write a number other than 1 and above 0, such as `x1.5`"
        )),
        None => Err(format!(
            "`x{text}` has no number after the `x`: write `x1.5`"
        )),
    }
}

fn percent_of(sign: char, text: &str) -> Result<Threshold, String> {
    let Some(percent) = plain_number(text) else {
        return Err(format!(
            "`{sign}{text}%` has no number in it: write `{sign}20%`"
        ));
    };
    let percent = if sign == '-' { -percent } else { percent };
    if percent == 0.0 || percent <= -100.0 {
        return Err(format!(
            "`{sign}{text}%` is a change that never comes: write a number above 0, and below 100 where it falls"
        ));
    }
    Ok(Threshold::Relative(Change::Percent(percent)))
}

/// Digits with at most one point: no exponents, no `inf`, no signs.
pub(super) fn plain_number(text: &str) -> Option<f64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let ends = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    (digits && ends)
        .then(|| text.parse::<f64>().ok())
        .flatten()
        .filter(|number| number.is_finite())
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute { than, limit } => write!(f, "{than} {limit}"),
            Self::Relative(Change::Percent(percent)) => write!(f, "{percent:+}%"),
            Self::Relative(Change::Times(times)) => write!(f, "x{times}"),
        }
    }
}

impl fmt::Display for Than {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::Less => "<",
            Self::AtMost => "<=",
        })
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_read_and_shown_again() {
        for (text, shown) in [
            ("> 500ms", "> 500ms"),
            (">500ms", "> 500ms"),
            (">=  1.5s", ">= 1.5s"),
            ("> 0", "> 0"),
            ("80%", "> 80%"),
            ("< 5GB", "< 5GB"),
            ("<= -3", "<= -3"),
            ("5/hour", "> 5/hour"),
            ("> 0.1/s", "> 0.1/s"),
            ("10MB/s", "> 10MB/s"),
            ("3 per minute", "> 3/min"),
            ("+20%", "+20%"),
            ("-10%", "-10%"),
            ("+ 12.5 %", "+12.5%"),
            ("x1.5", "x1.5"),
            ("x0.5", "x0.5"),
            ("42", "> 42"),
        ] {
            let read = Threshold::parse(text);
            let read = read.unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
            assert_eq!(read.to_string(), shown);
            assert_eq!(Threshold::parse(shown), Ok(read), "{shown}");
        }
    }

    #[test]
    fn what_is_no_threshold_is_told_what_it_could_be() {
        for (text, said) in [
            ("", "there is no number"),
            (">", "there is no number"),
            ("> fast", "there is no number"),
            ("-5", "write `> -5` or `< -5`"),
            ("> +20%", "write `+20%`"),
            ("+5", "`+20%`"),
            ("x", "`x1.5`"),
            ("x1", "no change"),
            ("+0%", "never comes"),
            ("-100%", "never comes"),
            ("> 5kb", "did you mean `kB`?"),
            ("> 5 parsecs", "`parsecs`"),
            ("> 5/fortnight", "`/hour`"),
            ("> 5ms/s", "only numbers and sizes"),
            ("> 1e3", "`e3`"),
            ("= 5", "there is no number"),
        ] {
            let wrong = Threshold::parse(text).expect_err(text);
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }

    #[test]
    fn thresholds_know_which_of_them_goes_further() {
        let far = |a: &str, b: &str| {
            let read = |text| Threshold::parse(text).unwrap();
            read(a).is_as_far_as(&read(b))
        };
        assert_eq!(far("> 1s", "> 500ms"), Some(true));
        assert_eq!(far("> 400ms", "> 500ms"), Some(false));
        assert_eq!(far("< 1GB", "< 5GB"), Some(true));
        assert_eq!(far("x1.5", "+20%"), Some(true));
        assert_eq!(far("-10%", "-20%"), Some(false));
        assert_eq!(far("1/min", "5/hour"), Some(true));
        assert_eq!(far("> 1s", "+20%"), None);
        assert_eq!(far("> 1s", "< 500ms"), None);
    }
}
