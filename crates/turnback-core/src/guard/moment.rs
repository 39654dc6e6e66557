//! Points in time, as the edges read them from a clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC. The core is given moments; it reads no clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moment(pub u64);

impl Moment {
    /// How long after an earlier one this is; nothing where a clock was set back meanwhile.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// In UTC, to the millisecond, as RFC 3339 writes it: `2026-11-21T13:25:34.567Z`.
    pub fn rfc3339(self) -> String {
        let shown = self.to_string().replacen(' ', "T", 1);
        let seconds = shown.trim_end_matches(" UTC");
        format!("{seconds}.{:03}Z", self.0 % 1_000)
    }
}

impl Moment {
    /// Reads what [`Moment::rfc3339`] writes, and nothing else.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| {
            let part = text.get(from..to)?;
            let all = part.bytes().all(|b| b.is_ascii_digit());
            all.then(|| part.parse::<u64>().ok()).flatten()
        };
        let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
        let clock = [digits(11, 13)?, digits(14, 16)?, digits(17, 19)?];
        let [hour, minute, second] = clock;
        let days = days(year, month, day)?;
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
        let read = Self(seconds * 1_000 + digits(20, 23)?);
        // What is no date, or is spelt otherwise, does not come back as it was.
        (read.rfc3339() == text).then_some(read)
    }
}

/// The number of a day since 1970-01-01 (Howard Hinnant, as below, `days_from_civil`).
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = year.checked_sub(u64::from(month <= 2))?;
    let (era, year_of_era) = (year / 400, year % 400);
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day.checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

impl std::fmt::Display for Moment {
    /// In UTC, to the second: `2026-11-21 13:25:34 UTC`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0 / 1_000;
        let (year, month, day) = date(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC"
        )
    }
}

/// Year, month and day of the so manyth day after 1970-01-01 (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that leap days stand at the end of a year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_millis() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_as_dates() {
        for (seconds, shown) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_795_267_534, "2026-11-21 13:25:34 UTC"),
            (4_107_542_399, "2100-02-28 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(Moment(seconds * 1_000).to_string(), shown);
        }
        assert!(!Moment(u64::MAX).to_string().is_empty());
    }

    #[test]
    fn what_machines_are_told_is_read_again_and_nothing_else() {
        for millis in [0, 1, 951_782_400_007, 1_795_267_534_567, 4_107_542_400_000] {
            let moment = Moment(millis);
            assert_eq!(Moment::from_rfc3339(&moment.rfc3339()), Some(moment));
        }
        for bad in [
            "",
            "2026-11-21",
            "2026-11-21 13:25:34.567Z",
            "2026-02-30T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-11-21T24:00:00.000Z",
            "2026-11-21T13:25:34.567+01:00",
            "1969-12-31T23:59:59.999Z",
            "0000-00-00T00:00:00.000Z",
            "é026-11-21T13:25:34.567Z",
        ] {
            assert_eq!(Moment::from_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn machines_are_told_the_millisecond_too() {
        let shown = Moment(951_782_400_007).rfc3339();
        assert_eq!(shown, "2000-02-29T00:00:00.007Z");
    }
}
