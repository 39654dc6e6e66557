//! What the judge says of samples, story by story.

use std::time::Duration;

use turnback_core::guard::{
    Baseline, BaselineRecorder, Guard, Judge, Level, Moment, Reading, Sample, Value, Verdict,
};
use turnback_core::plan::{PlanSource, parse};

/// A guard as a plan has it.
fn guard(text: &str) -> Guard {
    let text = format!(
        "version: 1\nname: p\ntarget: postgres://h/d\nphases: [{{ id: a, operations: [{{ sql: {{ up: x, down: y }} }}] }}]\nguards: {{ g: {{ {text} }} }}\n"
    );
    let parsed = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|_| None,
        read_file: &|_| Err("no files here".to_owned()),
        target_override: None,
    });
    let plan = parsed.unwrap_or_else(|found| panic!("{found:#?}")).plan;
    plan.guards.into_iter().next().expect("there is one")
}

/// The so manyth sample, ten seconds after the one before.
fn sample(n: u64, reading: Reading) -> Sample {
    Sample {
        guard: "g".to_owned(),
        at: Moment(10_000 * n),
        reading,
    }
}

fn measured(value: f64) -> Reading {
    Reading::Measured(vec![Value {
        object: None,
        value,
    }])
}

fn objects(values: &[(&str, f64)]) -> Reading {
    let values = values.iter().map(|(object, value)| Value {
        object: Some((*object).to_owned()),
        value: *value,
    });
    Reading::Measured(values.collect())
}

/// What is said after each reading, ten seconds apart.
fn story(judge: &mut Judge, readings: impl IntoIterator<Item = Reading>) -> Vec<Option<Verdict>> {
    readings
        .into_iter()
        .zip(1..)
        .map(|(reading, n)| judge.take(&sample(n, reading)))
        .collect()
}

fn levels(text: &str, readings: impl IntoIterator<Item = Reading>) -> Vec<Option<Level>> {
    let mut judge = Judge::new(guard(text), None, Moment(0));
    let said = story(&mut judge, readings);
    said.iter().map(|v| v.as_ref().map(|v| v.level)).collect()
}

const PASS: Option<Level> = Some(Level::Pass);
const CRITICAL: Option<Level> = Some(Level::Critical);
const WARNING: Option<Level> = Some(Level::Warning);
const ERROR: Option<Level> = Some(Level::Error);
const NO_DATA: Option<Level> = Some(Level::NoData);

fn failed() -> Reading {
    Reading::Failed("connection refused".to_owned())
}

#[test]
fn a_breach_is_believed_when_enough_samples_say_so() {
    let values = [1.0, 1.0, 1.0, 9.0, 9.0, 1.0, 9.0, 1.0, 1.0, 1.0];
    let said = levels("sql: x, critical: 5", values.map(measured));
    assert_eq!(
        said,
        [
            None, None, PASS, PASS, PASS, PASS, CRITICAL, CRITICAL, PASS, PASS
        ]
    );
}

#[test]
fn a_breach_that_is_there_from_the_beginning_is_not_waited_for() {
    let said = levels("sql: x, critical: 5", [9.0, 9.0, 9.0].map(measured));
    assert_eq!(said, [None, None, CRITICAL]);
    let said = levels("probe: orphans, critical: \"> 0\"", [measured(1.0)]);
    assert_eq!(said, [CRITICAL]);
}

#[test]
fn a_warning_is_said_where_it_is_not_yet_critical() {
    let values = [6.0, 6.0, 6.0, 9.0, 9.0, 9.0];
    let said = levels("sql: x, warning: 5, critical: 8", values.map(measured));
    assert_eq!(said, [None, None, WARNING, WARNING, WARNING, CRITICAL]);
}

#[test]
fn a_broken_probe_is_neither_a_pass_nor_a_breach() {
    let healthy = || (0..5).map(|_| measured(1.0));
    let readings = healthy().chain((0..3).map(|_| failed()));
    let said = levels("sql: x, critical: 5", readings);
    assert_eq!(said[4..], [PASS, PASS, PASS, ERROR]);
    let readings = healthy().chain((0..3).map(|_| Reading::NoData));
    assert_eq!(levels("sql: x, critical: 5", readings)[7], NO_DATA);
    // Two that would be a breach and one that nobody knows: it could be either.
    let readings = healthy().chain([measured(9.0), measured(9.0), failed()]);
    assert_eq!(levels("sql: x, critical: 5", readings)[7], ERROR);
    assert_eq!(levels("probe: orphans, critical: 0", [failed()]), [ERROR]);
    assert_eq!(
        levels("sql: x, critical: 5", [failed(), failed()]),
        [None, None]
    );
    assert_eq!(
        levels("sql: x, critical: 5", (0..3).map(|_| failed()))[2],
        ERROR
    );
}

