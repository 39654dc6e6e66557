//! The judge of a guard of the canary: what its clients measure, against what the rest measures at
//! the same time.
//!
//! Relative thresholds are changes from the rest. Three things must be so at once, for each object:
//! the canary's last samples are beyond the threshold from the middle of the rest's *last* samples
//! as well as from that of the last [`LONGEST`]; the rank test of [`shift`](super::shift) finds
//! them to differ from the latter by more than chance; and they lie further from what the rest
//! measured at the same time than their own scatter explains. The first keeps what slows down both
//! alike from counting against the canary; the second needs more samples than were taken lately;
//! the third is for groups of different sizes: few users scatter more than many.

use std::collections::BTreeMap;
use std::time::Duration;

use super::shift::{Normal, Sorted};
use super::window::{Content, Slot, Window};
use super::{
    Guard, Judge, Level, Meter, Moment, ObjectValues, Reading, Sample, Series, Verdict, reason,
};

/// So many samples of the rest are compared with, at most.
pub const LONGEST: usize = 90;
/// Fewer samples of the rest than these are not compared with: five of the canary cannot be told
/// from chance against much less, and how they cling together cannot be seen.
pub const LEAST: usize = 15;

/// Judges one guard of a canary, by samples of both groups.
#[derive(Clone, Debug)]
pub struct Versus {
    guard: Guard,
    judge: Judge,
    meter: Meter,
    rest: Window,
    begun: Moment,
    /// When the last sample of the rest came, whatever it was.
    heard: Option<Moment>,
    /// There is no rest any more: what was measured of it last is compared with.
    is_alone: bool,
}

/// Whether the rest can be compared with.
enum Rest {
    Known,
    /// Not yet, and that is as it should be.
    TooEarly,
    Unknown(Level, String),
}

impl Versus {
    /// Begins to watch, with no sample of either group.
    pub fn new(guard: Guard, begun: Moment) -> Self {
        Self {
            judge: Judge::new(guard.clone(), None, begun).keeping(LONGEST),
            meter: Meter::new(guard.unit),
            guard,
            rest: Window::default(),
            begun,
            heard: None,
            is_alone: false,
        }
    }

    /// The guard that is judged.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// A step of the canary begins: what was measured of its clients before does not count any
    /// more. `is_alone`: all users are sent to it, and there is no rest from now on.
    pub fn begin_step(&mut self, now: Moment, is_alone: bool) {
        self.judge = Judge::new(self.guard.clone(), None, now).keeping(LONGEST);
        self.is_alone = is_alone;
    }

    /// Takes a sample of the rest in.
    pub fn take_rest(&mut self, sample: &Sample) {
        if self.is_alone {
            return;
        }
        self.heard = Some(sample.at);
        let content = match &sample.reading {
            Reading::Measured(values) => {
                let read = self.meter.read(sample.at, values);
                if read.is_empty() && self.meter.is_counter() && !values.is_empty() {
                    return;
                }
                if read.is_empty() {
                    Content::NoData
                } else {
                    Content::Measured(read)
                }
            }
            Reading::NoData => Content::NoData,
            Reading::Failed(why) => Content::Failed(why.clone()),
        };
        let slot = Slot {
            at: sample.at,
            covers: self.guard.interval.as_secs_f64(),
            content,
            beside: BTreeMap::new(),
        };
        self.rest.push(slot, LONGEST, Duration::ZERO);
    }

    /// Takes a sample of the canary's clients in, and says what all of them come to. Nothing while
    /// it is too early to say.
    pub fn take(&mut self, sample: &Sample) -> Option<Verdict> {
        let normals = self.normals();
        let beside = self.beside(&normals, sample.at);
        self.judge.compare_with(normals, beside);
        let verdict = self.judge.take(sample);
        self.against_rest(verdict, sample.at)
    }

    /// What the samples so far come to at this moment, as [`Judge::look`] does.
    pub fn look(&mut self, now: Moment) -> Option<Verdict> {
        let verdict = self.judge.look(now);
        self.against_rest(verdict, now)
    }

    /// Whether enough was measured of the rest to compare with.
    pub fn knows_the_rest(&self) -> bool {
        let known = self.values(self.recent());
        known.values().any(|values| values.len() >= LEAST)
    }

    /// What was measured of the rest last: to be compared with once it is gone.
    pub fn remembered(&self) -> Series {
        Series {
            from: self.begun,
            until: self.heard.unwrap_or(self.begun),
            unit: self.guard.unit,
            objects: self
                .values(self.recent())
                .into_iter()
                .map(|(object, values)| ObjectValues { object, values })
                .collect(),
            unknown: 0,
        }
    }

