//! `canary:` of a phase, and guards of it.

use std::time::Duration;

use turnback_core::canary::{Share, Side, of_side};
use turnback_core::decision::Otherwise;
use turnback_core::diagnostic::Diagnostic;
use turnback_core::guard::{Of, Probe};
use turnback_core::plan::{ParsedPlan, PlanSource, parse};

const COMPARE: &str = "compare: { by: application_name, canary: app-new, rest: app-old }";
const GUARD: &str =
    "guards: { slow: { of: canary, probe: longest_transaction, critical: '> 5s' } }";

fn read(text: &str) -> Result<ParsedPlan, Vec<Diagnostic>> {
    parse(&PlanSource {
        file_name: "turnback.yaml",
        text,
        env: &|_| None,
        read_file: &|path| Err(format!("{path} is not there")),
        target_override: None,
    })
}

fn with(canary: &str, rest: &str) -> String {
    format!(
        "version: 1\nname: chat\ntarget: postgres://db/chat\nphases:\n  - id: users\n    operations: [{{ convert_key: {{ table: users, to: uuid }} }}]\n    canary: {canary}\n{rest}\n"
    )
}

/// What is wrong: line and column, code and text.
fn wrong(canary: &str, rest: &str) -> Vec<String> {
    let text = with(canary, rest);
    let found = read(&text).expect_err(&text);
    let place = |found: &Diagnostic| format!("{}:{}", found.span.line, found.span.column);
    found
        .iter()
        .map(|one| format!("{} {} {}", place(one), one.code, one.message))
        .collect()
}

fn only(canary: &str, rest: &str) -> String {
    let found = wrong(canary, rest);
    assert_eq!(found.len(), 1, "{found:#?}");
    found[0].clone()
}

#[test]
fn a_canary_is_read_with_its_steps_and_its_questions() {
    let text = with(
        &format!(
            "{{ flag: users-uuid, {COMPARE}, hold: 5m, steps: [1%, 12.5%, {{ share: 50%, hold: 1h, ask: true, deadline: 30m, otherwise: rollback, who: [on-call] }}, 100%] }}"
        ),
        GUARD,
    );
    let plan = read(&text).expect("the plan is right").plan;
    let canary = plan.phases[0].canary.as_ref().expect("it is read");
    assert_eq!(canary.flag, "users-uuid");
    let shares: Vec<u16> = canary.steps.iter().map(|s| s.share.in_tenths()).collect();
    assert_eq!(shares, [10, 125, 500, 1_000]);
    let minutes: Vec<u64> = canary.steps.iter().map(|s| s.hold.as_secs() / 60).collect();
    assert_eq!(minutes, [5, 5, 60, 5]);
    assert_eq!(canary.least(), Duration::from_secs(75 * 60));
    let asks: Vec<bool> = canary.steps.iter().map(|s| s.ask.is_some()).collect();
    assert_eq!(asks, [false, false, true, false]);
    let ask = canary.steps[2].ask.as_ref().expect("it asks");
    assert_eq!(ask.deadline, Duration::from_secs(1_800));
    assert_eq!((ask.otherwise, ask.who.len()), (Otherwise::Rollback, 1));
    assert_eq!(plan.guards[0].of, Of::Canary);
}

#[test]
fn a_step_holds_for_ten_minutes_and_a_question_ends_in_holding_where_nothing_is_said() {
    let canary =
        format!("{{ flag: f, {COMPARE}, steps: [{{ share: 50%, ask: true, deadline: 30m }}] }}");
    let plan = read(&with(&canary, GUARD)).expect("the plan is right").plan;
    let step = &plan.phases[0].canary.as_ref().expect("it is read").steps[0];
    assert_eq!(step.hold, Duration::from_secs(600));
    let canary = plan.phases[0].canary.as_ref();
    assert_eq!(canary.map(|canary| canary.drain.as_secs()), Some(10));
    let otherwise = step.ask.as_ref().map(|ask| ask.otherwise);
    assert_eq!(otherwise, Some(Otherwise::Hold));
}

#[test]
fn shares_must_grow_and_be_some_users() {
    let steps = |steps: &str| only(&format!("{{ flag: f, {COMPARE}, steps: {steps} }}"), GUARD);
    assert_eq!(
        steps("[10%, 5%]"),
        "7:104 shares-must-grow expected a share beyond that of the step before, 10%, but found 5%"
    );
    assert!(steps("[10%, 10%]").contains("shares-must-grow"));
    assert!(steps("[0%, 10%]").contains("bad-share expected a share above 0%"));
    assert!(steps("[101%]").contains("bad-share"));
    assert!(steps("[0.05%]").contains("bad-share"));
    assert!(steps("[10]").contains("wrong-type"));
    assert!(steps("[]").contains("empty-list"));
}

#[test]
fn a_canary_that_nobody_compares_says_so() {
    let canary = format!("{{ flag: f, {COMPARE}, steps: [10%] }}");
    let found = only(&canary, "");
    assert!(
        found.starts_with("7:5 nothing-compared expected a guard that compares the canary"),
        "{found}"
    );
    let other = "guards: { slow: { probe: longest_transaction, critical: '> 5s' } }";
    assert!(only(&canary, other).contains("nothing-compared"));
}

