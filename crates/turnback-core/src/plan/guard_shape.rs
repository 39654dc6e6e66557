//! The shape of `guards:`, as data.

use super::request;
use super::shape::{Shape, Value, key};
use crate::guard::{BuiltIn, Unit};

pub(super) static GUARD: Shape = Shape {
    what: "a guard",
    about: "A guard: what is measured, from which value on it warns, and how many samples it takes to believe that. Exactly one of `probe`, `sql`, `prometheus`, `http`, `command` and `alertmanager`.",
    keys: &[
        key(
            "probe",
            false,
            Value::Choice {
                words: &BuiltIn::NAMES,
                default: None,
            },
            "A probe that needs no query.",
        ),
        key(
            "sql",
            false,
            Value::Sql,
            "A query on the target, in a read-only transaction: one number, or rows of an object's name and its number.",
        ),
        key(
            "prometheus",
            false,
            Value::Map(&PROMETHEUS),
            "An instant query to a Prometheus server.",
        ),
        key(
            "http",
            false,
            Value::Map(&HTTP),
            "A request, and what of its answer is measured.",
        ),
        key(
            "command",
            false,
            Value::Map(&COMMAND),
            "A command: its exit code, or the number that it prints.",
        ),
        key(
            "alertmanager",
            false,
            Value::Map(&ALERTMANAGER),
            "How many alerts are firing at an Alertmanager.",
        ),
        key(
            "unit",
            false,
            Value::Choice {
                words: &Unit::NAMES,
                default: Some("number"),
            },
            "What the numbers of the probe are. Only where turnback cannot know: `sql`, `prometheus`, `http` with `json`, `command` with `measure: number`.",
        ),
        key(
            "warning",
            false,
            Value::Threshold,
            "Beyond this it warns: `> 500ms`, `80%`, `< 5GB`, `5/hour`; or from the baseline: `+20%`, `-10%`, `x1.5`.",
        ),
        key(
            "critical",
            false,
            Value::Threshold,
            "Beyond this it is critical.",
        ),
        key(
            "for",
            false,
            Value::Belief,
            "How many of the last samples must be beyond a threshold to believe it: `3 of 5`; of probes that count broken rows and constraints, `1 of 1`.",
        ),
        key(
            "interval",
            false,
            Value::Duration {
                least: "100ms",
                most: "1d",
                default: Some("10s"),
            },
            "Time from one sample to the next.",
        ),
        key(
            "initial_delay",
            false,
            Value::Duration {
                least: "0s",
                most: "1d",
                default: Some("0s"),
            },
            "Time from the beginning of the watch to the first sample.",
        ),
        key(
            "timeout",
            false,
            Value::Duration {
                least: "10ms",
                most: "10m",
                default: Some("5s"),
            },
            "How long the probe may take; no longer than the interval.",
        ),
        key(
            "baseline",
            false,
            Value::Duration {
                least: "1s",
                most: "7d",
                default: None,
            },
            "How long the baseline is taken for, before a phase. By default 15 minutes, and 90 intervals at least.",
        ),
        key(
            "phases",
            false,
            Value::PhaseIds,
            "Phases that it watches. By default all.",
        ),
        key(
            "of",
            false,
            Value::Choice {
                words: &["everybody", "canary"],
                default: Some("everybody"),
            },
            "Whose measurements these are: everybody's, or those of the canary's clients, of which changes are counted from the rest. Then `{group}` stands in the probe for the group.",
        ),
    ],
};

pub(super) static PROMETHEUS: Shape = Shape {
    what: "a prometheus probe",
    about: "An instant query to a Prometheus server.",
    keys: &[
        key(
            "url",
            true,
            Value::Url,
            "The server. `${NAME}` stands for an environment variable.",
        ),
        key("query", true, Value::Text, "The query, in PromQL."),
    ],
};

pub(super) static HTTP: Shape = Shape {
    what: "an http probe",
    about: "A request, and what of its answer is measured.",
    keys: &[
        request::URL,
        request::HEADERS,
        key(
            "measure",
            false,
            Value::Choice {
                words: &["failure", "latency"],
                default: Some("failure"),
            },
            "failure: 0 where the status is 2xx, 1 otherwise; latency: the time until the whole answer was there.",
        ),
        key(
            "json",
            false,
            Value::Pointer,
            "Measure the number at this place of the answer (a JSON pointer, such as /queue/length) instead.",
        ),
    ],
};

pub(super) static COMMAND: Shape = Shape {
    what: "a command probe",
    about: "A command: its exit code, or the number that it prints.",
    keys: &[
        key(
            "run",
            true,
            Value::Texts,
            "Program and arguments. No shell; it has the environment of turnback.",
        ),
        key(
            "measure",
            false,
            Value::Choice {
                words: &["exit_code", "number"],
                default: Some("exit_code"),
            },
            "Its exit code, or the number that it prints.",
        ),
    ],
};

pub(super) static ALERTMANAGER: Shape = Shape {
    what: "an alertmanager probe",
    about: "How many alerts are firing at an Alertmanager.",
    keys: &[
        key(
            "url",
            true,
            Value::Url,
            "The server. `${NAME}` stands for an environment variable.",
        ),
        key(
            "labels",
            false,
            Value::NamedTexts,
            "Labels that the alerts must have. By default all alerts count.",
        ),
    ],
};
