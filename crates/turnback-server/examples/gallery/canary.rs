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
        compared: vec![
            timed("latency", 138.0, 1.09, Mark::Good),
            timed("checkout", 92.0, 0.96, Mark::Good),
        ],
        ..at_step_two()
    }
}

/// Its time does not count.
pub fn waits() -> CanaryView {
    CanaryView {
        stands_at: Some("5 min 40 s".into()),
        waits: Some("Guard latency says critical: 260 ms is beyond +50% from the rest's 138 ms, and more than chance, in 3 of the last 5 samples.".into()),
        compared: vec![timed("latency", 138.0, 1.9, Mark::Critical), unheard()],
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
fn timed(name: &str, base: f64, times: f64, mark: Mark) -> ComparedGuard {
    let rest = wave(base, 0);
    let ours: Vec<f64> = wave(base, 5)
        .into_iter()
        .enumerate()
        .map(|(n, value)| if n < 34 { value } else { value * times })
        .collect();
    let canary = base * times;
    let (word, because) = if mark == Mark::Good {
        let because = format!("{canary:.0} ms is within +50% of the rest's {base:.0} ms.");
        ("pass", because)
    } else {
        let because = format!(
            "{canary:.0} ms is beyond +50% from the rest's {base:.0} ms, and more than chance, in 3 of the last 5 samples."
        );
        ("critical", because)
    };
    let change = (times - 1.0) * 100.0;
    let sign = if change < 0.0 { "−" } else { "+" };
    ComparedGuard {
        guard: name.into(),
        object: None,
        badge: Badge::new(mark, word),
        figures: vec![
            Pair::new("canary", format!("{canary:.0} ms (of 26)")),
            Pair::new("rest", format!("{base:.0} ms (of 90)")),
            Pair::new("change", format!("{sign}{:.0}%", change.abs())),
            Pair::new("critical", "+50%"),
        ],
        because,
        chart: chart(name, base / 1_000.0, &ours, &rest),
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

fn chart(name: &str, middle: f64, ours: &[f64], rest: &[f64]) -> Option<String> {
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
            values: vec![middle],
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
