//! When a message that did not arrive is tried again, and when it is given up.

use std::time::Duration;

use super::Occasion;
use crate::guard::Moment;

/// The first wait; each later one is twice as long.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(300);
/// The longest that a counterpart may ask to be left alone.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);
/// A message about how far something is, is worth nothing long after.
const PROGRESS_KEEPS: Duration = Duration::from_secs(15 * 60);
/// Anything else is worth knowing the next day.
const KEEPS: Duration = Duration::from_secs(24 * 3_600);

/// Why a message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Why, as a sentence without secrets.
    pub reason: String,
    /// Whether the counterpart answered and wants no such message: a wrong key, a wrong address.
    /// It is tried again all the same, seldom, since the plan may be corrected meanwhile.
    pub refused: bool,
    /// How long the counterpart asked to be left alone (`Retry-After`, RFC 9110, 10.2.3).
    pub wait: Option<Duration>,
}

/// How long to wait after a try that failed, the first being number 1.
///
/// Doubles from one second to five minutes, less up to a fifth that follows from the id alone,
/// so that messages that failed together do not come again together.
pub fn wait(id: &str, attempt: u32, missed: &Missed) -> Duration {
    let doubled = FIRST
        .saturating_mul(1 << attempt.saturating_sub(1).min(16))
        .min(LONGEST);
    let base = if missed.refused { LONGEST } else { doubled };
    let spread = base.mul_f64(0.2 * spread(id, attempt));
    let asked = missed.wait.unwrap_or_default().min(LONGEST_ASKED);
    (base - spread).max(asked)
}

/// Until when a message is worth sending.
pub fn keeps_until(occasion: Occasion, queued: Moment) -> Moment {
    queued
        + match occasion {
            Occasion::During => PROGRESS_KEEPS,
            Occasion::Before | Occasion::Issue | Occasion::After => KEEPS,
        }
}

/// A number from 0 to 1 that looks like chance (FNV-1a) and is none.
fn spread(id: &str, attempt: u32) -> f64 {
    let hash = id
        .bytes()
        .chain(attempt.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (hash >> 40) as f64 / f64::from(1_u32 << 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missed(refused: bool, wait: Option<u64>) -> Missed {
        Missed {
            reason: "the server does not answer".to_owned(),
            refused,
            wait: wait.map(Duration::from_secs),
        }
    }

    #[test]
    fn waits_double_and_stay_within_their_limits() {
        for attempt in 1..100 {
            let waited = wait("m", attempt, &missed(false, None));
            let doubled = 2_f64.powi(attempt as i32 - 1).min(300.0);
            let seconds = waited.as_secs_f64();
            assert!(
                seconds <= doubled && seconds >= 0.8 * doubled,
                "{attempt}: {seconds}"
            );
        }
        assert!(wait("m", 1, &missed(true, None)) >= Duration::from_secs(240));
    }

    #[test]
    fn messages_that_failed_together_come_again_apart() {
        let waits: std::collections::BTreeSet<_> = (0..50)
            .map(|n| wait(&format!("m{n}"), 5, &missed(false, None)))
            .collect();
        assert!(waits.len() > 40, "{waits:?}");
    }

    #[test]
    fn a_counterpart_is_left_alone_as_long_as_it_asks_within_reason() {
        let asked = |seconds| wait("m", 1, &missed(false, Some(seconds))).as_secs();
        assert_eq!(asked(60), 60);
        assert_eq!(asked(1_000_000), 3_600);
    }

    #[test]
    fn word_of_progress_is_dropped_long_before_word_of_an_issue() {
        let queued = Moment(0);
        assert!(keeps_until(Occasion::During, queued) < keeps_until(Occasion::Issue, queued),);
    }
}
