//! The JSON schema and the reader agree.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use turnback_core::plan::{PlanSource, json_schema, parse};

/// A plan that uses every key there is.
fn everything() -> Value {
    json!({
        "version": 1,
        "name": "chat-uuid",
        "target": "postgres://localhost/chat",
        "schema": "public",
        "settings": {
            "lock_timeout": "100ms", "lock_attempts": 60, "workers": 2, "batch_time": "200ms",
            "answer_timeout": "30s", "way_back_cancels_after": "500ms", "vacuum_after": 20, "max_lag": "10s", "max_wal_rate": "20MB",
            "max_archive_lag": "2GB", "max_retained_wal": "10GB", "max_lock_waits": 10,
            "min_free_disk": "1GB", "pause_when": "SELECT false", "ignore_standbys": ["late"]
        },
        "objectives": {
            "confirm": "1m", "end_canary": "1m", "maintenance_on": "1m", "tell": "1m", "snapshot": "1m",
            "stop_services": "1m", "database": "1m", "restore_application": "1m",
            "start_services": "1m", "drop_new_shape": "1m", "validate": "1m",
            "maintenance_off": "1m", "total": "1m"
        },
        "backups": {
            "directory": "backups", "jobs": 2, "keep": 3, "require": "contract", "max_age": "1d",
            "copy_to": "postgres://localhost/copies",
            "pgbackrest": { "stanza": "main", "config": "pgbackrest.conf", "options": ["--repo=2"] }
        },
        "phases": [
            {
                "id": "users",
                "operations": [
                    { "convert_key": {
                        "table": "users", "column": "id", "to": "uuid",
                        "generate": "v7", "v7_from": "created_at",
                        "recreate": [
                            { "policy": "own", "on": "users", "sql": "CREATE POLICY own ON users" },
                            { "materialized_view": "report.m", "sql": { "file": "m.sql" } }
                        ]
                    } }
                ],
                "canary": {
                    "flag": "users-uuid",
                    "compare": { "by": "application_name", "canary": "chat-v2", "rest": "chat-v1" },
                    "steps": ["0.1%", { "share": "50%", "ask": true, "deadline": "30m", "otherwise": "hold", "who": ["lead"], "hold": "5m" }],
                    "hold": "10m", "drain": "30s"
                },
                "bake": "1h30m"
            },
            {
                "id": "retention",
                "after": ["users"],
                "operations": [
                    { "sql": {
                        "up": { "file": "up.sql" }, "down": "DROP TABLE a",
                        "verify": "SELECT true", "irreversible": false, "transaction": true
                    } },
                    { "sql": { "up": "DELETE FROM a", "irreversible": true } }
                ]
            }
        ],
        "risks": [{
            "risk": "queries get slower", "probability": 3, "impact": 5, "phases": ["users"],
            "guards": "orphans", "mitigation": "cut over at night", "owner": "dba"
        }],
        "guards": {
            "orphans": { "probe": "orphans", "critical": "> 0" },
            "stuck": { "of": "canary", "probe": "longest_transaction", "critical": "> 30s" },
            "slow": {
                "sql": "SELECT 1", "unit": "milliseconds", "warning": "+20%", "critical": "x1.5",
                "for": "6 of 10", "interval": "15s", "initial_delay": "1m", "timeout": "3s",
                "baseline": "10m", "phases": ["users"]
            },
            "errors": {
                "prometheus": { "url": "http://localhost:9090", "query": "up" },
                "critical": 5
            },
            "login": {
                "http": {
                    "url": "https://shop.example/", "headers": { "Accept": "*/*" },
                    "measure": "latency"
                },
                "critical": ">= 2.5s"
            },
            "queue": {
                "http": { "url": "https://shop.example/", "json": "/queue/length" },
                "warning": "100"
            },
            "script": {
                "command": { "run": ["./check.sh", "-q"], "measure": "number" },
                "unit": "counter", "critical": "5/hour"
            },
            "alerts": {
                "alertmanager": { "url": "http://localhost:9093", "labels": { "team": "db" } },
                "critical": "> 0"
            }
        },
        // Names of the user's are keys of the schema here, so that both have the same ones.
        "notify": {
            "channels": {
                "mail": {
                    "mail": {
                        "host": "mail.example.org", "port": 587, "tls": "starttls",
                        "user": "on-call", "password": "p", "from": "a@b.c", "to": ["d@e.f"]
                    },
                    "subject": "{{ title }}", "text": { "file": "text.j2" }, "timeout": "5s"
                },
                "slack": { "slack": { "url": "https://hooks.example.org/x" } },
                "webhook": {
                    "webhook": {
                        "url": "https://example.org", "method": "PUT", "headers": { "name": "x" },
                        "body": "{{ title|tojson }}", "expect": [200, 204]
                    }
                },
                "pagerduty": { "pagerduty": { "routing_key": "k", "url": "https://example.org" } },
                "alertmanager": {
                    "alertmanager": {
                        "url": "http://localhost:9093", "headers": { "name": "x" },
                        "labels": { "name": "x" }
                    }
                },
                "status_page": { "status_page": { "url": "https://status.example.org" } }
            },
            "rules": [
                {
                    "when": ["before", "during", "issue", "after"], "to": ["mail"],
                    "phases": ["users"], "at_least": "warning", "every": "15m",
                    "escalate": [{ "after": "10m", "to": ["pagerduty"] }]
                }
            ]
        },
        "hooks": [
            {
                "name": "stop", "when": "stop_services", "phases": ["users"],
                "run": ["systemctl", "stop", "api"], "env": { "name": "x" },
                "timeout": "30s", "on_failure": "ask"
            },
            {
                "name": "banner", "when": "maintenance_on",
                "http": {
                    "url": "https://example.org", "method": "DELETE", "headers": { "name": "x" },
                    "body": "on", "expect": [204]
                }
            }
        ],
        "decisions": [
            {
                "when": {
                    "guard": "slow", "level": ["warning", "critical"], "lasting": "5m",
                    "at_once": 1, "phase": "users", "state": ["expanded", "cut_over"]
                },
                "do": "ask", "scope": "previous", "deadline": "15m", "otherwise": "rollback",
                "who": ["lead"]
            },
            { "when": { "level": "critical" }, "do": "rollback", "scope": "users", "disable_flags": true },
            { "do": "fix_forward" }
        ]
    })
}

