//! The shape of `notify:`, as data.

use crate::notify::{Occasion, Severity, Tls};
use crate::plan::request;
use crate::plan::shape::{Shape, Value, key};

pub(in crate::plan) static NOTIFY: Shape = Shape {
    what: "a notify section",
    about: "Who is told what, and how.",
    keys: &[
        key(
            "channels",
            true,
            Value::Named(&CHANNEL),
            "Ways to reach somebody, each under the name that rules use.",
        ),
        key(
            "rules",
            true,
            Value::List(&RULE),
            "Who hears what when. A channel that several rules name hears it once.",
        ),
    ],
};

pub(in crate::plan) static CHANNEL: Shape = Shape {
    what: "a channel",
    about: "A way to reach somebody: exactly one of `mail`, `slack`, `webhook`, `pagerduty`, `alertmanager` and `status_page`.",
    keys: &[
        key("mail", false, Value::Map(&MAIL), "A mail server."),
        key(
            "slack",
            false,
            Value::Map(&SLACK),
            "An incoming webhook as Slack, Mattermost and Rocket.Chat have them.",
        ),
        key(
            "webhook",
            false,
            Value::Map(&WEBHOOK),
            "Any server that takes a request.",
        ),
        key(
            "pagerduty",
            false,
            Value::Map(&PAGERDUTY),
            "PagerDuty's Events API v2: issues as alerts, the rest as change events.",
        ),
        key(
            "alertmanager",
            false,
            Value::Map(&ALERTS_TO),
            "Prometheus' Alertmanager, API v2.",
        ),
        key(
            "status_page",
            false,
            Value::Map(&WEBHOOK),
            "A status page, by a request.",
        ),
        key(
            "subject",
            false,
            Value::Template,
            "Template of the one line: subject of a mail, summary of an alert.",
        ),
        key("text", false, Value::Template, "Template of the text."),
        key(
            "timeout",
            false,
            Value::Duration {
                least: "100ms",
                most: "5m",
                default: Some("10s"),
            },
            "How long an answer is waited for.",
        ),
    ],
};

pub(in crate::plan) static MAIL: Shape = Shape {
    what: "a mail channel",
    about: "A mail server, and who writes to whom.",
    keys: &[
        key(
            "host",
            true,
            Value::Text,
            "The mail server. `${NAME}` stands for an environment variable.",
        ),
        key(
            "port",
            false,
            Value::Port,
            "Its port. By default 587 with `tls: starttls`, 465 with `tls: wrapped`, 25 with `tls: none`.",
        ),
        key(
            "tls",
            false,
            Value::Choice {
                words: &Tls::WORDS,
                default: Some("starttls"),
            },
            "starttls: private before anything is said; wrapped: private from the first byte; none: in the clear, for a server on the same machine.",
        ),
        key(
            "user",
            false,
            Value::Secret,
            "Who logs in. `${NAME}` stands for an environment variable.",
        ),
        key("password", false, Value::Secret, "Goes with `user`."),
        key(
            "from",
            true,
            Value::Text,
            "Who writes: turnback@example.org, or turnback <turnback@example.org>.",
        ),
        key(
            "to",
            true,
            Value::SomeTexts,
            "To whom: a list of addresses.",
        ),
    ],
};

pub(in crate::plan) static SLACK: Shape = Shape {
    what: "a slack channel",
    about: "An incoming webhook.",
    keys: &[key(
        "url",
        true,
        Value::Url,
        "Its address, which is a key at the same time: keep it in the environment, `${NAME}`.",
    )],
};

pub(in crate::plan) static WEBHOOK: Shape = Shape {
    what: "a webhook",
    about: "A request of your own.",
    keys: &[
        request::URL,
        request::METHOD,
        request::HEADERS,
        key(
            "body",
            false,
            Value::Template,
            "Template of what is sent. By default JSON with everything there is to say.",
        ),
        key(
            "expect",
            false,
            Value::Statuses,
            "Statuses that mean that it arrived. By default any 2xx.",
        ),
    ],
};

pub(in crate::plan) static PAGERDUTY: Shape = Shape {
    what: "a pagerduty channel",
    about: "PagerDuty's Events API v2.",
    keys: &[
        key(
            "routing_key",
            true,
            Value::Secret,
            "The key of the integration: keep it in the environment, `${NAME}`.",
        ),
        key(
            "url",
            false,
            Value::Url,
            "The server. By default https://events.pagerduty.com; in Europe https://events.eu.pagerduty.com.",
        ),
    ],
};

pub(in crate::plan) static ALERTS_TO: Shape = Shape {
    what: "an alertmanager channel",
    about: "Prometheus' Alertmanager, API v2.",
    keys: &[
        key(
            "url",
            true,
            Value::Url,
            "The server, without /api/v2. `${NAME}` stands for an environment variable.",
        ),
        request::HEADERS,
        key(
            "labels",
            false,
            Value::NamedTexts,
            "Labels to add, by which Alertmanager routes.",
        ),
    ],
};

pub(in crate::plan) static RULE: Shape = Shape {
    what: "a rule",
    about: "Who hears what when.",
    keys: &[
        key(
            "when",
            true,
            Value::Choices {
                words: &Occasion::WORDS,
            },
            "On which occasions: before something begins, during it, on an issue, after its end.",
        ),
        key("to", true, Value::SomeTexts, "By which channels."),
        key(
            "phases",
            false,
            Value::PhaseIds,
            "About which phases. By default all, and what is about none.",
        ),
        key(
            "at_least",
            false,
            Value::Choice {
                words: &Severity::WORDS,
                default: Some("info"),
            },
            "How bad it must be at least.",
        ),
        key(
            "every",
            false,
            Value::Duration {
                least: "10s",
                most: "7d",
                default: Some("10m"),
            },
            "Time between two messages about progress (`during`).",
        ),
        key(
            "escalate",
            false,
            Value::List(&RUNG),
            "Who is told as well while nobody acknowledges an issue.",
        ),
    ],
};

pub(in crate::plan) static RUNG: Shape = Shape {
    what: "a rung",
    about: "One rung of a ladder.",
    keys: &[
        key(
            "after",
            true,
            Value::Duration {
                least: "1s",
                most: "7d",
                default: None,
            },
            "How long after the issue began.",
        ),
        key("to", true, Value::SomeTexts, "By which channels."),
    ],
};

pub(in crate::plan) static TEMPLATE_FILE: Shape = Shape {
    what: "a template in a file",
    about: "A template in a file of its own.",
    keys: &[key(
        "file",
        true,
        Value::Path,
        "Path of the file, from the directory of the plan.",
    )],
};
