//! The last samples of a guard, object by object.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::{Limit, Moment, Than};

/// One sample, in the base of its dimension.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    /// When its answer was there.
    pub(super) at: Moment,
    /// Seconds since the one before: what a rate was measured over.
    pub(super) covers: f64,
    pub(super) content: Content,
    /// What those it is compared with measured at the same time.
    pub(super) beside: BTreeMap<Option<String>, f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Measured(BTreeMap<Option<String>, f64>),
    NoData,
    Failed(String),
}

impl Content {
    pub(super) fn value(&self, object: &Option<String>) -> Option<f64> {
        match self {
            Self::Measured(values) => values.get(object).copied(),
            Self::NoData | Self::Failed(_) => None,
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        !matches!(self, Self::Measured(_))
    }
}

/// The last samples, the newest at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    slots: VecDeque<Slot>,
}

impl Window {
    /// Takes a sample in, and lets go of those that are no longer needed: beyond the last `of`,
    /// and further back than `reach`.
    pub(super) fn push(&mut self, slot: Slot, of: usize, reach: Duration) {
        let now = slot.at;
        self.slots.push_back(slot);
        while self.slots.len() > of
            && self
                .slots
                .front()
                .is_some_and(|first| now.since(first.at) > reach)
        {
            self.slots.pop_front();
        }
    }

    /// How many of the last `of` samples there are that are no older than `age`: what was measured
    /// before a long gap says nothing of now.
    pub(super) fn recent(&self, of: usize, age: Duration) -> usize {
        let Some(newest) = self.slots.back() else {
            return 0;
        };
        self.slots
            .iter()
            .rev()
            .take(of)
            .take_while(|slot| newest.at.since(slot.at) <= age)
            .count()
    }

    /// The last `count` samples, the newest first.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &Slot> + Clone {
        self.slots.iter().rev().take(count)
    }

    /// What an object had in the sample `back` before the newest.
    pub(super) fn value(&self, back: usize, object: &Option<String>) -> Option<f64> {
        let at = self.slots.len().checked_sub(back + 1)?;
        self.slots.get(at)?.content.value(object)
    }

    /// How much worse an object was than what was measured beside it, in each of the last `count`
    /// samples that have both; the newest first.
    pub(super) fn differences(
        &self,
        count: usize,
        object: &Option<String>,
        rises: bool,
    ) -> Vec<f64> {
        let differs = |slot: &Slot| {
            let (here, there) = (slot.content.value(object)?, slot.beside.get(object)?);
            Some(if rises { here - there } else { there - here })
        };
        self.last(count).filter_map(differs).collect()
    }

    /// The objects that were measured in the last `count` samples.
    pub(super) fn objects(&self, count: usize) -> BTreeSet<&Option<String>> {
        self.last(count)
            .filter_map(|slot| match &slot.content {
                Content::Measured(values) => Some(values.keys()),
                Content::NoData | Content::Failed(_) => None,
            })
            .flatten()
            .collect()
    }

    /// What the sample `back` before the newest has to compare with a limit: its value; of a rate,
    /// what was counted over the limit's period up to then, per second. Nothing where it was not
    /// measured, or where it is too early to say that too little was counted.
    pub(super) fn against(
        &self,
        back: usize,
        object: &Option<String>,
        than: Than,
        limit: &Limit,
    ) -> Option<f64> {
        let mut slots = self.slots.iter().rev().skip(back);
        let newest = slots.next()?;
        let value = newest.content.value(object)?;
        let Some(period) = limit.period().filter(|period| newest.covers < *period) else {
            return Some(value);
        };
        let (mut counted, mut covered) = (value * newest.covers, newest.covers);
        for slot in slots {
            let span = slot.covers.min(period - covered);
            if span <= 0.0 {
                break;
            }
            // What nobody measured is not counted, and is not covered.
            if let Some(value) = slot.content.value(object) {
                counted += value * span;
                covered += span;
            }
        }
        let whole = covered >= period * 0.999;
        let too_early = !whole && matches!(than, Than::Less | Than::AtMost);
        (!too_early).then_some(counted / period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::Threshold;

    fn window(values: &[f64]) -> Window {
        let mut window = Window::default();
        for (n, value) in values.iter().enumerate() {
            let slot = Slot {
                at: Moment(10_000 * (n as u64 + 1)),
                covers: 10.0,
                content: Content::Measured(BTreeMap::from([(None, *value)])),
                beside: BTreeMap::new(),
            };
            window.push(slot, 5, Duration::from_secs(3_600));
        }
        window
    }

    fn against(window: &Window, threshold: &str) -> Option<f64> {
        let Ok(Threshold::Absolute { than, limit }) = Threshold::parse(threshold) else {
            panic!("{threshold} is absolute");
        };
        window.against(0, &None, than, &limit)
    }

    #[test]
    fn a_rate_is_counted_over_the_period_of_its_threshold() {
        // One event in each of three intervals of ten seconds.
        let three = window(&[0.1, 0.1, 0.1]);
        let close = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 1e-12);
        assert!(close(against(&three, "5/hour"), 3.0 / 3_600.0));
        assert!(
            close(against(&three, "5/s"), 0.1),
            "shorter than an interval"
        );
        assert!(close(against(&three, "1/min"), 3.0 / 60.0));
        assert_eq!(against(&three, "< 5/hour"), None, "too early to say");
        assert!(close(against(&window(&[0.1; 400]), "< 5/hour"), 0.1));
    }

    #[test]
    fn samples_from_before_a_gap_are_not_recent() {
        let mut window = window(&[1.0; 5]);
        let slot = Slot {
            at: Moment(1_000_000),
            covers: 950.0,
            content: Content::NoData,
            beside: BTreeMap::new(),
        };
        window.push(slot, 5, Duration::ZERO);
        assert_eq!(window.recent(5, Duration::from_secs(70)), 1);
        assert_eq!(window.recent(5, Duration::from_secs(7_000)), 5);
    }
}
