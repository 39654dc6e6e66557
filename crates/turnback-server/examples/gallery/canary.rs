//! A canary under way, at its second step: beside the rest, and while its time does not count.

use turnback_core::guard::{Reading, Sample, Series, Unit};
use turnback_core::incident::{Chart, Measured, watched};
use turnback_core::journal::GuardTerms;
use turnback_server::dashboard::view::*;

use super::made_up::{ago, left};

/// Its time counts.
pub fn counts() -> CanaryView {
    CanaryView {
        left: Some(left(340, 600)),
        compared: vec![latency(1.09, Mark::Good, "pass"), errors()],
        ..at_step_two()
    }
}

/// Its time does not count.
pub fn waits() -> CanaryView {
    CanaryView {
        stands_at: Some("5 min 40 s".into()),
        waits: Some("Guard latency says critical: 260 ms is beyond +50% from the rest's 138 ms, and more than chance, in 3 of the last 5 samples.".into()),
        compared: vec![latency(1.9, Mark::Critical, "critical"), unheard()],
        ..at_step_two()
    }
}

fn at_step_two() -> CanaryView {
    CanaryView {
        phase: "users".into(),
        flag: "users-uuid".into(),
        badge: Badge::new(Mark::Busy, "step 2 of 4"),
        said: "The flag users-uuid sends 10% of people to the new shape.".into(),
        steps: [
            ("1%", Stand::Past),
            ("10%", Stand::Here),
            ("50%", Stand::Ahead),
            ("100%", Stand::Ahead),
        ]
        .map(|(share, stand)| CanaryStep {
            share: share.into(),
            stand,
        })
        .to_vec(),
        compare: "application_name chat-v2 with application_name chat-v1".into(),
        ..CanaryView::default()
    }
}

/// Milliseconds of a request: the canary's so many times the rest's, since its step began.
fn latency(times: f64, mark: Mark, word: &str) -> ComparedGuard {
    let rest = wave(138.0, 0);
    let ours: Vec<f64> = wave(138.0, 5)
        .into_iter()
        .enumerate()
        .map(|(n, value)| if n < 34 { value } else { value * times })
        .collect();
    let canary = 138.0 * times;
    let because = if mark == Mark::Good {
        format!("{canary:.0} ms is within +50% of the rest's 138 ms.")
    } else {
        format!(
            "{canary:.0} ms is beyond +50% from the rest's 138 ms, and more than chance, in 3 of the last 5 samples."
        )
    };
    ComparedGuard {
        guard: "latency".into(),
        object: None,
        badge: Badge::new(mark, word),
        figures: vec![
            Pair::new("canary", format!("{canary:.0} ms (of 26)")),
            Pair::new("rest", "138 ms (of 90)"),
            Pair::new("change", format!("+{:.0}%", (times - 1.0) * 100.0)),
            Pair::new("critical", "+50%"),
        ],
        because,
        chart: chart("latency", &ours, &rest),
    }
}

/// Limits of their own are compared with nothing.
fn errors() -> ComparedGuard {
    ComparedGuard {
        guard: "stuck".into(),
        object: None,
        badge: Badge::new(Mark::Good, "pass"),
        figures: vec![
            Pair::new("canary", "180 ms (of 26)"),
            Pair::new("critical", "> 30s"),
        ],
        because: "The longest transaction is within every threshold.".into(),
        chart: None,
    }
}

fn unheard() -> ComparedGuard {
    ComparedGuard {
        guard: "checkout_errors".into(),
        object: Some("payments".into()),
        badge: Badge::new(Mark::Unknown, "not heard yet"),
        figures: vec![
            Pair::new("canary", "not measured"),
            Pair::new("rest", "0.4% (of 90)"),
            Pair::new("change", "unknown"),
            Pair::new("critical", "x2"),
        ],
        because: "It has not been heard at this step: unknown never goes on.".into(),
        chart: None,
    }
}

fn wave(base: f64, shift: i32) -> Vec<f64> {
    (0..60)
        .map(|n| base + (f64::from(((n + shift) * 37) % 11) / 11.0 - 0.5) * 40.0)
        .collect()
}

fn chart(name: &str, ours: &[f64], rest: &[f64]) -> Option<String> {
    let terms = |guard: &str| GuardTerms {
        guard: guard.into(),
        unit: Unit::Milliseconds,
        warning: None,
        critical: Some("+50%".into()),
        times: 3,
        of: 5,
        interval_millis: 10_000,
    };
    let samples = |guard: &str, values: &[f64]| -> Vec<Sample> {
        let sample = |(back, value): (usize, &f64)| Sample {
            guard: guard.into(),
            at: ago(back as u64 * 10),
            reading: Reading::single(*value),
        };
        let mut samples: Vec<Sample> = values.iter().rev().enumerate().map(sample).collect();
        samples.reverse();
        samples
    };
    let middle = Series {
        from: ago(1_200),
        until: ago(0),
        unit: Unit::Milliseconds,
        objects: vec![turnback_core::guard::ObjectValues {
            object: None,
            values: vec![0.138],
        }],
        unknown: 0,
    };
    let rest = watched(&terms("rest"), &samples("rest", rest), None);
    let measured = Measured {
        normal: None,
        ..watched(&terms(name), &samples(name, ours), Some(&middle))
    };
    Chart {
        measured: &measured,
        beside: Some(("rest", &rest)),
        marks: vec![("step", ago(260))],
        id: &format!("canary-{name}"),
        width: 420.0,
        height: 190.0,
    }
    .svg()
}
