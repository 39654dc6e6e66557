//! Totals that only rise, and what was added since the sample before.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use turnback_core::guard::BuiltIn;

/// Totals by what they are about.
pub(super) type Counters = BTreeMap<String, [f64; 2]>;

/// The totals of the sample before, for each guard by itself: two guards with one probe need not
/// be asked at the same time.
#[derive(Default)]
pub(super) struct Totals {
    before: Mutex<HashMap<(String, BuiltIn), (Instant, Counters)>>,
}

impl Totals {
    /// Takes new totals in; gives those before, and how long ago they were taken. None at the
    /// first sample.
    pub(super) fn exchange(
        &self,
        guard: &str,
        probe: BuiltIn,
        now: Counters,
    ) -> Option<(Duration, Counters)> {
        let mut before = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Instant::now();
        let (since, earlier) = before.insert((guard.to_owned(), probe), (at, now))?;
        Some((at.saturating_duration_since(since), earlier))
    }

    /// What was added to one pair of totals. None at the first sample, where no time went by, and
    /// where counting began anew.
    pub(super) fn added(
        &self,
        guard: &str,
        probe: BuiltIn,
        now: [f64; 2],
    ) -> Option<(Duration, [f64; 2])> {
        let counters = Counters::from([(String::new(), now)]);
        let (since, earlier) = self.exchange(guard, probe, counters)?;
        let earlier = earlier.get("")?;
        let added = [now[0] - earlier[0], now[1] - earlier[1]];
        (!since.is_zero() && added.iter().all(|part| *part >= 0.0)).then_some((since, added))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guards_with_the_same_probe_do_not_disturb_each_other() {
        let totals = Totals::default();
        let added = |guard: &str, now: [f64; 2]| {
            let added = totals.added(guard, BuiltIn::DeadlockRate, now);
            added.map(|(_, added)| added)
        };
        assert_eq!(added("one", [1.0, 10.0]), None, "the first");
        assert_eq!(added("two", [3.0, 10.0]), None, "the first of another");
        assert_eq!(added("one", [5.0, 12.0]), Some([4.0, 2.0]));
        assert_eq!(added("two", [5.0, 12.0]), Some([2.0, 2.0]));
        assert_eq!(added("one", [0.0, 13.0]), None, "it was set back");
        assert_eq!(added("one", [2.0, 13.0]), Some([2.0, 0.0]));
    }
}
