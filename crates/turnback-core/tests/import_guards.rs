//! Alert files become guards that a plan can have, and nothing of them is dropped.

use turnback_core::guard::{Guard, Probe};
use turnback_core::import_guards::{Imported, import_guards};
use turnback_core::plan::{PlanSource, parse};

/// Imports a file, and reads what came of it as a plan does.
fn import(text: &str) -> (Imported, Vec<Guard>) {
    let imported =
        import_guards(&[("alerts.yml", text)]).unwrap_or_else(|found| panic!("{found:#?}"));
    let plan = format!(
        "version: 1\nname: p\ntarget: postgres://h/d\nphases: [{{ id: a, operations: [{{ sql: {{ up: x, down: y }} }}] }}]\n{}",
        imported.yaml
    );
    let parsed = parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &plan,
        env: &|_| Some("http://localhost:9090".to_owned()),
        read_file: &|_| Err("no files here".to_owned()),
        target_override: None,
    });
    let guards = parsed
        .unwrap_or_else(|found| panic!("{found:#?}\n{plan}"))
        .plan
        .guards;
    assert_eq!(guards.len(), imported.guards);
    (imported, guards)
}

fn query(guard: &Guard) -> &str {
    match &guard.probe {
        Probe::Prometheus { query, .. } | Probe::Sql(query) => query,
        other => panic!("{other:?}"),
    }
}

