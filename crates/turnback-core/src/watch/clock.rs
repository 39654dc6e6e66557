//! How long has been watched, by a clock that may jump.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::guard::Moment;

/// The longest time between two moments that counts as watched.
pub const LONGEST_GAP: Duration = Duration::from_secs(30);

/// Counts the time that was watched: what `lasting` and deadlines are measured in.
///
/// Between two moments no further apart than [`LONGEST_GAP`], all of it counts; more than that
/// counts as nothing, and so does a step backwards. So a clock that is set, a machine that slept
/// and a process that was stopped bring no `lasting` and no deadline nearer: whoever was asked has
/// the whole time to answer, and a breach must have been seen to last. The watch is therefore to
/// be told a moment more often than every [`LONGEST_GAP`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    last: Option<Moment>,
    watched_millis: u64,
}

impl Clock {
    /// Goes on to a moment, and says how long has been watched in all.
    pub fn goes_on(&mut self, to: Moment) -> Duration {
        let gap = self.last.map_or(Duration::ZERO, |last| to.since(last));
        if gap <= LONGEST_GAP {
            let millis = u64::try_from(gap.as_millis()).unwrap_or(u64::MAX);
            self.watched_millis = self.watched_millis.saturating_add(millis);
        }
        self.last = Some(to);
        self.watched()
    }

    /// How long has been watched in all.
    pub fn watched(&self) -> Duration {
        Duration::from_millis(self.watched_millis)
    }

    /// When so much will have been watched, if nothing jumps.
    pub fn at(&self, watched: Duration) -> Moment {
        self.last.unwrap_or_default() + watched.saturating_sub(self.watched())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_brings_nothing_nearer() {
        let mut clock = Clock::default();
        let seconds = Duration::from_secs;
        assert_eq!(clock.goes_on(Moment(1_000_000)), seconds(0));
        assert_eq!(clock.goes_on(Moment(1_010_000)), seconds(10));
        // Set back by an hour, and set forward by a day.
        assert_eq!(clock.goes_on(Moment(0)), seconds(10));
        assert_eq!(clock.goes_on(Moment(5_000)), seconds(15));
        assert_eq!(clock.goes_on(Moment(86_405_000)), seconds(15));
        assert_eq!(clock.goes_on(Moment(86_406_000)), seconds(16));
        assert_eq!(clock.at(seconds(20)), Moment(86_410_000));
    }
}
