//! From samples to verdicts: the judge of one guard.

use std::collections::BTreeMap;
use std::time::Duration;

use super::reason::{self, Beyond};
use super::shift::Normal;
use super::window::{Content, Slot, Window};
use super::{Guard, Level, Meter, Moment, Reading, Sample, Series, Threshold, Verdict};

/// Judges one guard: takes its samples in the order in which they came, and says what they come
/// to. `docs/guards.md` has the rules.
#[derive(Clone, Debug)]
pub struct Judge {
    guard: Guard,
    /// The baseline of each object that has one.
    baseline: Vec<(Option<String>, Normal)>,
    /// What is measured at the same time as the next sample, where that is compared with.
    beside: BTreeMap<Option<String>, f64>,
    /// How many samples are kept, at least.
    kept: usize,
    meter: Meter,
    window: Window,
    begun: Moment,
    /// When the last sample came, whatever it was.
    heard: Option<Moment>,
    said: Option<Verdict>,
}

impl Judge {
    /// Begins to watch. Relative thresholds compare with the baseline.
    pub fn new(guard: Guard, baseline: Option<&Series>, begun: Moment) -> Self {
        let baseline = baseline
            .map(|series| {
                series
                    .usable()
                    .map(|(object, values)| (object.clone(), Normal::new(values)))
                    .collect()
            })
            .unwrap_or_default();
        Self {
            meter: Meter::new(guard.unit),
            kept: guard.belief.of as usize,
            guard,
            baseline,
            beside: BTreeMap::new(),
            window: Window::default(),
            begun,
            heard: None,
            said: None,
        }
    }

    /// Keeps so many samples, also where `for` looks at fewer: how they scatter is seen by them.
    pub(super) fn keeping(self, least: usize) -> Self {
        Self {
            kept: self.kept.max(least),
            ..self
        }
    }

    /// Compares with something else from now on, and the next sample with what was measured beside
    /// it as well.
    pub(super) fn compare_with(
        &mut self,
        baseline: Vec<(Option<String>, Normal)>,
        beside: BTreeMap<Option<String>, f64>,
    ) {
        self.baseline = baseline;
        self.beside = beside;
    }

