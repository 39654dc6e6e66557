//! The keys of operations: what a phase does.

use super::shape::{Shape, Value, key};

pub(super) static OPERATION: Shape = Shape {
    what: "an operation",
    about: "An operation: exactly one of these keys.",
    keys: &[
        key(
            "convert_key",
            false,
            Value::Map(&CONVERT_KEY),
            "Convert an integer key, and every foreign key that points at it, online.",
        ),
        key(
            "sql",
            false,
            Value::Map(&SQL),
            "Run SQL of your own, with its way back.",
        ),
    ],
};

pub(super) static CONVERT_KEY: Shape = Shape {
    what: "a convert_key operation",
    about: "Convert an integer key, and every foreign key that points at it, online.",
    keys: &[
        key(
            "table",
            true,
            Value::TableName,
            "The table whose key it is: users, billing.invoices, '\"Order\"'. Unquoted names fold to lower case, as in SQL.",
        ),
        key(
            "column",
            false,
            Value::Name,
            "The key column. Default: that of the primary key; of a partitioned table's, the one that has a sequence.",
        ),
        key(
            "to",
            true,
            Value::Choice {
                words: &["uuid"],
                default: None,
            },
            "The type to convert to.",
        ),
        key(
            "generate",
            false,
            Value::Choice {
                words: &["v4", "v7"],
                default: Some("v4"),
            },
            "How new keys are made: v4 is random, v7 is ordered by time.",
        ),
        key(
            "v7_from",
            false,
            Value::Name,
            "A date or timestamp column of the table, from which rows that exist take the time of their v7 key. Only with `generate: v7`.",
        ),
        key(
            "recreate",
            false,
            Value::List(&RECREATE),
            "Objects that compute with a key of this phase, given anew as they shall be for the new shape.",
        ),
    ],
};

pub(super) static RECREATE: Shape = Shape {
    what: "an object to recreate",
    about: "An object given anew for the new shape: a policy on a table, or a materialized view.",
    keys: &[
        key(
            "policy",
            false,
            Value::Name,
            "Name of a row-level security policy. Goes with `on`.",
        ),
        key("on", false, Value::TableName, "The table of the policy."),
        key(
            "materialized_view",
            false,
            Value::TableName,
            "Name of a materialized view.",
        ),
        key(
            "sql",
            true,
            Value::Sql,
            "SQL that makes the object, under its own name, where the tables have the new shape.",
        ),
    ],
};

pub(super) static SQL: Shape = Shape {
    what: "an sql operation",
    about: "SQL of your own, with its way back.",
    keys: &[
        key("up", true, Value::Sql, "SQL that goes forward."),
        key(
            "down",
            false,
            Value::Sql,
            "SQL that turns back. May be missing only with `irreversible: true`.",
        ),
        key(
            "verify",
            false,
            Value::Sql,
            "A query that must answer true after `up`.",
        ),
        key(
            "irreversible",
            false,
            Value::Flag { default: false },
            "Says that there is no way back from this operation.",
        ),
        key(
            "transaction",
            false,
            Value::Flag { default: true },
            "Run `up` and `down` inside a transaction, or statement by statement.",
        ),
    ],
};

pub(super) static SQL_FILE: Shape = Shape {
    what: "SQL in a file",
    about: "SQL in a file of its own.",
    keys: &[key(
        "file",
        true,
        Value::Path,
        "Path of the file, from the directory of the plan.",
    )],
};