#[test]
fn a_first_step_of_everybody_leaves_nothing_to_compare_with() {
    let canary = format!("{{ flag: f, {COMPARE}, steps: [100%] }}");
    let changes = "guards: { slow: { of: canary, probe: longest_transaction, critical: x2 } }";
    assert!(only(&canary, changes).contains("no-rest"));
    assert!(
        read(&with(&canary, GUARD)).is_ok(),
        "limits of their own will do"
    );
}

#[test]
fn groups_must_be_told_apart_by_what_a_probe_can_see() {
    let canary = "{ flag: f, compare: { by: label, canary: v2, rest: v1 }, steps: [10%] }";
    assert!(only(canary, GUARD).contains("label-of-sessions"));
    let same = "{ flag: f, compare: { by: role, canary: app, rest: app }, steps: [10%] }";
    assert!(wrong(same, GUARD)[0].contains("one-group"));
    let canary = format!("{{ flag: f, {COMPARE}, steps: [10%] }}");
    for (guard, code) in [
        ("probe: rollback_rate, critical: 80%", "no-group"),
        ("probe: connections, critical: +20%", "uneven-groups"),
        ("sql: SELECT 1, critical: '> 5'", "no-group"),
        ("probe: lock_waits, critical: +20%", "uneven-groups"),
        (
            r#"sql: "SELECT 1 WHERE app = '{group}'", critical: "> 5""#,
            "quoted-group",
        ),
    ] {
        let guards = format!("guards: {{ g: {{ of: canary, {guard} }} }}");
        assert!(only(&canary, &guards).contains(code), "{guard}");
    }
}

#[test]
fn statements_are_told_apart_by_role_alone() {
    let guard = "guards: { slow: { of: canary, probe: statement_time, critical: x2 } }";
    for (by, code) in [
        ("application_name", Some("role-of-statements")),
        ("label", Some("role-of-statements")),
        ("role", None),
    ] {
        let canary =
            format!("{{ flag: f, compare: {{ by: {by}, canary: v2, rest: v1 }}, steps: [10%] }}");
        match code {
            Some(code) => assert!(only(&canary, guard).contains(code), "{by}"),
            None => assert!(read(&with(&canary, guard)).is_ok(), "{by}"),
        }
    }
}

#[test]
fn a_guard_of_a_canary_needs_a_canary() {
    let text = with(&format!("{{ flag: f, {COMPARE}, steps: [10%] }}"), GUARD);
    let without: String = text
        .lines()
        .filter(|line| !line.contains("canary: {"))
        .map(|line| format!("{line}\n"))
        .collect();
    let without = format!("{without}{GUARD}\n");
    let found = read(&without).expect_err("there is no canary");
    assert_eq!(found[0].code, "no-canary", "{found:#?}");
}

#[test]
fn sql_of_ones_own_has_no_canary() {
    let canary = format!("{{ flag: f, {COMPARE}, steps: [10%] }}");
    let text = with(&canary, GUARD).replace(
        "{ convert_key: { table: users, to: uuid } }",
        "{ sql: { up: a, down: b } }",
    );
    let found = read(&text).expect_err("it has one shape");
    assert_eq!(found[0].code, "canary-of-sql", "{found:#?}");
}

#[test]
fn a_row_of_the_decisions_may_be_about_every_guard_of_the_canary() {
    let canary = format!("{{ flag: f, {COMPARE}, steps: [10%] }}");
    let rest = |when: &str| format!("{GUARD}\ndecisions: [{{ when: {{ {when} }}, do: rollback }}]");
    let plan = read(&with(&canary, &rest("of: canary"))).expect("it is right");
    assert_eq!(plan.plan.decisions.rows[0].when.guards, ["slow"]);
    assert!(only(&canary, &rest("of: canary, guard: slow")).contains("guard-and-of"));
}

#[test]
fn what_is_measured_of_a_group_names_it_as_its_language_does() {
    let canary = "{ flag: f, compare: { by: label, canary: it's, rest: v 1 }, steps: [10%] }";
    let guards = r#"guards:
  sql: { of: canary, sql: "SELECT avg(ms) FROM requests WHERE app = {group}", critical: +20% }
  prom: { of: canary, prometheus: { url: "http://p", query: "rate(errors{app={group}}[1m])" }, critical: x2 }
  web: { of: canary, http: { url: "http://a/?app={group}", json: /ms }, critical: x2 }
  run: { of: canary, command: { run: [ask, "{group}"], measure: number }, critical: x2 }"#;
    let plan = read(&with(canary, guards)).expect("it is right").plan;
    let compare = &plan.phases[0].canary.as_ref().expect("it is read").compare;
    let of = |at: usize, side| of_side(&plan.guards[at], compare, side);
    let shown = |at, side| match of(at, side).probe {
        Probe::Sql(sql) => sql,
        Probe::Prometheus { query, .. } => query,
        Probe::Http(http) => http.url.expose_secret().to_owned(),
        Probe::Command { run, .. } => run.join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        shown(0, Side::Canary),
        "SELECT avg(ms) FROM requests WHERE app = 'it''s'"
    );
    assert_eq!(shown(1, Side::Rest), r#"rate(errors{app="v 1"}[1m])"#);
    assert_eq!(shown(2, Side::Rest), "http://a/?app=v%201");
    assert_eq!(shown(3, Side::Canary), "ask it's");
    assert_eq!(of(0, Side::Canary).name, "sql");
    assert_eq!(of(0, Side::Rest).name, "sql@rest");
    assert_eq!(Side::of_sample("sql@rest"), ("sql", Side::Rest));
    assert_eq!(Share::NONE.to_string(), "0%");
}