    /// The guard that is judged.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Takes a sample in, and says what all of them come to. Nothing while there are too few, and
    /// that is as it should be: at the beginning of a watch.
    pub fn take(&mut self, sample: &Sample) -> Option<Verdict> {
        let covers = match self.heard {
            Some(before) => sample.at.since(before),
            None => self.guard.interval,
        };
        self.heard = Some(sample.at);
        let content = match &sample.reading {
            Reading::Measured(values) => {
                let read = self.meter.read(sample.at, values);
                // The first total of a counter is no sample yet.
                if read.is_empty() && self.meter.is_counter() && !values.is_empty() {
                    return self.look(sample.at);
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
            covers: covers.as_secs_f64(),
            content,
            beside: std::mem::take(&mut self.beside),
        };
        self.window.push(slot, self.kept, self.reach());
        self.say(sample.at)
    }

    /// What the samples so far come to at this moment: the last verdict while samples keep coming,
    /// and **no data** where the next one is overdue by more than an interval.
    pub fn look(&mut self, now: Moment) -> Option<Verdict> {
        let patience = self.guard.interval * 2 + self.guard.timeout;
        let (last, patience) = match &mut self.heard {
            // A clock that was set back: time is counted from here on.
            Some(heard) => {
                *heard = now.min(*heard);
                (*heard, patience)
            }
            None => {
                self.begun = now.min(self.begun);
                (self.begun, patience + self.guard.initial_delay)
            }
        };
        if now.since(last) <= patience {
            return match &self.said {
                None if !self.is_early(now) => {
                    let because = reason::too_few(self.recent(), &self.guard);
                    Some(self.verdict(now, Level::NoData, None, because))
                }
                said => said.clone(),
            };
        }
        let because = reason::silent(now.since(last), &self.guard);
        Some(self.verdict(now, Level::NoData, None, because))
    }

    fn of(&self) -> usize {
        self.guard.belief.of as usize
    }

    /// Samples older than this say nothing of now.
    fn age(&self) -> Duration {
        self.guard.interval * (self.guard.belief.of + 2) + self.guard.timeout
    }

    /// How far back rates are counted.
    fn reach(&self) -> Duration {
        let thresholds = [&self.guard.warning, &self.guard.critical];
        let period = thresholds.into_iter().flatten().filter_map(|t| match t {
            Threshold::Absolute { limit, .. } => limit.period(),
            Threshold::Relative(_) => None,
        });
        self.age()
            .max(Duration::from_secs_f64(period.fold(0.0, f64::max)) + self.age())
    }

    fn recent(&self) -> usize {
        self.window.recent(self.of(), self.age())
    }

    /// Whether the watch is too young for all samples to be there.
    fn is_early(&self, now: Moment) -> bool {
        now.since(self.begun) <= self.guard.initial_delay + self.age()
    }

    /// The level of the samples that are there.
    fn say(&mut self, at: Moment) -> Option<Verdict> {
        let recent = self.recent();
        let mut open = false;
        for (level, threshold) in [
            (Level::Critical, self.guard.critical),
            (Level::Warning, self.guard.warning),
        ] {
            let Some(threshold) = threshold else { continue };
            let found = self.beyond(&threshold, recent);
            if let Some(beyond) = found
                .iter()
                .filter(|beyond| beyond.is_believed)
                .max_by(|a, b| {
                    let order = a.value.total_cmp(&b.value);
                    if threshold.is_above() {
                        order
                    } else {
                        order.reverse()
                    }
                })
            {
                let because = reason::breach(beyond, &threshold, &self.guard);
                let worst = Some((beyond.object.clone(), beyond.value));
                return Some(self.verdict(at, level, worst, because));
            }
            let most = found.iter().map(|beyond| beyond.count).max().unwrap_or(0);
            // Whether it could be a breach, had everything been measured.
            let unknown = self.unknown(recent) + (self.of() - recent);
            open |= unknown > 0 && most + unknown >= self.guard.belief.beyond as usize;
            open |= threshold.is_relative() && !self.can_compare(recent);
        }
        let worst = self.worst();
        if !open {
            let because = reason::pass(worst.as_ref(), &self.guard);
            return Some(self.verdict(at, Level::Pass, worst, because));
        }
        let unknown: Vec<&Content> = self
            .window
            .last(recent)
            .map(|slot| &slot.content)
            .filter(|content| content.is_unknown())
            .collect();
        let enough = self.guard.belief.beyond as usize;
        if self.said.is_none() && recent < self.of() && unknown.len() < enough && self.is_early(at)
        {
            return None;
        }
        let (level, because) = match unknown.first() {
            Some(Content::Failed(why)) => {
                (Level::Error, reason::failed(why, unknown.len(), recent))
            }
            Some(_) => (Level::NoData, reason::no_value(unknown.len(), recent)),
            None if recent < self.of() => (Level::NoData, reason::too_few(recent, &self.guard)),
            None => {
                let none = self.baseline.is_empty();
                (Level::NoData, reason::no_baseline(none, &self.guard))
            }
        };
        Some(self.verdict(at, level, worst, because))
    }

    /// Every object that was beyond a threshold in one of the last `recent` samples.
    fn beyond(&self, threshold: &Threshold, recent: usize) -> Vec<Beyond> {
        let needed = self.guard.belief.beyond as usize;
        let mut found = Vec::new();
        for object in self.window.objects(recent) {
            let base = self.base(object);
            let median = base.and_then(|base| base.counts_from(threshold.is_above()));
            let values: Vec<(f64, bool)> = (0..recent)
                .filter_map(|back| self.compared(back, object, threshold, median))
                .collect();
            let count = values.iter().filter(|(_, beyond)| *beyond).count();
            let Some((value, _)) = values.iter().find(|(_, beyond)| *beyond) else {
                continue;
            };
            let is_believed = count >= needed
                && match (threshold, base) {
                    (Threshold::Absolute { .. }, _) => true,
                    (Threshold::Relative(change), Some(base)) => {
                        let now: Vec<f64> = values.iter().map(|(value, _)| *value).collect();
                        now.len() >= super::Belief::LEAST_RELATIVE as usize
                            && base.has_shifted(&now, change.factor())
                            && self.is_apart(object, recent, threshold.is_above(), base)
                    }
                    (Threshold::Relative(_), None) => false,
                };
            found.push(Beyond {
                object: object.clone(),
                value: *value,
                count,
                of: recent,
                median,
                is_believed,
            });
        }
        found
    }

    /// Whether what is compared with others at the same time is further from them than both
    /// scatter. A baseline was taken at another time: there nothing stands beside.
    fn is_apart(&self, object: &Option<String>, recent: usize, rises: bool, base: &Normal) -> bool {
        let differences = |count| self.window.differences(count, object, rises);
        !base.is_beside() || base.is_apart(&differences(recent), &differences(self.kept))
    }

    /// A value, and whether it is beyond a threshold.
    fn compared(
        &self,
        back: usize,
        object: &Option<String>,
        threshold: &Threshold,
        median: Option<f64>,
    ) -> Option<(f64, bool)> {
        match threshold {
            Threshold::Absolute { than, limit } => {
                let value = self.window.against(back, object, *than, limit)?;
                Some((value, than.holds(value, limit.per_base())))
            }
            Threshold::Relative(change) => {
                let value = self.window.value(back, object)?;
                let limit = median? * change.factor();
                let beyond = if threshold.is_above() {
                    value > limit
                } else {
                    value < limit
                };
                Some((value, beyond))
            }
        }
    }

    fn base(&self, object: &Option<String>) -> Option<&Normal> {
        let mut baselines = self.baseline.iter();
        baselines
            .find(|(of, _)| of == object)
            .map(|(_, values)| values)
    }

    /// Whether any object of the last samples has a baseline.
    fn can_compare(&self, recent: usize) -> bool {
        let objects = self.window.objects(recent);
        objects.is_empty() || objects.iter().any(|object| self.base(object).is_some())
    }

    fn unknown(&self, recent: usize) -> usize {
        let slots = self.window.last(recent);
        slots.filter(|slot| slot.content.is_unknown()).count()
    }

    /// The worst value of the last sample that has one.
    fn worst(&self) -> Option<(Option<String>, f64)> {
        let thresholds = [&self.guard.critical, &self.guard.warning];
        let above = thresholds
            .into_iter()
            .flatten()
            .next()
            .is_none_or(Threshold::is_above);
        let slot = self.window.last(1).next()?;
        let Content::Measured(values) = &slot.content else {
            return None;
        };
        values
            .iter()
            .max_by(|(_, a), (_, b)| {
                let order = a.total_cmp(b);
                if above { order } else { order.reverse() }
            })
            .map(|(object, value)| (object.clone(), *value))
    }

    fn verdict(
        &mut self,
        at: Moment,
        level: Level,
        worst: Option<(Option<String>, f64)>,
        because: String,
    ) -> Verdict {
        let since = match &self.said {
            Some(said) if said.level == level => said.since.min(at),
            _ => at,
        };
        let (object, value) = worst.unzip();
        let verdict = Verdict {
            guard: self.guard.name.clone(),
            at,
            level,
            since,
            value,
            object: object.flatten(),
            because,
        };
        self.said = Some(verdict.clone());
        verdict
    }
}
