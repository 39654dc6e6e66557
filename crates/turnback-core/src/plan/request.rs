//! Keys that every request of a plan has, whatever it is for.

use super::shape::{Key, Value, key};
use crate::notify::Method;

pub(super) const URL: Key = key(
    "url",
    true,
    Value::Url,
    "Where to. `${NAME}` stands for an environment variable.",
);

pub(super) const METHOD: Key = key(
    "method",
    false,
    Value::Choice {
        words: &Method::WORDS,
        default: Some("POST"),
    },
    "How.",
);

pub(super) const HEADERS: Key = key(
    "headers",
    false,
    Value::NamedTexts,
    "Headers to send. `${NAME}` stands for an environment variable.",
);
