//! Why a guard says what it says, in sentences with the numbers.

use std::time::Duration;

use super::{Guard, Of, Threshold};
use crate::human::human_duration;
use crate::plan::show_duration;

/// An object that was beyond a threshold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Beyond {
    pub(super) object: Option<String>,
    /// Its last value that was.
    pub(super) value: f64,
    /// In how many of the last `of` samples.
    pub(super) count: usize,
    pub(super) of: usize,
    /// The median of its baseline.
    pub(super) median: Option<f64>,
    /// Whether that is often enough, and more than chance.
    pub(super) is_believed: bool,
}

/// A breach.
pub(super) fn breach(beyond: &Beyond, threshold: &Threshold, guard: &Guard) -> String {
    let dimension = guard.unit.dimension();
    let against = match (threshold, beyond.median) {
        (Threshold::Relative(_), Some(median)) => format!(
            "{threshold} from {} {}, and more than chance",
            match guard.of {
                Of::Everybody => "a baseline of",
                Of::Canary => "the rest's",
            },
            dimension.show(median)
        ),
        _ => threshold.to_string(),
    };
    format!(
        "{}{} is beyond {against}, in {}",
        named(beyond.object.as_ref()),
        dimension.show(beyond.value),
        so_many(beyond.count, beyond.of)
    )
}

/// Nothing is wrong.
pub(super) fn pass(worst: Option<&(Option<String>, f64)>, guard: &Guard) -> String {
    let limits: Vec<String> = [&guard.warning, &guard.critical]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let limits = limits.join(" or ");
    let last = match worst {
        Some((object, value)) => format!(
            "{}{}",
            named(object.as_ref()),
            guard.unit.dimension().show(*value)
        ),
        None => "no value".to_owned(),
    };
    if guard.belief.of == 1 {
        return format!("{last}, which is not beyond {limits}");
    }
    format!(
        "{last} in the last sample; fewer than {} of the last {} are beyond {limits}",
        guard.belief.beyond, guard.belief.of
    )
}

/// The probe failed.
pub(super) fn failed(why: &str, count: usize, of: usize) -> String {
    format!("the probe failed in {}: {why}", so_many(count, of))
}

/// The probe answered, and had no value.
pub(super) fn no_value(count: usize, of: usize) -> String {
    format!("the probe had no value in {}", so_many(count, of))
}

/// Too few samples to say anything.
pub(super) fn too_few(recent: usize, guard: &Guard) -> String {
    let samples = if recent == 1 { "sample" } else { "samples" };
    format!(
        "there {} only {recent} {samples}, and `for: {}` needs more",
        if recent == 1 { "is" } else { "are" },
        guard.belief
    )
}

/// There is nothing to compare with.
pub(super) fn no_baseline(none: bool, guard: &Guard) -> String {
    let with = match guard.of {
        Of::Everybody => "baseline",
        Of::Canary => "counterpart among the rest",
    };
    if none {
        format!("there is no {with} to compare with")
    } else {
        format!("none of what was measured has a {with} to compare with")
    }
}

/// No sample came.
pub(super) fn silent(silence: Duration, guard: &Guard) -> String {
    format!(
        "no sample came for {}, and one is due every {}",
        human_duration(silence.as_secs_f64()),
        show_duration(guard.interval)
    )
}

fn named(object: Option<&String>) -> String {
    object.map(|name| format!("{name}: ")).unwrap_or_default()
}

fn so_many(count: usize, of: usize) -> String {
    match (count, of) {
        (1, 1) => "the last sample".to_owned(),
        (count, of) => format!("{count} of the last {of} samples"),
    }
}