    /// Takes up what was remembered of a rest that is gone.
    pub fn recall(&mut self, series: &Series) {
        self.rest = Window::default();
        let most = series.objects.iter().map(|of| of.values.len()).max();
        for at in 0..most.unwrap_or(0) {
            let values: BTreeMap<_, _> = series
                .objects
                .iter()
                .filter_map(|of| Some((of.object.clone(), *of.values.get(at)?)))
                .collect();
            let slot = Slot {
                at: series.until,
                covers: self.guard.interval.as_secs_f64(),
                content: Content::Measured(values),
                beside: BTreeMap::new(),
            };
            self.rest.push(slot, LONGEST, Duration::ZERO);
        }
    }

    fn against_rest(&self, verdict: Option<Verdict>, now: Moment) -> Option<Verdict> {
        let verdict = verdict?;
        let is_breach = matches!(verdict.level, Level::Warning | Level::Critical);
        if is_breach || !self.guard.is_relative() {
            return Some(verdict);
        }
        match self.rest_at(now) {
            Rest::Known => Some(verdict),
            Rest::TooEarly => None,
            // What is wrong with the canary's own samples is said first.
            Rest::Unknown(..)
                if verdict.level != Level::Pass && verdict.because.starts_with("the probe") =>
            {
                Some(verdict)
            }
            Rest::Unknown(level, because) => Some(Verdict {
                level,
                because,
                at: now,
                since: if verdict.level == level {
                    verdict.since
                } else {
                    now
                },
                ..verdict
            }),
        }
    }

    fn rest_at(&self, now: Moment) -> Rest {
        let known = self.knows_the_rest();
        if self.is_alone {
            return if known {
                Rest::Known
            } else {
                let because = "the canary has all users, and too little is known of the rest that it had before to compare with".to_owned();
                Rest::Unknown(Level::NoData, because)
            };
        }
        let silence = now.since(self.heard.unwrap_or(self.begun));
        let patience = self.guard.interval * 2 + self.guard.timeout + self.guard.initial_delay;
        if silence > patience {
            let because = format!("of the rest, {}", reason::silent(silence, &self.guard));
            return Rest::Unknown(Level::NoData, because);
        }
        let of = self.guard.belief.of as usize;
        let lately = self.rest.last(of);
        let unknown: Vec<&Content> = lately
            .clone()
            .map(|slot| &slot.content)
            .filter(|content| content.is_unknown())
            .collect();
        if unknown.len() >= self.guard.belief.beyond as usize {
            let count = lately.count();
            return match unknown.first() {
                Some(Content::Failed(why)) => Rest::Unknown(
                    Level::Error,
                    format!("of the rest, {}", reason::failed(why, unknown.len(), count)),
                ),
                _ => Rest::Unknown(
                    Level::NoData,
                    format!("of the rest, {}", reason::no_value(unknown.len(), count)),
                ),
            };
        }
        if known { Rest::Known } else { Rest::TooEarly }
    }

    /// How many samples of the rest are young enough to compare with.
    fn recent(&self) -> usize {
        let age = self.guard.interval * (2 * LONGEST as u32) + self.guard.timeout;
        self.rest.recent(LONGEST, age)
    }

    /// The values of each object in the last `count` samples, the oldest first.
    fn values(&self, count: usize) -> BTreeMap<Option<String>, Vec<f64>> {
        let mut values: BTreeMap<Option<String>, Vec<f64>> = BTreeMap::new();
        let slots: Vec<&Slot> = self.rest.last(count).collect();
        for slot in slots.into_iter().rev() {
            if let Content::Measured(read) = &slot.content {
                for (object, value) in read {
                    values.entry(object.clone()).or_default().push(*value);
                }
            }
        }
        values
    }

    /// What a sample of the canary is held against: what the rest measured last, where that was at
    /// about the same time; what is known of it, where it is gone.
    fn beside(
        &self,
        normals: &[(Option<String>, Normal)],
        at: Moment,
    ) -> BTreeMap<Option<String>, f64> {
        if self.is_alone {
            let middle = |(object, normal): &(Option<String>, Normal)| {
                Some((object.clone(), normal.median()?))
            };
            return normals.iter().filter_map(middle).collect();
        }
        let patience = self.guard.interval * 2 + self.guard.timeout;
        match self.rest.last(1).next() {
            Some(slot) if at.since(slot.at) <= patience => match &slot.content {
                Content::Measured(values) => values.clone(),
                Content::NoData | Content::Failed(_) => BTreeMap::new(),
            },
            _ => BTreeMap::new(),
        }
    }

    fn normals(&self) -> Vec<(Option<String>, Normal)> {
        let lately = self.values(self.recent().min(self.guard.belief.of as usize));
        self.values(self.recent())
            .into_iter()
            .filter(|(_, values)| values.len() >= LEAST)
            .map(|(object, values)| {
                let lately = lately.get(&object).and_then(|v| Sorted::new(v).median());
                let normal = Normal::new(&values).beside(lately, self.is_alone);
                (object, normal)
            })
            .collect()
    }
}