#[test]
fn what_is_no_number_is_no_data() {
    let readings = (0..5).map(|_| measured(f64::NAN));
    assert_eq!(levels("sql: x, critical: 5", readings)[4], NO_DATA);
}

#[test]
fn silence_is_no_data_after_two_intervals() {
    let mut judge = Judge::new(guard("sql: x, critical: 5"), None, Moment(0));
    let said = story(&mut judge, (0..5).map(|_| measured(1.0)));
    assert_eq!(said[4].as_ref().map(|v| v.level), PASS);
    let level = |judge: &mut Judge, at| judge.look(Moment(at)).map(|v| v.level);
    assert_eq!(level(&mut judge, 75_000), PASS);
    let silent = judge.look(Moment(76_000)).expect("it is overdue");
    assert_eq!(silent.level, Level::NoData);
    assert!(
        silent.because.contains("no sample came for 26 s"),
        "{}",
        silent.because
    );
    // What was measured before the gap counts no more: three new ones are needed for a pass.
    let after: Vec<_> = (60..65)
        .map(|n| judge.take(&sample(n, measured(1.0))).map(|v| v.level))
        .collect();
    assert_eq!(after, [NO_DATA, NO_DATA, PASS, PASS, PASS]);
}

#[test]
fn a_probe_that_never_answers_is_no_data_in_the_end() {
    let mut judge = Judge::new(
        guard("sql: x, critical: 5, initial_delay: 1m"),
        None,
        Moment(0),
    );
    assert_eq!(judge.look(Moment(60_000)), None);
    assert_eq!(judge.look(Moment(85_000)), None);
    assert_eq!(judge.look(Moment(86_000)).map(|v| v.level), NO_DATA);
}

#[test]
fn a_clock_that_jumps_is_never_a_breach() {
    let mut judge = Judge::new(guard("sql: x, critical: 5"), None, Moment(0));
    story(&mut judge, (0..5).map(|_| measured(1.0)));
    let hour = 3_600_000;
    assert_eq!(judge.look(Moment(50_000 + hour)).map(|v| v.level), NO_DATA);
    let mut judge = Judge::new(guard("sql: x, critical: 5"), None, Moment(hour));
    let late = |n: u64| Sample {
        at: Moment(hour + n * 10_000),
        ..sample(n, measured(1.0))
    };
    for n in 0..5 {
        judge.take(&late(n));
    }
    // Set back by an hour: the verdict stays, and silence is counted from there.
    assert_eq!(judge.look(Moment(1_000)).map(|v| v.level), PASS);
    assert_eq!(judge.look(Moment(27_000)).map(|v| v.level), NO_DATA);
    assert_eq!(judge.take(&sample(4, measured(1.0))).map(|v| v.level), PASS);
}

#[test]
fn the_worst_object_decides_and_is_named() {
    let mut judge = Judge::new(guard("probe: orphans, critical: 2"), None, Moment(0));
    let said = story(
        &mut judge,
        [
            objects(&[("a", 1.0), ("b", 2.0)]),
            objects(&[("a", 3.0), ("b", 7.0), ("c", 0.0)]),
        ],
    );
    let pass = said[0].as_ref().expect("one sample is enough");
    assert_eq!(
        (pass.level, pass.object.as_deref()),
        (Level::Pass, Some("b"))
    );
    let worst = said[1].as_ref().expect("one sample is enough");
    assert_eq!(worst.level, Level::Critical);
    assert_eq!(
        (worst.object.as_deref(), worst.value),
        (Some("b"), Some(7.0))
    );
    assert!(
        worst
            .because
            .contains("b: 7 is beyond > 2, in the last sample"),
        "{}",
        worst.because
    );
}

#[test]
fn breaches_of_different_objects_do_not_add_up() {
    let turn = [("a", 9.0), ("b", 9.0), ("c", 9.0), ("d", 9.0), ("e", 9.0)];
    let readings = turn.map(|one| objects(&[one]));
    assert_eq!(levels("sql: x, critical: 5", readings)[4], PASS);
}

#[test]
fn where_less_is_worse_the_least_decides() {
    let mut judge = Judge::new(
        guard("probe: disk_free, critical: < 5GB, for: 1 of 1"),
        None,
        Moment(0),
    );
    let said = story(&mut judge, [objects(&[("/", 9e9), ("/wal", 1e9)])]);
    let verdict = said[0].as_ref().expect("one sample is enough");
    assert_eq!(
        (verdict.level, verdict.object.as_deref()),
        (Level::Critical, Some("/wal"))
    );
}

