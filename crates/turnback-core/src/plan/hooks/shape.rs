//! The shape of `hooks:`, as data.

use crate::hook::{HookMoment, OnFailure};
use crate::plan::request;
use crate::plan::shape::{Shape, Value, key};

pub(in crate::plan) static HOOK: Shape = Shape {
    what: "a hook",
    about: "What a program or a server of your own does at a certain moment. Exactly one of `run` and `http`.",
    keys: &[
        key(
            "name",
            true,
            Value::Title,
            "Name of the hook, for messages and the journal.",
        ),
        key(
            "when",
            true,
            Value::Choice {
                words: &HookMoment::WORDS,
                default: None,
            },
            "When it runs.",
        ),
        key(
            "phases",
            false,
            Value::PhaseIds,
            "For which phases. By default all.",
        ),
        key(
            "run",
            false,
            Value::SomeTexts,
            "Program and arguments. No shell; it has the environment of turnback.",
        ),
        key(
            "env",
            false,
            Value::NamedTexts,
            "Variables for the program. `${NAME}` stands for an environment variable. Goes with `run`.",
        ),
        key(
            "http",
            false,
            Value::Map(&HOOK_REQUEST),
            "A request, and the status that is expected.",
        ),
        key(
            "timeout",
            false,
            Value::Duration {
                least: "100ms",
                most: "1d",
                default: Some("1m"),
            },
            "How long it may take; then it is ended and has failed.",
        ),
        key(
            "on_failure",
            false,
            Value::Choice {
                words: &OnFailure::WORDS,
                default: Some("stop"),
            },
            "What its failure leads to: stop, continue (and tell), or ask a person.",
        ),
    ],
};

pub(in crate::plan) static HOOK_REQUEST: Shape = Shape {
    what: "a hook request",
    about: "A request of a hook.",
    keys: &[
        request::URL,
        request::METHOD,
        request::HEADERS,
        key(
            "body",
            false,
            Value::Secret,
            "What is sent, as it is. `${NAME}` stands for an environment variable.",
        ),
        key(
            "expect",
            false,
            Value::Statuses,
            "Statuses that mean that it is done. By default any 2xx.",
        ),
    ],
};
