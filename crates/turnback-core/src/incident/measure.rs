//! What the guard of an incident measured, against its thresholds and what was normal.

use serde::Serialize;

use super::Incident;
use crate::guard::{
    Dimension, Level, Meter, Moment, ObjectValues, Reading, Sample, Series, Threshold,
};
use crate::journal::GuardTerms;

/// What a guard measured around an incident, in the base of its dimension.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The guard.
    pub guard: String,
    /// What its values are.
    #[serde(skip)]
    pub dimension: Dimension,
    /// Its samples, in order.
    pub points: Vec<Point>,
    /// From where on it warns.
    pub warning: Option<f64>,
    /// From where on it is critical.
    pub critical: Option<f64>,
    /// Whether values are bad that are greater, rather than smaller.
    pub above: bool,
    /// What was normal before the phase.
    pub normal: Option<Normal>,
    /// The first sample of the breach.
    pub began: Option<Moment>,
    /// How long it was beyond its threshold, or not to be measured, in milliseconds, as far as
    /// samples tell.
    pub beyond_millis: u64,
    /// The worst value from the breach on.
    pub worst: Option<f64>,
}

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// When.
    pub at: Moment,
    /// The worst value; none where there was none.
    pub value: Option<f64>,
    /// The probe failed, or had no value.
    pub unknown: bool,
    /// It is what the incident is about: beyond the threshold, or unknown where that is it.
    pub bad: bool,
}

/// What was normal before the phase.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Normal {
    /// The value in the middle.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

/// What the guard of an incident measured. The samples are those of the guard around the time, in
/// order; the baseline that of the phase.
///
/// A relative threshold is drawn at so many times the median of the baseline. The guard itself
/// compares by rank, so a single sample beyond the line is no breach yet.
pub fn measure(
    incident: &Incident,
    terms: &GuardTerms,
    samples: &[Sample],
    baseline: Option<&Series>,
) -> Measured {
    let verdict = incident.trigger.as_ref();
    let mut measured = about(
        terms,
        samples,
        baseline,
        verdict.and_then(|verdict| verdict.object.as_ref()),
        verdict.map(|verdict| verdict.level),
    );
    let began = began(incident, terms, &measured.points);
    let until = incident.recovered.or(incident.ended.as_ref().map(|e| e.at));
    if let Some(began) = began {
        measured.beyond_millis = beyond(&measured.points, began, until, terms);
        measured.worst = worst(&measured.points, began, measured.above);
    }
    Measured { began, ..measured }
}

/// What a guard has measured while it watches, without an incident: samples beyond either
/// threshold are bad.
pub fn watched(terms: &GuardTerms, samples: &[Sample], baseline: Option<&Series>) -> Measured {
    about(terms, samples, baseline, None, Some(Level::Warning))
}

/// The samples of a guard against its thresholds and what was normal; what is bad follows from
/// what the guard said.
fn about(
    terms: &GuardTerms,
    samples: &[Sample],
    baseline: Option<&Series>,
    object: Option<&String>,
    level: Option<Level>,
) -> Measured {
    let thresholds = [&terms.warning, &terms.critical].map(|text| {
        let text = text.as_deref()?;
        Threshold::parse(text).ok()
    });
    let above = thresholds.iter().flatten().all(Threshold::is_above);
    let normal = baseline.and_then(|series| normal(&series.objects, object));
    let [warning, critical] = thresholds.map(|threshold| at(&threshold?, normal.as_ref()));
    let is_bad = |value: Option<f64>| match (level, value) {
        (Some(Level::NoData | Level::Error), value) => value.is_none(),
        (level, Some(value)) => {
            let limit = match level {
                Some(Level::Warning) => warning.or(critical),
                _ => critical.or(warning),
            };
            limit.is_some_and(|limit| if above { value > limit } else { value < limit })
        }
        (_, None) => false,
    };
    let mut meter = Meter::new(terms.unit);
    let points: Vec<Point> = samples
        .iter()
        .filter(|sample| sample.guard == terms.guard)
        .map(|sample| {
            let value = value(&mut meter, sample, object, above);
            Point {
                at: sample.at,
                value,
                unknown: !matches!(sample.reading, Reading::Measured(_)),
                bad: is_bad(value),
            }
        })
        .collect();
    Measured {
        guard: terms.guard.clone(),
        dimension: terms.unit.dimension(),
        points,
        warning,
        critical,
        above,
        normal,
        began: None,
        beyond_millis: 0,
        worst: None,
    }
}

fn normal(objects: &[ObjectValues], object: Option<&String>) -> Option<Normal> {
    let of = objects
        .iter()
        .find(|of| object.is_some() && of.object.as_ref() == object)
        .or(objects.first())?;
    let (least, most) = of.range()?;
    Some(Normal {
        median: of.median()?,
        least,
        most,
    })
}

/// Where a threshold lies.
fn at(threshold: &Threshold, normal: Option<&Normal>) -> Option<f64> {
    match threshold {
        Threshold::Absolute { limit, .. } => Some(limit.per_base()),
        Threshold::Relative(change) => Some(normal?.median * change.factor()),
    }
}

/// The value of the object that it is about, or the worst of all.
fn value(meter: &mut Meter, sample: &Sample, object: Option<&String>, above: bool) -> Option<f64> {
    let Reading::Measured(values) = &sample.reading else {
        return None;
    };
    let read = meter.read(sample.at, values);
    if let Some(object) = object
        && let Some(value) = read.get(&Some(object.clone()))
    {
        return Some(*value);
    }
    let worse = |a: &f64, b: &f64| {
        let order = a.total_cmp(b);
        if above { order } else { order.reverse() }
    };
    read.into_values().max_by(worse)
}

/// The first sample of the breach: of those that the guard believed, the first that was bad.
fn began(incident: &Incident, terms: &GuardTerms, points: &[Point]) -> Option<Moment> {
    let verdict = incident.trigger.as_ref()?;
    let detected = incident.detected?.max(verdict.since);
    let before: Vec<&Point> = points.iter().filter(|point| point.at <= detected).collect();
    let window = before.len().saturating_sub(terms.of.max(1) as usize);
    let bad = before[window..].iter().find(|point| point.bad);
    bad.map(|point| point.at)
}

/// How long samples were bad: each counts until the next, for two intervals at most, for what
/// nobody measured nobody knows.
fn beyond(points: &[Point], began: Moment, until: Option<Moment>, terms: &GuardTerms) -> u64 {
    let most = terms.interval_millis.saturating_mul(2);
    let mut sum = 0;
    for (index, point) in points.iter().enumerate() {
        if !point.bad || point.at < began || until.is_some_and(|until| point.at > until) {
            continue;
        }
        let ends = match (points.get(index + 1), until) {
            (Some(next), Some(until)) => next.at.min(until),
            (Some(next), None) => next.at,
            (None, Some(until)) => until,
            (None, None) => point.at,
        };
        sum += most.min(u64::try_from(ends.since(point.at).as_millis()).unwrap_or(u64::MAX));
    }
    sum
}

fn worst(points: &[Point], began: Moment, above: bool) -> Option<f64> {
    let values = points
        .iter()
        .filter(|point| point.at >= began)
        .filter_map(|point| point.value);
    values.reduce(|a, b| if (a < b) == above { b } else { a })
}