#[test]
fn a_counter_is_judged_by_how_fast_it_rises() {
    // Six errors in the hour, one every ten minutes.
    let readings = (0..=360).map(|n| measured(100.0 + f64::from(n / 60)));
    let said = levels(
        "sql: x, unit: counter, critical: 5/hour, for: 1 of 1",
        readings.clone(),
    );
    assert_eq!(said[0], None, "one total tells nothing");
    assert_eq!(said[1], PASS);
    assert_eq!((said[359], said[360]), (PASS, CRITICAL));
    let said = levels(
        "sql: x, unit: counter, critical: 6/hour, for: 1 of 1",
        readings,
    );
    assert!(!said.contains(&CRITICAL));
}

#[test]
fn since_when_it_is_so_is_kept() {
    let mut judge = Judge::new(guard("sql: x, critical: 5, for: 1 of 1"), None, Moment(0));
    let said = story(&mut judge, [9.0, 9.0, 1.0, 9.0, 9.0].map(measured));
    let since: Vec<_> = said.iter().flatten().map(|v| v.since.0 / 10_000).collect();
    assert_eq!(since, [1, 1, 3, 4, 4]);
}

/// A baseline of values around ten, in turn.
fn baseline(guard: &Guard) -> Baseline {
    let mut recorder = BaselineRecorder::new([guard]);
    for n in 0..40 {
        recorder.take(&sample(n, measured(8.0 + (n % 5) as f64)));
    }
    recorder.baseline().clone()
}

#[test]
fn a_change_from_the_baseline_is_believed_when_it_is_more_than_chance() {
    let guard = guard("sql: x, warning: +20%, critical: x1.5");
    let baseline = baseline(&guard);
    let judge = |values: [f64; 5]| {
        let mut judge = Judge::new(guard.clone(), Some(&baseline.guards["g"]), Moment(0));
        let said = story(&mut judge, values.map(measured));
        said[4].clone().expect("five samples are enough")
    };
    assert_eq!(judge([8.0, 9.0, 10.0, 11.0, 12.0]).level, Level::Pass);
    // Three above the threshold of 12, and yet no more than the baseline's own width.
    assert_eq!(judge([8.0, 9.0, 12.1, 12.1, 12.1]).level, Level::Pass);
    let warned = judge([12.5, 13.0, 12.1, 13.0, 12.4]);
    assert_eq!(warned.level, Level::Warning);
    assert!(
        warned
            .because
            .contains("+20% from a baseline of 10, and more than chance"),
        "{}",
        warned.because
    );
    assert_eq!(judge([16.0, 17.0, 15.5, 18.0, 16.0]).level, Level::Critical);
}

#[test]
fn without_a_baseline_a_relative_guard_has_no_data() {
    let readings = || (0..5).map(|_| measured(1.0));
    let said = levels("sql: x, critical: +20%", readings());
    assert_eq!(said[4], NO_DATA);
    // An absolute threshold beside it still holds.
    let said = levels(
        "sql: x, warning: +20%, critical: 5",
        (0..5).map(|_| measured(9.0)),
    );
    assert_eq!(said[2], CRITICAL);
}

#[test]
fn random_samples_never_upset_the_judge_and_unknown_is_never_a_pass() {
    let guard = guard("sql: x, warning: +20%, critical: 5, for: 1 of 5");
    let baseline = baseline(&guard);
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    let mut judge = Judge::new(guard.clone(), Some(&baseline.guards["g"]), Moment(0));
    let mut at = 0;
    for _ in 0..20_000 {
        at = match draw(40) {
            0 => draw(1_000_000),
            1 => at + 1_000_000,
            _ => at + draw(15_000),
        };
        let reading = match draw(8) {
            0 => failed(),
            1 => Reading::NoData,
            2 => measured([f64::NAN, f64::INFINITY, -1.0, 1e300][draw(4) as usize]),
            3 => objects(&[("a", draw(9) as f64), ("b", 2.0)]),
            _ => measured(draw(12) as f64),
        };
        let unknown = matches!(reading, Reading::Failed(_) | Reading::NoData);
        let said = judge.take(&Sample {
            at: Moment(at),
            ..sample(0, reading)
        });
        let looked = judge.look(Moment(at + draw(60_000)));
        for verdict in said.iter().chain(&looked) {
            assert!(verdict.since <= verdict.at && !verdict.because.is_empty());
        }
        if unknown {
            assert_ne!(said.map(|v| v.level), PASS);
        }
    }
    assert!(
        judge
            .look(Moment(at) + Duration::from_secs(3_600))
            .is_some()
    );
}