/// The same with the other way to make backups: a plan has one of the two.
fn everything_else() -> Value {
    let mut plan = everything();
    plan["backups"] = json!({
        "command": { "create": "./create", "restore": "./restore", "remove": "./remove" }
    });
    plan
}

/// Keys below which names are free.
const FREE_NAMES: [&str; 5] = ["guards", "headers", "labels", "channels", "env"];

/// JSON is YAML: what the schema judges, the reader can read.
fn reader_accepts(plan: &Value) -> bool {
    parse(&PlanSource {
        file_name: "turnback.yaml",
        text: &plan.to_string(),
        env: &|_| None,
        read_file: &|_| Ok("SELECT 1".to_owned()),
        target_override: None,
    })
    .is_ok()
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&json_schema()).expect("the schema is a schema")
}

#[test]
fn a_plan_that_uses_every_key_satisfies_both() {
    for plan in [everything(), everything_else()] {
        let complaints: Vec<_> = validator()
            .iter_errors(&plan)
            .map(|e| e.to_string())
            .collect();
        assert!(complaints.is_empty(), "{complaints:?}");
        assert!(reader_accepts(&plan));
    }
}

#[test]
fn the_plan_that_uses_every_key_misses_none_of_the_schema() {
    fn keys_of_schema(schema: &Value, into: &mut BTreeSet<String>) {
        let definitions = schema["$defs"].as_object().expect("there are definitions");
        for object in definitions.values().chain([schema]) {
            assert_eq!(object["additionalProperties"], json!(false), "{object}");
            for (key, property) in object["properties"]
                .as_object()
                .expect("an object has keys")
            {
                assert!(
                    property["description"].is_string(),
                    "{key} has no description"
                );
                into.insert(key.clone());
            }
        }
    }
    fn keys_of(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(key, value)| {
                into.insert(key.clone());
                match value {
                    // What is below these has names of its own.
                    Value::Object(named) if FREE_NAMES.contains(&key.as_str()) => {
                        named.values().for_each(|value| keys_of(value, into));
                    }
                    _ => keys_of(value, into),
                }
            }),
            Value::Array(items) => items.iter().for_each(|item| keys_of(item, into)),
            _ => {}
        }
    }
    let (mut schema, mut plan) = (BTreeSet::new(), BTreeSet::new());
    keys_of_schema(&json_schema(), &mut schema);
    keys_of(&everything(), &mut plan);
    keys_of(&everything_else(), &mut plan);
    assert_eq!(schema, plan);
}

