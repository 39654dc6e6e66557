//! Whether a phase may start: whether its relative guards have a baseline that is worth something.

use std::time::Duration;

use super::baseline::LEAST_VALUES;
use super::{Baseline, Guard, Moment, Series};
use crate::plan::show_duration;
use crate::preflight::Finding;

/// A baseline older than this tells of another time.
const FRESH: Duration = Duration::from_secs(86_400);
/// More samples than one in so many without a value, and what is missing may matter.
const UNKNOWN: u32 = 10;

/// What keeps a phase from starting: its relative guards that have no baseline, or one that says
/// too little.
pub fn baseline_findings(
    guards: &[Guard],
    phase: &str,
    baseline: &Baseline,
    now: Moment,
) -> Vec<Finding> {
    guards
        .iter()
        .filter(|guard| guard.needs_baseline() && guard.watches(phase))
        .filter_map(|guard| {
            let lack = lack(guard, baseline.guards.get(&guard.name), now)?;
            Some(Finding::no_go(
                "no-baseline",
                format!("guard {}", guard.name),
                format!("it compares with a baseline, and {lack}"),
                format!(
                    "Take one for {} right before the phase, or give the guard thresholds of their own (`> …`)",
                    show_duration(guard.baseline)
                ),
            ))
        })
        .collect()
}

/// What is wrong with the baseline of one guard, as the end of a sentence; nothing where it will
/// do.
pub fn lack(guard: &Guard, series: Option<&Series>, now: Moment) -> Option<String> {
    let Some(series) = series else {
        return Some("there is none".to_owned());
    };
    if series.unit.dimension() != guard.unit.dimension() {
        return Some("the one there was measured in another unit".to_owned());
    }
    // The first sample stands at the end of an interval that nobody counts; one may come late.
    let taken = series.length() + guard.interval + guard.interval;
    if taken < guard.baseline {
        return Some(format!(
            "the one there was taken for {} instead of {}",
            show_duration(series.length()),
            show_duration(guard.baseline)
        ));
    }
    if now.since(series.until) > FRESH {
        return Some(format!("the one there is old: it ends at {}", series.until));
    }
    let most = series.objects.iter().map(|of| of.values.len()).max();
    let most = u32::try_from(most.unwrap_or(0)).unwrap_or(u32::MAX);
    if series.unknown > most / (UNKNOWN - 1) {
        return Some(format!(
            "in the one there {} samples had no value, and {most} had one",
            series.unknown
        ));
    }
    if (most as usize) < LEAST_VALUES {
        return Some(format!(
            "the one there has {most} values, and {LEAST_VALUES} are needed"
        ));
    }
    if series.usable().next().is_none() {
        return Some(
            "in the one there nothing has a median above 0, and no part of nothing is a change"
                .to_owned(),
        );
    }
    None
}
