//! What was normal before a phase.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::shift::Sorted;
use super::{Guard, Meter, Moment, Reading, Sample, Unit};

/// What was measured before a phase: relative thresholds compare with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// By the name of the guard.
    pub guards: BTreeMap<String, Series>,
}

/// What one guard measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// When its first sample was taken.
    pub from: Moment,
    /// When its last sample was taken.
    pub until: Moment,
    /// What the probe's numbers are. Values stand in the base of its dimension.
    pub unit: Unit,
    /// Values by object.
    pub objects: Vec<ObjectValues>,
    /// Samples that had no value, or whose probe failed.
    pub unknown: u32,
}

/// What was measured of one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectValues {
    /// Its name; none where the probe gives one number.
    pub object: Option<String>,
    /// In the order in which they were measured.
    pub values: Vec<f64>,
}

/// Takes a baseline: fed every sample from when it begins.
#[derive(Clone, Debug)]
pub struct BaselineRecorder {
    meters: BTreeMap<String, Meter>,
    baseline: Baseline,
}

/// Fewer values than this say little of what is normal: the middle of 30 values is known to lie
/// between the tenth and the twenty-first of them, 95 times in 100.
pub const LEAST_VALUES: usize = 30;

impl BaselineRecorder {
    /// Begins a baseline of these guards.
    pub fn new<'a>(guards: impl IntoIterator<Item = &'a Guard>) -> Self {
        Self {
            meters: guards
                .into_iter()
                .map(|guard| (guard.name.clone(), Meter::new(guard.unit)))
                .collect(),
            baseline: Baseline::default(),
        }
    }

    /// Takes a sample in. Those of other guards are left out.
    pub fn take(&mut self, sample: &Sample) {
        let Some(meter) = self.meters.get_mut(&sample.guard) else {
            return;
        };
        let series = self
            .baseline
            .guards
            .entry(sample.guard.clone())
            .or_insert_with(|| Series {
                from: sample.at,
                until: sample.at,
                unit: meter.unit(),
                objects: vec![],
                unknown: 0,
            });
        series.until = series.until.max(sample.at);
        let Reading::Measured(values) = &sample.reading else {
            series.unknown += 1;
            return;
        };
        let read = meter.read(sample.at, values);
        if read.is_empty() && !meter.is_counter() {
            series.unknown += 1;
        }
        for (object, value) in read {
            // What is endless cannot be written down, and is nothing to compare with.
            if value.is_finite() {
                series.add(object, value);
            }
        }
    }

    /// What was taken so far.
    pub fn baseline(&self) -> &Baseline {
        &self.baseline
    }
}

impl Series {
    fn add(&mut self, object: Option<String>, value: f64) {
        match self.objects.iter_mut().find(|known| known.object == object) {
            Some(known) => known.values.push(value),
            None => self.objects.push(ObjectValues {
                object,
                values: vec![value],
            }),
        }
    }

    /// The objects that can be compared with: enough values, and a median above 0, for no part of
    /// nothing is a change.
    pub fn usable(&self) -> impl Iterator<Item = (&Option<String>, &[f64])> {
        self.objects
            .iter()
            .filter(|of| of.unusable().is_none())
            .map(|of| (&of.object, of.values.as_slice()))
    }

    /// How long it was taken for.
    pub fn length(&self) -> Duration {
        self.until.since(self.from)
    }
}

impl ObjectValues {
    /// The value in the middle; none where there are no values.
    pub fn median(&self) -> Option<f64> {
        Sorted::new(&self.values).median()
    }

    /// The least and the greatest value.
    pub fn range(&self) -> Option<(f64, f64)> {
        Sorted::new(&self.values).range()
    }

    /// Why it cannot be compared with.
    fn unusable(&self) -> Option<String> {
        if self.values.len() < LEAST_VALUES {
            return Some(format!(
                "{} values, and {LEAST_VALUES} are needed",
                self.values.len()
            ));
        }
        let median = Sorted::new(&self.values).median()?;
        (median <= 0.0).then(|| format!("its median is {median}, and no part of that is a change"))
    }
}

impl fmt::Display for Baseline {
    /// A line for each object of each guard.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, series) in &self.guards {
            write!(f, "{name}: {} to {}", series.from, series.until)?;
            if series.unknown > 0 {
                let samples = if series.unknown == 1 {
                    "sample"
                } else {
                    "samples"
                };
                write!(f, ", {} {samples} without a value", series.unknown)?;
            }
            writeln!(f)?;
            for of in &series.objects {
                writeln!(f, "  {}", of.describe(series.unit))?;
            }
        }
        Ok(())
    }
}

impl ObjectValues {
    fn describe(&self, unit: Unit) -> String {
        let sorted = Sorted::new(&self.values);
        let show = |value| unit.dimension().show(value);
        let name = self.object.as_ref().map(|name| format!("{name}: "));
        let numbers = match (sorted.median(), sorted.range()) {
            (Some(median), Some((least, most))) => format!(
                "{} values, median {}, {} to {}",
                self.values.len(),
                show(median),
                show(least),
                show(most)
            ),
            _ => "no values".to_owned(),
        };
        let unusable = self.unusable().map(|why| format!(" (not compared: {why})"));
        format!(
            "{}{numbers}{}",
            name.unwrap_or_default(),
            unusable.unwrap_or_default()
        )
    }
}