#[test]
fn prometheus_rules_become_guards() {
    let (imported, guards) = import(
        r#"
groups:
  - name: api
    interval: 30s
    rules:
      - record: job:errors:rate5m
        expr: sum by (job) (rate(errors_total[5m]))
      - alert: HighErrorRate
        expr: job:errors:rate5m > 0.05
        for: 5m
        keep_firing_for: 10m
        labels: { severity: critical, team: shop }
        annotations:
          summary: "Errors on {{ $labels.job }}"
          runbook_url: https://runbooks.example/errors
      - alert: HighErrorRate
        expr: job:errors:rate5m > 0.01
        for: 5m
        labels: { severity: warning }
      - alert: InstanceDown
        expr: |
          up{job="api"} == 0
            and on (instance) enabled
        labels: { severity: page }
      - alert: DiskFills
        expr: node_filesystem_avail_bytes < 5 * 1024 * 1024 * 1024
        labels: { severity: info }
"#,
    );
    insta::assert_snapshot!(imported.yaml, @r##"
    guards:
      # From alerts.yml
      # Not carried: `job:errors:rate5m` is a recording rule, not an alert: it stays in Prometheus
      #   { record: job:errors:rate5m, expr: sum by (job) (rate(errors_total[5m])) }
      # HighErrorRate of the group api
      # not carried: keep_firing_for: 10m
      # team: shop
      # summary: Errors on {{ $labels.job }}
      # runbook_url: https://runbooks.example/errors
      # HighErrorRate of the group api
      high-error-rate:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: 'job:errors:rate5m'
        warning: '> 0.01'
        critical: '> 0.05'
        for: 10 of 10
        interval: 30s
      # InstanceDown of the group api
      instance-down:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: |-
            count(up{job="api"} == 0
              and on (instance) enabled) or vector(0)
        critical: '> 0'
        for: 1 of 1
        interval: 30s
      # DiskFills of the group api
      # its severity was `info`: it becomes a warning
      disk-fills:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: node_filesystem_avail_bytes
        warning: '< 5368709120'
        for: 1 of 1
        interval: 30s
    "##);
    assert_eq!(guards[0].belief.to_string(), "10 of 10");
    assert_eq!(
        query(&guards[1]),
        "count(up{job=\"api\"} == 0\n  and on (instance) enabled) or vector(0)"
    );
    assert_eq!(guards[1].belief.to_string(), "1 of 1");
    let note = "`job:errors:rate5m` is a recording rule, not an alert: it stays in Prometheus";
    assert_eq!(imported.notes, [note]);
}

#[test]
fn lists_of_alerts_become_guards() {
    let (imported, guards) = import(
        r#"
version: 3
alerts:
  - name: "Authentication failures"
    query: "rate(auth_failures_total[5m]) / rate(auth_attempts_total[5m])"
    threshold: 5%
    severity: critical
    description: Logins fail
  - name: Orphaned messages
    query: SELECT count(*) FROM messages m LEFT JOIN users u ON u.id = m.user_id WHERE u.id IS NULL
    threshold: 0
    operator: ">"
    severity: high
  - name: Slow queries
    query: pg_stat_statements_mean_seconds
    threshold: { warning: 500 ms, critical: 1 second }
    for: 1m
  - name: Sync failures
    query: rate(sync_failures_total[1m]) > 3
    consecutive: 10
    severity: critical
  - name: Vague
    query: x
    threshold: a lot
    severity: warning
  - name: Against the baseline
    query: request_seconds
    threshold: "+50%"
    for: 10s
"#,
    );
    insta::assert_snapshot!(imported.yaml, @r##"
    guards:
      # From alerts.yml
      # Not carried: `version` says nothing that a guard could be made of
      #   version: 3
      # Authentication failures
      # description: Logins fail
      # check `unit`: the numbers of this query are taken for parts of one (0.05 is 5%)
      authentication-failures:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: 'rate(auth_failures_total[5m]) / rate(auth_attempts_total[5m])'
        unit: share
        critical: '> 5%'
      # Orphaned messages
      orphaned-messages:
        sql: 'SELECT count(*) FROM messages m LEFT JOIN users u ON u.id = m.user_id WHERE u.id IS NULL'
        critical: '> 0'
      # Slow queries
      # check `unit`: the numbers of this query are taken for seconds
      slow-queries:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: pg_stat_statements_mean_seconds
        unit: seconds
        warning: '> 500ms'
        critical: '> 1s'
        for: 6 of 6
      # Sync failures
      sync-failures:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: 'rate(sync_failures_total[1m])'
        critical: '> 3'
        for: 10 of 10
      # Not carried: Vague: its threshold `a lot` cannot be read: there is no number in `a lot`
      #   { name: Vague, query: x, threshold: a lot, severity: warning }
      # Against the baseline
      # it had no severity: it becomes a warning
      # `for` is longer than it was: fewer samples cannot be compared with a baseline
      against-the-baseline:
        prometheus:
          url: ${PROMETHEUS_URL}
          query: request_seconds
        warning: '+50%'
    "##);
    assert_eq!(guards.len(), 5);
    assert_eq!(guards[3].belief.to_string(), "10 of 10");
    assert!(imported.notes.iter().any(|note| note.contains("Vague")));
    assert!(imported.notes.iter().any(|note| note.contains("`version`")));
}

#[test]
fn metrics_with_two_values_become_guards_where_turnback_measures_them() {
    let (imported, guards) = import(
        r#"
monitoring:
  thresholds:
    replication_lag: { warning: 500ms, critical: 1000ms }
    connection_pool_usage: { warning: 70%, critical: 90% }
    disk_free: { warning: "< 20GB", critical: "< 5GB" }
    response_time: { warning: 500ms, critical: 1s }
    deadlocks: { critical: 5 }
    cpu: high
"#,
    );
    insta::assert_snapshot!(imported.yaml, @r##"
    guards:
      # From alerts.yml
      # replication_lag
      # check `probe`: taken for turnback's own replication_lag
      replication-lag:
        probe: replication_lag
        warning: '> 500ms'
        critical: '> 1000ms'
      # connection_pool_usage
      # check `probe`: taken for turnback's own connections
      connection-pool-usage:
        probe: connections
        warning: '> 70%'
        critical: '> 90%'
      # disk_free
      # check `probe`: taken for turnback's own disk_free
      disk-free:
        probe: disk_free
        warning: '< 20GB'
        critical: '< 5GB'
      # Not carried: response_time: there is no query, and no built-in probe of that name; give it a probe: `sql:`, `prometheus:`, `http:`, …
      #   response_time: { warning: 500ms, critical: 1s }
      # Not carried: deadlocks: its threshold does not fit the built-in probe of that name; give it a probe: `sql:`, `prometheus:`, `http:`, …
      #   deadlocks: { critical: 5 }
      # Not carried: `cpu` says nothing that a guard could be made of
      #   cpu: high
    "##);
    assert_eq!(guards.len(), 3);
}

#[test]
fn the_same_name_twice_is_two_guards() {
    let (_, guards) = import(
        "- { name: A B, query: x, threshold: 1, severity: critical }\n- { name: a-b, query: y, threshold: 1, severity: critical }\n- { name: 99 %, query: z, threshold: 1 }\n",
    );
    let names: Vec<&str> = guards.iter().map(|guard| guard.name.as_str()).collect();
    assert_eq!(names, ["a-b", "a-b-2", "alert-99"]);
}

#[test]
fn a_file_without_alerts_is_all_comments() {
    let (imported, guards) = import("name: nothing\nlist: [1, 2]\n");
    assert!(guards.is_empty());
    assert!(
        imported.yaml.contains("#   name: nothing") && imported.yaml.contains("#   list: [1, 2]"),
        "{}",
        imported.yaml
    );
}

#[test]
fn a_file_that_is_no_yaml_is_told_where() {
    let (index, found) = import_guards(&[("a", "a: 1"), ("b", "a: [")]).expect_err("no YAML");
    assert_eq!((index, found[0].code), (1, "syntax"));
}

#[test]
fn strange_texts_never_break_the_plan() {
    for title in [
        "#",
        "a: b",
        "'",
        "\\\"",
        "x\\ny",
        "{{ $labels.x }}",
        "ü",
        "null",
        "- a",
    ] {
        for query in [
            "a > 1",
            "a{b=\\\"#\\\"} > 1",
            "'",
            "SELECT 1 -- x\\nFROM y",
            " a\\n > 1",
            "a\\u2028b",
            "x\\t\\n y",
        ] {
            let text = format!(
                "alerts: [{{ name: \"{title}\", query: \"{query}\", threshold: 1, note: \"{query}\", also: {{ \"{title}\": 1 }} }}]"
            );
            let (_, guards) = import(&text);
            assert_eq!(guards.len(), 1, "{text}");
        }
    }
}
