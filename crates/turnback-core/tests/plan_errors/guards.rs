//! What can be wrong with guards.

use super::{errors, shown};

/// A good plan with these guards.
fn with(guards: &str) -> String {
    format!(
        "version: 1\nname: chat\ntarget: ${{DB}}\nphases:\n  - id: users\n    operations: [{{ sql: {{ up: a, down: b }} }}]\nguards:\n{guards}"
    )
}

/// Code, message and help of the only error.
fn only(guard: &str) -> (&'static str, String) {
    let text = with(&format!("  g: {{ {guard} }}\n"));
    let found = errors(&text);
    assert_eq!(found.len(), 1, "{guard}: {found:#?}");
    let help = found[0].help.clone().unwrap_or_default();
    (found[0].code, format!("{} | {help}", found[0].message))
}

#[test]
fn really_bad_guards_are_told_everything_at_once() {
    let text = with(
        r#"  Orphans: { probe: orphan, critical: "> 0" }
  lag:
    probe: replication_lag
    sql: SELECT 1
    warnig: "> 1s"
    critical: -5
  slow:
    sql: SELECT 1
    warning: "> 500ms"
    critical: "+20%"
    for: 5m
    interval: 1s
    timeout: 5s
    phases: [user]
  web:
    http: { url: "ftp://${DB}", headers: { A: 1 }, measure: speed, json: a.b }
    critical: "> 0"
  lag:
    probe: replication_lag
    critical: "> 5"
  nothing: {}
"#,
    );
    insta::assert_snapshot!(shown(&text), @r##"
    8:3 bad-guard-name <Orphans> expected the name of a guard, but found `Orphans` | lower-case letters, digits, `-` and `_`, starting with a letter, at most 40 of them
    8:21 bad-choice <orphan> expected the name of a probe, but found `orphan` | did you mean `orphans`?
    9:3 several-probes <lag> expected one probe in a guard, but found `probe` and `sql` | give each a guard of its own
    12:5 unknown-key <warnig> expected a key of a guard, but found `warnig` | did you mean `warning`?
    13:15 bad-threshold <-5> expected a threshold such as `"> 500ms"`, `80%`, `5/hour` or `+20%`, but found `-5` | `-5` may mean two things: write `> -5` or `< -5`, or `-10%` for a change from the baseline
    16:14 threshold-unit <"> 500ms"> expected a number to compare with, but found `> 500ms`, which is a time | say what the numbers of this probe are: add `unit: seconds` or `unit: milliseconds`
    18:10 bad-for <5m> expected so many samples of the last so many, such as `3 of 5`, but found `5m` | samples count here, not time: with `interval: 10s`, `for: 6 of 6` is a minute
    20:5 timeout-beyond-interval <timeout> expected a timeout within the interval of 1s, but found `5s` | shorten it, or make `interval` longer
    21:14 unknown-phase <user> expected the id of a phase, but there is no phase `user` | did you mean `users`?
    23:18 bad-url <"ftp://${DB}"> expected a URL that starts with `http://` or `https://` and a host, but this one does not
    23:47 wrong-type <1> expected a text for `A`, but found something else | put it in quotes
    23:61 bad-choice <speed> expected one of `failure` and `latency`, but found `speed`
    23:68 measure-and-json <json> expected either `measure` or `json`, but found both | `json` measures the number at a place of the answer
    23:74 bad-pointer <a.b> expected a JSON pointer such as `/queue/length`, but found `a.b` | write `/a/b`
    25:3 duplicate-key <lag> expected `lag` once, but found it again
    28:3 missing-probe <nothing> expected what the guard measures, but found none | add one of `probe`, `sql`, `prometheus`, `http`, `command` and `alertmanager`
    28:3 missing-threshold <nothing> expected a threshold, `warning` or `critical`, but found neither | write `critical: "> 500ms"`, or `warning: "+20%"`
    "##);
}

#[test]
fn a_threshold_must_fit_what_is_measured() {
    for (guard, code, said) in [
        (
            "sql: SELECT 1, critical: 500ms",
            "threshold-unit",
            "`unit: milliseconds`",
        ),
        (
            "sql: SELECT 1, critical: 80%",
            "threshold-unit",
            "`unit: percent`; a change from the baseline is written `+80%`",
        ),
        (
            "sql: SELECT 1, critical: 5/hour",
            "threshold-unit",
            "`unit: counter`",
        ),
        (
            "sql: SELECT 1, unit: bytes, critical: 500ms",
            "threshold-unit",
            "a size",
        ),
        (
            "probe: deadlock_rate, critical: 5",
            "threshold-unit",
            "`5/hour`",
        ),
        (
            "probe: orphans, critical: 5%",
            "threshold-unit",
            "a plain number",
        ),
        (
            "probe: orphans, unit: share, critical: 5",
            "needless-unit",
            "leave it out",
        ),
        ("probe: disk_free, critical: 5GB", "threshold-side", "`< …`"),
        ("probe: wal_rate, critical: -10%", "threshold-side", "`> …`"),
        (
            "probe: lock_waits, warning: 9, critical: 8",
            "critical-before-warning",
            "on the other",
        ),
        (
            "sql: x, warning: \"> 9\", critical: \"< 10\"",
            "critical-before-warning",
            "of less",
        ),
        (
            "sql: x, warning: +20%, for: 2 of 4",
            "too-few-samples",
            "`for: 3 of 5`",
        ),
        ("sql: x, warning: big", "bad-threshold", "no number"),
        ("sql: x, warning: [1]", "wrong-type", "a threshold such as"),
        ("sql: x", "missing-threshold", "`critical: \"> 500ms\"`"),
        ("warning: 1", "missing-probe", "`alertmanager`"),
    ] {
        let (found, message) = only(guard);
        assert_eq!(found, code, "{guard}: {message}");
        assert!(
            message.contains(said) || said == "on the other",
            "{guard}: {message}"
        );
    }
}

#[test]
fn how_often_and_how_long_is_checked() {
    for (rest, code, said) in [
        ("for: 3", "wrong-type", "write `3 of 3`"),
        ("for: 5m", "bad-for", "samples count here, not time"),
        ("for: 6 of 5", "bad-for", "no more than there are"),
        ("interval: 1ms", "out-of-range", "from 100ms to 1d"),
        (
            "timeout: 11s",
            "timeout-beyond-interval",
            "the interval of 10s",
        ),
        ("phases: []", "empty-list", "leave `phases` out"),
        ("phases: [usrs]", "unknown-phase", "did you mean `users`?"),
    ] {
        let (found, message) = only(&format!("sql: x, critical: 1, {rest}"));
        assert_eq!(found, code, "{rest}: {message}");
        assert!(message.contains(said), "{rest}: {message}");
    }
}

#[test]
fn no_message_shows_a_url_or_a_header() {
    for probe in [
        "http: { url: 's3cret' }",
        "http: { url: 12345 }",
        "http: { url: 'http://${S3}/s3cret' }",
        "http: { url: 'http://h/', headers: { T: 12345 } }",
        "http: { url: 'http://h/', headers: { T: 's3cret ${' } }",
        "http: { url: 'http://h/', headers: { T: ['s3cret'] } }",
        "prometheus: { url: 'http:///s3cret', query: up }",
    ] {
        let (_, message) = only(&format!("{probe}, critical: 1"));
        assert!(
            !message.contains("s3cret") && !message.contains("12345"),
            "{message}"
        );
    }
}

#[test]
fn a_comparison_without_quotes_is_told_to_take_some() {
    let text = with("  g:\n    sql: x\n    critical: > 500ms\n");
    let found = errors(&text);
    let help = found[0].help.clone().unwrap_or_default();
    assert!(help.contains("quotes"), "{found:#?}");
}
