//! The keys of `canary`.

use super::shape::{Key, Shape, Value, key};
use crate::canary::ToldBy;

pub(super) static CANARY: Shape = Shape {
    what: "a canary",
    about: "Before the cut-over a flag sends a growing share of users to the new shape, and guards compare them with the rest.",
    keys: &[
        key(
            "flag",
            true,
            Value::FlagKey,
            "The flag that sends users to the version of the application that uses the new shape.",
        ),
        key(
            "compare",
            true,
            Value::Map(&COMPARE),
            "How the canary's clients and the rest are told apart.",
        ),
        key(
            "steps",
            true,
            Value::Steps,
            "Shares of users, each greater than the one before: `[1%, 10%, 50%, 100%]`, or mappings with a `share` and more.",
        ),
        key(
            "hold",
            false,
            hold(Some("10m")),
            "How long each step is watched, with nothing holding it, before the next begins.",
        ),
        key(
            "drain",
            false,
            Value::Duration {
                least: "0s",
                most: "1h",
                default: Some("10s"),
            },
            "How long clients of the new shape have to leave once the flag is at 0%, before a way back drops that shape.",
        ),
    ],
};

const fn hold(default: Option<&'static str>) -> Value {
    Value::Duration {
        least: "1s",
        most: "30d",
        default,
    }
}

pub(super) static COMPARE: Shape = Shape {
    what: "a comparison",
    about: "How the canary's clients and the rest are told apart.",
    keys: &[
        key(
            "by",
            true,
            Value::Choice {
                words: &ToldBy::WORDS,
                default: None,
            },
            "By the `application_name` of their sessions, by the role that they connect as, or by a label that only guards with a text of their own know.",
        ),
        key(
            "canary",
            true,
            Value::Text,
            "What it is for clients of the new shape.",
        ),
        key(
            "rest",
            true,
            Value::Text,
            "What it is for clients of the old shape.",
        ),
    ],
};

pub(super) static STEP: Shape = Shape {
    what: "a step of a canary",
    about: "One step of a canary.",
    keys: &[
        key(
            "share",
            true,
            Value::Share,
            "The part of all users that is sent to the new shape.",
        ),
        HOLD,
        key(
            "ask",
            false,
            Value::Flag { default: false },
            "Ask a person, once the step has held, whether to go on.",
        ),
        key(
            "deadline",
            false,
            Value::Duration {
                least: "1s",
                most: "30d",
                default: None,
            },
            "How long the question waits for its answer. With ask, which needs it.",
        ),
        key(
            "otherwise",
            false,
            Value::Choice {
                words: &["hold", "rollback", "continue"],
                default: Some("hold"),
            },
            "What is done where nobody has answered by the deadline. With ask.",
        ),
        key(
            "who",
            false,
            Value::Texts,
            "Who may answer; anybody where nobody is named. With ask.",
        ),
    ],
};

const HOLD: Key = key(
    "hold",
    false,
    hold(None),
    "How long this step is watched, where that is not as long as the others.",
);
