//! Guards that are right, and what is read from them.

use std::time::Duration;

use turnback_core::guard::{Belief, BuiltIn, Expected, Guard, Probe, Unit};
use turnback_core::plan::{ParsedPlan, PlanSource, parse};

fn read(guards: &str) -> ParsedPlan {
    let text = format!(
        "version: 1\nname: chat\ntarget: postgres://db/chat\nphases:\n  - id: users\n    operations: [{{ sql: {{ up: a, down: b }} }}]\nguards:\n{guards}"
    );
    parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &text,
        env: &|name| (name == "TOKEN").then(|| "s3cret".to_owned()),
        read_file: &|path| Ok(format!("SELECT '{path}'")),
        target_override: None,
    })
    .unwrap_or_else(|found| panic!("{found:#?}"))
}

fn one(guard: &str) -> Guard {
    let mut guards = read(&format!("  g: {{ {guard} }}\n")).plan.guards;
    assert_eq!(guards.len(), 1);
    guards.remove(0)
}

#[test]
fn a_small_guard_gets_the_documented_defaults() {
    let guard = one("sql: SELECT 1, critical: 5");
    assert_eq!(guard.probe, Probe::Sql("SELECT 1".to_owned()));
    assert_eq!(guard.unit, Unit::Number);
    assert_eq!(guard.belief, Belief { beyond: 3, of: 5 });
    assert_eq!(guard.interval, Duration::from_secs(10));
    assert_eq!(guard.initial_delay, Duration::ZERO);
    assert_eq!(guard.timeout, Duration::from_secs(5));
    assert_eq!(guard.baseline, Duration::from_secs(900));
    assert_eq!((guard.phases.as_ref(), guard.warning), (None, None));
    assert!(guard.watches("users") && !guard.is_relative());
    let slow = one("sql: SELECT 1, critical: +50%, interval: 1m");
    assert_eq!(slow.baseline, Duration::from_secs(5_400));
    let fast = one("sql: SELECT 1, critical: 5, interval: 1s");
    assert_eq!(fast.timeout, Duration::from_secs(1));
}

#[test]
fn what_counts_broken_rows_is_believed_at_once() {
    let guard = one("probe: orphans, critical: \"> 0\"");
    assert_eq!(guard.probe, Probe::BuiltIn(BuiltIn::Orphans));
    assert_eq!(guard.belief, Belief { beyond: 1, of: 1 });
    assert_eq!(one("probe: lock_waits, critical: 9").belief.of, 5);
}

#[test]
fn guards_keep_the_order_and_the_places_of_the_file() {
    let parsed =
        read("  b: { probe: orphans, critical: 0 }\n  a: { probe: lock_waits, critical: 9 }\n");
    let names: Vec<&str> = parsed.plan.guards.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["b", "a"]);
    assert_eq!(
        (
            parsed.spans.guards["a"].line,
            parsed.spans.guards["a"].column
        ),
        (9, 3)
    );
    assert!(parsed.plan.guard("a").is_some() && parsed.plan.guard("c").is_none());
    assert!(read("  {}\n").plan.guards.is_empty());
}

#[test]
fn every_probe_is_read_and_its_unit_known() {
    let http = one(
        "http: { url: 'https://h/${TOKEN}', headers: { Authorization: 'Bearer ${TOKEN}' }, measure: latency }, critical: 1s",
    );
    let Probe::Http(probe) = &http.probe else {
        panic!("{:?}", http.probe);
    };
    assert_eq!(probe.expected, Expected::Latency);
    assert_eq!(probe.url.expose_secret(), "https://h/s3cret");
    assert_eq!(
        probe.headers["Authorization"].expose_secret(),
        "Bearer s3cret"
    );
    assert_eq!(http.unit, Unit::Seconds);
    assert!(!format!("{http:?}").contains("s3cret"), "{http:?}");
    let json = one("http: { url: 'http://h/', json: /queue/length }, critical: 1");
    assert!(
        matches!(&json.probe, Probe::Http(p) if p.expected == Expected::Json("/queue/length".to_owned()))
    );
    let command = one("command: { run: [./c, -q], measure: number }, unit: percent, critical: 5%");
    assert_eq!(command.unit, Unit::Percent);
    assert!(matches!(&command.probe, Probe::Command { run, number: true } if run.len() == 2));
    let code = one("command: { run: [./c] }, critical: 0");
    assert!(matches!(&code.probe, Probe::Command { number: false, .. }));
    let alerts = one("alertmanager: { url: 'http://am:9093', labels: { team: db } }, critical: 0");
    assert!(matches!(&alerts.probe, Probe::Alertmanager { labels, .. } if labels["team"] == "db"));
    let query = one("prometheus: { url: 'http://p', query: 'up{a=\"b\"}' }, critical: '< 1'");
    assert!(matches!(&query.probe, Probe::Prometheus { query, .. } if query == "up{a=\"b\"}"));
    let file = one("sql: { file: g.sql }, critical: 0");
    assert_eq!(file.probe, Probe::Sql("SELECT 'g.sql'".to_owned()));
}
