//! Baselines: what they hold, when they are long enough, and whether a phase may start.

use std::time::Duration;

use turnback_core::guard::{
    Baseline, BaselineRecorder, Guard, Moment, Reading, Sample, Value, baseline_findings, lack,
};
use turnback_core::plan::{PlanSource, parse};
use turnback_core::preflight::Weight;

fn guards(text: &str) -> Vec<Guard> {
    let text = format!(
        "version: 1\nname: p\ntarget: postgres://h/d\nphases: [{{ id: a, operations: [{{ sql: {{ up: x, down: y }} }}] }}, {{ id: b, operations: [{{ sql: {{ up: x, down: y }} }}] }}]\nguards:\n{text}\n"
    );
    let parsed = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|_| None,
        read_file: &|_| Err("no files here".to_owned()),
        target_override: None,
    });
    parsed
        .unwrap_or_else(|found| panic!("{found:#?}"))
        .plan
        .guards
}

fn relative() -> Guard {
    guards("  g: { sql: x, unit: milliseconds, critical: +50%, baseline: 10m }").remove(0)
}

fn sample(n: u64, reading: Reading) -> Sample {
    Sample {
        guard: "g".to_owned(),
        at: Moment(10_000 * n),
        reading,
    }
}

fn of(object: Option<&str>, value: f64) -> Value {
    Value {
        object: object.map(str::to_owned),
        value,
    }
}

/// So many samples, ten seconds apart.
fn taken(guard: &Guard, count: u64, reading: impl Fn(u64) -> Reading) -> Baseline {
    let mut recorder = BaselineRecorder::new([guard]);
    for n in 0..count {
        recorder.take(&sample(n, reading(n)));
    }
    recorder.baseline().clone()
}

fn lacks(guard: &Guard, baseline: &Baseline, now: Moment) -> Option<String> {
    lack(guard, baseline.guards.get("g"), now)
}

#[test]
fn a_baseline_is_taken_for_as_long_as_the_plan_says() {
    let guard = relative();
    let usual = |n| Reading::Measured(vec![of(None, 10.0 + (n % 3) as f64)]);
    let after = |count| {
        let baseline = taken(&guard, count, usual);
        lacks(&guard, &baseline, Moment(10_000 * count))
    };
    assert_eq!(after(0).as_deref(), Some("there is none"));
    let short = after(50).expect("it is too short");
    assert!(short.contains("taken for 8m10s instead of 10m"), "{short}");
    assert_eq!(after(60), None);
    let baseline = taken(&guard, 60, usual);
    let day = Moment(600_000) + Duration::from_secs(86_401);
    assert!(lacks(&guard, &baseline, day).is_some_and(|lack| lack.contains("old")));
}

#[test]
fn a_baseline_with_too_little_in_it_will_not_do() {
    let guard = relative();
    let said = |reading: &dyn Fn(u64) -> Reading| {
        lacks(&guard, &taken(&guard, 61, reading), Moment(610_000)).unwrap_or_default()
    };
    let gaps = said(&|n| match n % 5 {
        0 => Reading::Failed("down".to_owned()),
        _ => Reading::Measured(vec![of(None, 1.0)]),
    });
    assert!(
        gaps.contains("13 samples had no value, and 48 had one"),
        "{gaps}"
    );
    let zero = said(&|_| Reading::Measured(vec![of(None, 0.0)]));
    assert!(zero.contains("median above 0"), "{zero}");
    let many = said(&|n| Reading::Measured(vec![of(Some(&format!("t{}", n % 3)), 1.0)]));
    assert!(many.contains("21 values, and 30 are needed"), "{many}");
}

#[test]
fn a_phase_with_relative_guards_does_not_start_without_a_baseline() {
    let guards = guards(
        "  g: { sql: x, critical: +50%, phases: [a] }\n  h: { sql: x, critical: 5 }\n  i: { probe: statement_time, warning: x2 }",
    );
    let found = |phase: &str, baseline: &Baseline| -> Vec<String> {
        baseline_findings(&guards, phase, baseline, Moment(0))
            .into_iter()
            .inspect(|finding| assert_eq!(finding.weight, Weight::NoGo))
            .map(|finding| finding.object)
            .collect()
    };
    assert_eq!(found("a", &Baseline::default()), ["guard g", "guard i"]);
    assert_eq!(found("b", &Baseline::default()), ["guard i"]);
}

#[test]
fn a_baseline_is_kept_and_shown() {
    let guard = relative();
    let baseline = taken(&guard, 61, |n| match n {
        7 => Reading::NoData,
        n if n > 40 => Reading::Measured(vec![of(Some("a"), 20.0), of(Some("late"), 1.0)]),
        n => Reading::Measured(vec![of(Some("a"), 10.0 + n as f64 / 10.0)]),
    });
    let kept = serde_json::to_string(&baseline).unwrap();
    assert_eq!(serde_json::from_str::<Baseline>(&kept).unwrap(), baseline);
    insta::assert_snapshot!(baseline, @r##"
    g: 1970-01-01 00:00:00 UTC to 1970-01-01 00:10:00 UTC, 1 sample without a value
      a: 60 values, median 13 ms, 10 ms to 20 ms
      late: 20 values, median 1 ms, 1 ms to 1 ms (not compared: 20 values, and 30 are needed)
    "##);
}
