//! What guards measure before anything has begun: whether they can, and what.

use super::Finding;
use crate::guard::{Guard, Meter, Moment, Reading, Threshold, Unit};

/// What the first sample of a guard comes to. A probe that cannot measure holds the run; that is
/// better known before the night.
pub fn guard_finding(guard: &Guard, reading: &Reading) -> Finding {
    let object = format!("guard {}", guard.name);
    match reading {
        Reading::Failed(why) => Finding::warning(
            "guard-cannot-measure",
            object,
            format!(
                "its probe failed: {why}; before a phase begins, and before its cut-over, `up` holds until it can measure"
            ),
            "Correct the probe, or what it asks",
        ),
        Reading::NoData => Finding::note(
            "guard-has-no-value",
            object,
            "its probe answered, and had no value yet; `up` holds for as long as that is so",
            "Rates have one from the second sample on; for others, see that the probe gives a number",
        ),
        Reading::Measured(values) => measured(guard, &object, values),
    }
}

fn measured(guard: &Guard, object: &str, values: &[crate::guard::Value]) -> Finding {
    let limits: Vec<String> = [("warning", &guard.warning), ("critical", &guard.critical)]
        .into_iter()
        .filter_map(|(level, threshold)| Some(format!("{level} is {}", threshold.as_ref()?)))
        .collect();
    let limits = limits.join(", ");
    if guard.unit == Unit::Counter {
        return Finding::note(
            "guard-measures",
            object,
            format!("it counts; how fast is known from the second sample on ({limits})"),
            "Nothing; see that this is the total that you mean",
        );
    }
    let mut meter = Meter::new(guard.unit);
    let read = meter.read(Moment(0), values);
    let above = [&guard.critical, &guard.warning]
        .into_iter()
        .flatten()
        .next()
        .is_none_or(Threshold::is_above);
    let worst = read.iter().max_by(|(_, a), (_, b)| {
        let order = a.total_cmp(b);
        if above { order } else { order.reverse() }
    });
    let Some((of, worst)) = worst else {
        return guard_finding(guard, &Reading::NoData);
    };
    let of = match (of, read.len()) {
        (None, _) => String::new(),
        (Some(name), 1) => format!(" ({name})"),
        (Some(name), objects) => format!(" ({name}, the worst of {objects})"),
    };
    let shown = guard.unit.dimension().show(*worst);
    let beyond = [("critical", &guard.critical), ("warning", &guard.warning)]
        .into_iter()
        .find(|(_, threshold)| threshold.as_ref().is_some_and(|t| is_beyond(t, *worst)));
    match beyond {
        Some((level, _)) => Finding::warning(
            "guard-is-beyond",
            object,
            format!(
                "it measures {shown} now{of}: beyond {level} already, before anything has begun ({limits})"
            ),
            "See what is wrong, or give it another threshold; the decisions are made about this from the first moment on",
        ),
        None => Finding::note(
            "guard-measures",
            object,
            format!("it measures {shown} now{of} ({limits})"),
            "Nothing; see that this is what you mean",
        ),
    }
}

/// Whether one value alone is beyond a threshold: those that compare with a baseline, and rates
/// over a period, take more than that.
fn is_beyond(threshold: &Threshold, value: f64) -> bool {
    match threshold {
        Threshold::Absolute { than, limit } if limit.period().is_none() => {
            than.holds(value, limit.per_base())
        }
        Threshold::Absolute { .. } | Threshold::Relative(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::guard::{Belief, Of, Probe, Value};
    use crate::preflight::Weight;

    fn guard(unit: Unit, critical: &str) -> Guard {
        Guard {
            name: "latency".to_owned(),
            probe: Probe::Sql("SELECT 1".to_owned()),
            unit,
            warning: None,
            critical: Some(Threshold::parse(critical).expect("a threshold")),
            belief: Belief { beyond: 3, of: 5 },
            interval: Duration::from_secs(10),
            initial_delay: Duration::ZERO,
            timeout: Duration::from_secs(5),
            baseline: Duration::from_secs(900),
            phases: None,
            of: Of::default(),
        }
    }

    fn one(value: f64) -> Reading {
        Reading::Measured(vec![Value {
            object: None,
            value,
        }])
    }

    #[test]
    fn what_a_guard_measures_is_told_with_its_thresholds() {
        let found = guard_finding(&guard(Unit::Milliseconds, "> 500ms"), &one(12.0));
        assert_eq!(found.weight, Weight::Note);
        assert_eq!(found.reason, "it measures 12 ms now (critical is > 500ms)");
    }

    #[test]
    fn what_is_beyond_already_or_cannot_be_measured_is_a_warning() {
        let beyond = guard_finding(&guard(Unit::Milliseconds, "> 500ms"), &one(700.0));
        assert_eq!(beyond.weight, Weight::Warning);
        let failed = Reading::Failed("no such column".to_owned());
        let cannot = guard_finding(&guard(Unit::Number, "> 0"), &failed);
        assert_eq!(cannot.weight, Weight::Warning);
        assert!(cannot.reason.contains("no such column"), "{cannot:?}");
        // One value says nothing of a change, or of a rate.
        for threshold in ["+20%", "5/hour"] {
            let found = guard_finding(&guard(Unit::Number, threshold), &one(1e9));
            assert_eq!(found.weight, Weight::Note, "{threshold}");
        }
    }
}