#[test]
fn what_the_schema_can_say_it_says() {
    let bad = [
        ("/version", json!(2)),
        ("/version", json!("1")),
        ("/name", json!("")),
        ("/name", json!(7)),
        ("/settings/workers", json!(0)),
        ("/settings/workers", json!("2")),
        ("/settings/lock_timeout", json!("100")),
        ("/settings/lock_timeout", json!("1s1m")),
        ("/settings/lock_timeout", json!("")),
        ("/settings/max_wal_rate", json!("20 MB")),
        ("/settings/max_wal_rate", json!(20)),
        ("/settings/ignore_standbys", json!("late")),
        ("/settings/ignore_standbys", json!([""])),
        ("/settings/pause_when", json!(" ")),
        ("/settings", json!({ "worker": 2 })),
        ("/phases", json!([])),
        ("/phases/0/id", json!("Users")),
        ("/phases/0/id", json!("a".repeat(41))),
        ("/phases/0/operations", json!([])),
        ("/phases/0/operations/0", json!({})),
        (
            "/phases/0/operations/0",
            json!({ "sql": { "up": "x", "down": "y" }, "convert_key": { "table": "t", "to": "uuid" } }),
        ),
        ("/phases/0/operations/0/convert_key/generate", json!("v4")),
        ("/phases/0/operations/0/convert_key/to", json!("text")),
        ("/phases/1/after", json!("users")),
        ("/phases/1/after", json!(["users", "users"])),
        ("/phases/1/operations/1/sql", json!({ "up": "x" })),
        (
            "/phases/1/operations/1/sql",
            json!({ "up": "x", "irreversible": false }),
        ),
        (
            "/phases/1/operations/1/sql",
            json!({ "up": "x", "down": "y", "irreversible": true }),
        ),
        (
            "/phases/1/operations/1/sql",
            json!({ "up": " ", "down": "y" }),
        ),
        ("/phases/1/operations/1/sql/up", json!({ "path": "up.sql" })),
        (
            "/phases/1/operations/1",
            json!({ "convert_key": { "table": "t", "to": "uuid" } }),
        ),
        ("/guards", json!([])),
        (
            "/guards",
            json!({ "Orphans": { "probe": "orphans", "critical": "> 0" } }),
        ),
        ("/guards/orphans", json!({ "probe": "orphans" })),
        ("/guards/orphans", json!({ "critical": "> 0" })),
        ("/guards/orphans/probe", json!("orphan")),
        ("/guards/orphans/critical", json!("")),
        ("/guards/orphans/critical", json!("> much")),
        ("/guards/orphans/critical", json!(null)),
        (
            "/guards/orphans",
            json!({ "probe": "orphans", "sql": "SELECT 1", "critical": "> 0" }),
        ),
        ("/guards/slow/sql", json!(" ")),
        ("/guards/slow/for", json!("5")),
        ("/guards/slow/for", json!(5)),
        ("/guards/slow/interval", json!(10)),
        ("/guards/slow/phases", json!("users")),
        (
            "/guards/errors/prometheus",
            json!({ "url": "http://localhost:9090" }),
        ),
        (
            "/guards/login/http",
            json!({ "url": "http://h/", "measure": "latency", "json": "/a" }),
        ),
        ("/guards/login/http/headers", json!({ "Accept": 1 })),
        ("/guards/queue/http/json", json!("queue.length")),
        ("/guards/script/command/run", json!("./check.sh")),
        ("/guards/alerts/alertmanager/labels", json!(["db"])),
        ("/notify/channels/slack", json!({})),
        (
            "/notify/channels/slack",
            json!({ "slack": { "url": "http://x" }, "mail": { "host": "h", "from": "a@b", "to": ["a@b"] } }),
        ),
        ("/notify/channels/mail/mail/port", json!(0)),
        ("/notify/channels/mail/mail/to", json!([])),
        (
            "/notify/channels/mail/mail",
            json!({ "host": "h", "from": "a@b", "to": ["a@b"], "user": "on-call" }),
        ),
        ("/notify/channels/webhook/webhook/expect", json!([99])),
        ("/notify/channels/webhook/webhook/method", json!("post")),
        ("/notify/rules", json!([])),
        ("/notify/rules/0/when", json!(["afterwards"])),
        ("/notify/rules/0/when", json!("after")),
        ("/hooks/0", json!({ "name": "x", "when": "snapshot" })),
        ("/hooks/0/run", json!([])),
        ("/hooks/0/when", json!("later")),
        (
            "/hooks/1",
            json!({ "name": "x", "when": "snapshot", "http": { "url": "http://x" }, "env": { "a": "b" } }),
        ),
        ("/decisions", json!([])),
        ("/decisions/0/do", json!("wait")),
        ("/decisions/0/do", json!("rollback")),
        ("/decisions/0/deadline", json!("15")),
        ("/decisions/0/otherwise", json!("ask")),
        ("/decisions/0/when/level", json!("bad")),
        ("/decisions/0/when/level", json!([])),
        ("/decisions/0/when/state", json!(["expanded", "expanded"])),
        ("/decisions/0/when/at_once", json!(0)),
        ("/decisions/1", json!({ "do": "ask", "deadline": "5m" })),
        ("/decisions/1", json!({ "do": "hold", "scope": "all" })),
        ("/decisions/1", json!({ "when": { "level": "error" } })),
    ];
    let validator = validator();
    for (pointer, value) in bad {
        let mut plan = everything();
        *plan.pointer_mut(pointer).expect("the place is there") = value.clone();
        assert!(
            !validator.is_valid(&plan),
            "schema accepts {value} at {pointer}"
        );
        assert!(
            !reader_accepts(&plan),
            "reader accepts {value} at {pointer}"
        );
    }
}

