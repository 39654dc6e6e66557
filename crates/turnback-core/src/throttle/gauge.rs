//! From looks at the server to rates and lags.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Pressure, Slot};

/// Between two marks that are kept.
const APART: Duration = Duration::from_secs(1);
/// How many marks are kept: a lag beyond them is at least as long as they reach back.
const MOST_MARKS: usize = 900;
/// Over how long a time the rate of WAL is taken.
const RATE_OVER: Duration = Duration::from_secs(3);

/// Remembers where the WAL ended when: how long a standby is behind follows from what it has
/// replayed, also when it has not reported for a while or its replay stands still.
#[derive(Clone, Debug, Default)]
pub struct Gauge {
    marks: VecDeque<(Duration, u64)>,
}

/// What was measured, as rates and lags.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Lag of each standby, in seconds; none where it may not be seen.
    pub lags: Vec<(String, Option<f64>)>,
    /// Bytes of WAL per second.
    pub wal_rate: Option<u64>,
    /// The slot that keeps most: its name and bytes.
    pub retained: Option<(String, u64)>,
    /// A slot that is about to be lost: its name and the bytes left.
    pub endangered: Option<(String, u64)>,
    /// Bytes of WAL that wait for the archiver.
    pub archive_lag: Option<u64>,
    /// Clients that wait for a lock of turnback's, or for one who does.
    pub lock_waits: u32,
    /// Those that wait for turnback itself.
    pub waits_for_us: u32,
    /// Free bytes on the server's disk, and its size.
    pub disk: Option<(u64, u64)>,
    /// The user's own question says to pause; an error is its text.
    pub pause_when: Option<Result<bool, String>>,
}

impl Gauge {
    /// Takes a look in, at a time since the beginning.
    pub fn observe(&mut self, at: Duration, look: &Pressure) -> Observed {
        let due = self
            .marks
            .back()
            .is_none_or(|(last, _)| at.saturating_sub(*last) >= APART);
        if due {
            self.marks.push_back((at, look.wal_end));
            if self.marks.len() > MOST_MARKS {
                self.marks.pop_front();
            }
        }
        let lags = look.standbys.iter().map(|standby| {
            let lag = standby.replayed.map(|replayed| {
                if replayed >= look.wal_end {
                    return 0.0;
                }
                let since = self.passed(replayed);
                let seen = since.map_or(0.0, |since| at.saturating_sub(since).as_secs_f64());
                seen.max(standby.told_lag.unwrap_or(0.0))
            });
            (standby.name.clone(), lag)
        });
        let fullest = |by: &dyn Fn(&&Slot) -> u64| look.slots.iter().max_by_key(by);
        Observed {
            lags: lags.collect(),
            wal_rate: self.wal_rate(at, look.wal_end),
            retained: fullest(&|slot| slot.retained).map(|slot| (slot.name.clone(), slot.retained)),
            endangered: look
                .slots
                .iter()
                .filter_map(|slot| Some((slot, slot.safe?)))
                // What it may still keep is less than a quarter of what it keeps already.
                .filter(|(slot, safe)| safe.saturating_mul(4) < slot.retained as i64)
                .min_by_key(|(_, safe)| *safe)
                .map(|(slot, safe)| (slot.name.clone(), safe.max(0) as u64)),
            archive_lag: look.archive_lag,
            lock_waits: look.lock_waits,
            waits_for_us: look.waits_for_us,
            disk: look.disk,
            pause_when: look.pause_when.clone(),
        }
    }

    /// When the WAL was first seen to end beyond a place: at that time it was written at the
    /// latest.
    fn passed(&self, place: u64) -> Option<Duration> {
        let beyond = self.marks.partition_point(|(_, end)| *end <= place);
        self.marks.get(beyond).map(|(at, _)| *at)
    }

    fn wal_rate(&self, at: Duration, end: u64) -> Option<u64> {
        let from = at.saturating_sub(RATE_OVER);
        let (since, began) = self
            .marks
            .iter()
            .rev()
            .find(|(mark, _)| *mark <= from)
            .or_else(|| self.marks.front())?;
        let seconds = at.saturating_sub(*since).as_secs_f64();
        (seconds >= 0.4).then(|| (end.saturating_sub(*began) as f64 / seconds) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Standby;
    use super::*;

    fn look(wal_end: u64, replayed: Option<u64>, told_lag: Option<f64>) -> Pressure {
        Pressure {
            wal_end,
            standbys: vec![Standby {
                name: "s1".to_owned(),
                replayed,
                told_lag,
            }],
            ..Pressure::default()
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_lag_of_a_standby_that_stands_still_grows_although_it_tells_nothing() {
        let mut gauge = Gauge::default();
        let mut lag = |seconds, end, replayed, told| {
            gauge.observe(at(seconds), &look(end, replayed, told)).lags[0].1
        };
        assert_eq!(lag(0, 100, Some(100), None), Some(0.0));
        assert_eq!(lag(1, 200, Some(100), None), Some(0.0));
        assert_eq!(lag(5, 600, Some(100), None), Some(4.0));
        assert_eq!(lag(6, 700, Some(600), None), Some(0.0));
        assert_eq!(lag(7, 700, Some(700), Some(9.0)), Some(0.0), "caught up");
        assert_eq!(lag(8, 900, Some(0), Some(99.0)), Some(99.0), "from before");
        assert_eq!(lag(9, 900, None, None), None, "may not be seen");
    }

    #[test]
    fn the_rate_of_wal_is_that_of_the_last_seconds() {
        let mut gauge = Gauge::default();
        let mut rate = |seconds, end| gauge.observe(at(seconds), &look(end, None, None)).wal_rate;
        assert_eq!(rate(0, 1_000), None);
        assert_eq!(rate(1, 2_000), Some(1_000));
        assert_eq!(rate(100, 2_000), Some(0));
        assert_eq!(rate(103, 2_300), Some(100));
    }

    #[test]
    fn a_slot_is_endangered_before_it_is_lost() {
        let slot = |retained, safe| Pressure {
            slots: vec![Slot {
                name: "sub".to_owned(),
                retained,
                safe,
            }],
            ..Pressure::default()
        };
        let mut gauge = Gauge::default();
        let mut endangered =
            |retained, safe| gauge.observe(at(1), &slot(retained, safe)).endangered;
        assert_eq!(endangered(1_000_000, None), None);
        assert_eq!(endangered(500, Some(500)), None);
        assert_eq!(endangered(900, Some(100)), Some(("sub".to_owned(), 100)));
        assert_eq!(endangered(1_100, Some(-100)), Some(("sub".to_owned(), 0)));
    }
}
