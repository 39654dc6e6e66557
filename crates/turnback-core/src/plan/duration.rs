//! Durations as people write them: `30m`, `1h30m`, `200ms`, `2d`.

use std::time::Duration;

/// Units in milliseconds, the greatest first: the order in which they must be written.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The same rule for the JSON schema.
pub(super) const PATTERN: &str = r"^(?=.)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$";

/// Reads whole numbers with units, each unit at most once, the greatest first.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        // What has been passed over cannot come again: `units` only moves on.
        let (_, factor) = units.find(|(unit, _)| *unit == &rest[..letters])?;
        total = total.checked_add(number.checked_mul(*factor)?)?;
        rest = &rest[letters..];
    }
    (!text.is_empty()).then(|| Duration::from_millis(total))
}

/// Writes a duration the way it is read.
pub fn show(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut shown = String::new();
    for (unit, factor) in UNITS {
        if left >= factor {
            shown.push_str(&format!("{}{unit}", left / factor));
            left %= factor;
        }
    }
    if shown.is_empty() {
        "0s".to_owned()
    } else {
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, millis) in [
            ("200ms", 200),
            ("10s", 10_000),
            ("30m", 1_800_000),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("1d2h3m4s5ms", 93_784_005),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(millis)));
            assert_eq!(show(Duration::from_millis(millis)), text);
        }
        for bad in [
            "",
            "30",
            "m",
            "30 m",
            "30min",
            "5s1m",
            "1m1m",
            "-1s",
            "1.5h",
            "1e3s",
            "99999999999999999999d",
            "9999999999999999d",
            "1½h",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