/// All places in a value, as JSON pointers.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                places(value, &format!("{at}/{key}"), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{at}/{index}"), into);
            }
        }
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..70).prop_map(Value::from),
        Just(json!(1.5)),
        "[a-z0-9_ .]{0,6}".prop_map(Value::from),
        "[0-9]{1,3}(d|h|m|s|ms)".prop_map(Value::from),
        prop_oneof![Just("v4"), Just("v7"), Just("uuid"), Just("users")].prop_map(Value::from),
        Just(json!([])),
        Just(json!(["users"])),
        Just(json!({})),
        Just(json!({ "file": "a.sql" })),
        "[0-9]{1,2} of [0-9]{1,2}".prop_map(Value::from),
        "(> ?|>=|< ?|x|[+-])?[0-9]{1,2}(\\.5)?(%|ms|s|GB|/hour|MB/s)?".prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What an editor marks as wrong is wrong: whatever the reader takes, the schema takes.
    #[test]
    fn the_schema_never_refuses_what_the_reader_accepts(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value(), any::<bool>()), 1..3)
    ) {
        let mut plan = everything();
        for (place, value, remove) in changes {
            let mut all = Vec::new();
            places(&plan, "", &mut all);
            let pointer = place.get(&all).clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap_or(("", ""));
            match plan.pointer_mut(parent).and_then(Value::as_object_mut) {
                Some(map) if remove => { map.remove(key); }
                _ => if let Some(there) = plan.pointer_mut(&pointer) { *there = value; }
            }
        }
        if reader_accepts(&plan) {
            let complaints: Vec<_> = validator().iter_errors(&plan).map(|e| e.to_string()).collect();
            prop_assert!(complaints.is_empty(), "{complaints:?}\n{plan}");
        }
    }
}
