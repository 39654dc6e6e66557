//! Canaries under way, as the server shows them: how far, why no further, and how their clients
//! compare with the rest.

use std::collections::BTreeMap;

use turnback_core::canary::{Canary, Figures, side_by_side};
use turnback_core::guard::{Guard, Moment, Sample, Threshold};
use turnback_server::model;

use crate::commands::status::CanaryState;

/// As far as a canary has come. `progress` is what is at work now, here or elsewhere.
pub(super) fn canary(
    plan: &Canary,
    state: &CanaryState,
    progress: Option<&model::Progress>,
    now: Moment,
) -> model::Canary {
    let mut shown = model::Canary {
        phase: state.phase.clone(),
        flag: state.flag.clone(),
        step: state.step,
        of: plan.steps.len(),
        share: state.share.to_string(),
        since: state.since.map(|since| since.0),
        hold_millis: state.hold_millis,
        is_through: state.is_through,
        compare: plan.compare.to_string(),
        ..model::Canary::default()
    };
    if state.is_through {
        return shown;
    }
    let of_phase = |of: &&model::Progress| of.phase.as_deref() == Some(state.phase.as_str());
    let held = progress
        .filter(of_phase)
        .and_then(|progress| progress.canary.as_ref());
    match (held, progress) {
        (Some(held), _) => {
            (shown.step, shown.of) = (held.step, held.of);
            shown.share.clone_from(&held.share);
            shown.hold_millis = Some(held.hold_millis);
            shown.left_millis = Some(held.left_millis);
            shown.waits.clone_from(&held.waits);
        }
        (None, Some(progress)) if progress.run.is_none() => {
            let until = state.until;
            shown.left_millis = until.map(|until| millis(until.since(now)));
            shown.reckoned = true;
            shown.waits.clone_from(&state.stopped);
        }
        (None, Some(_)) => {
            let why = "the run has something else to do before it goes on with the canary";
            shown.waits = Some(state.stopped.clone().unwrap_or_else(|| why.to_owned()));
        }
        (None, None) => {
            let why = "no run is at work; where one goes on, the time of this step begins anew";
            shown.waits = Some(why.to_owned());
        }
    }
    shown
}

/// A guard of a canary, from samples of its clients at this step and the last of the rest.
pub(super) fn compared(
    guard: &Guard,
    canary: &[Sample],
    rest: &[Sample],
    says: Option<&model::Said>,
) -> model::Compared {
    let words = |threshold: &Option<Threshold>| threshold.map(|threshold| threshold.to_string());
    let figures = chosen(
        guard,
        side_by_side(guard.unit, canary, rest),
        says.and_then(|says| says.object.as_ref()),
    );
    model::Compared {
        guard: guard.name.clone(),
        unit: guard.unit.as_str().to_owned(),
        warning: words(&guard.warning),
        critical: words(&guard.critical),
        is_relative: guard.is_relative(),
        change: figures.change(),
        object: figures.object,
        canary: figures.canary,
        canary_samples: figures.canary_samples,
        rest: figures.rest,
        rest_samples: figures.rest_samples,
        level: says.map(|says| says.level.clone()),
        says_since: says.map(|says| says.since),
        because: says.map(|says| says.because.clone()),
    }
}

/// Of several objects the one that the guard names, or where the canary fares worst.
fn chosen(guard: &Guard, figures: Vec<Figures>, named: Option<&String>) -> Figures {
    let mut by_object: BTreeMap<Option<String>, Figures> = BTreeMap::new();
    for of in figures {
        by_object.insert(of.object.clone(), of);
    }
    if let Some(of) = named.and_then(|named| by_object.remove(&Some(named.clone()))) {
        return of;
    }
    let thresholds = [&guard.critical, &guard.warning];
    let mut thresholds = thresholds.into_iter().flatten();
    let above = thresholds.next().is_none_or(Threshold::is_above);
    let badness = |of: &Figures| {
        let size = of.change().or(of.canary).unwrap_or(f64::NEG_INFINITY);
        if above { size } else { -size }
    };
    let worst = by_object
        .into_values()
        .max_by(|a, b| badness(a).total_cmp(&badness(b)));
    worst.unwrap_or_default()
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use turnback_core::canary::{CanaryStep, Compare, Share, ToldBy};

    use super::*;

    fn plan() -> Canary {
        let step = |tenths| CanaryStep {
            share: Share::tenths(tenths).expect("a share"),
            hold: Duration::from_secs(600),
            ask: None,
        };
        Canary {
            flag: "users-uuid".to_owned(),
            compare: Compare {
                by: ToldBy::Role,
                canary: "v2".to_owned(),
                rest: "v1".to_owned(),
            },
            steps: vec![step(10), step(100)],
            drain: Duration::from_secs(10),
        }
    }

    fn state() -> CanaryState {
        CanaryState {
            phase: "users".to_owned(),
            flag: "users-uuid".to_owned(),
            step: 1,
            of: 2,
            share: Share::tenths(10).expect("a share"),
            since: Some(Moment(0)),
            hold_millis: Some(600_000),
            until: Some(Moment(600_000)),
            ..CanaryState::default()
        }
    }

    fn at_work(run: Option<i64>, canary: Option<model::Holding>) -> model::Progress {
        model::Progress {
            run,
            phase: Some("users".to_owned()),
            canary,
            ..model::Progress::default()
        }
    }

    #[test]
    fn the_run_of_this_process_says_how_long_and_why_its_time_does_not_count() {
        let held = model::Holding {
            step: 1,
            of: 2,
            share: "1%".to_owned(),
            left_millis: 7_000,
            hold_millis: 600_000,
            waits: Some("guard slow says no data".to_owned()),
        };
        let shown = canary(
            &plan(),
            &state(),
            Some(&at_work(Some(1), Some(held))),
            Moment(1_000),
        );
        assert_eq!(shown.left_millis, Some(7_000));
        assert_eq!(shown.waits.as_deref(), Some("guard slow says no data"));
        assert!(!shown.reckoned);
        assert_eq!(shown.compare, "role v2 with role v1");
    }

    #[test]
    fn where_another_process_is_at_work_it_is_reckoned_and_where_none_is_nothing_counts() {
        let elsewhere = at_work(None, None);
        let shown = canary(&plan(), &state(), Some(&elsewhere), Moment(1_000));
        assert_eq!((shown.left_millis, shown.reckoned), (Some(599_000), true));
        assert_eq!(shown.waits, None);
        let shown = canary(&plan(), &state(), None, Moment(1_000));
        assert_eq!(shown.left_millis, None);
        assert!(
            shown
                .waits
                .is_some_and(|why| why.contains("no run is at work"))
        );
    }
}
