//! The JSON schema of the plan file (draft 2020-12), so that editors complete it.

use serde_json::{Map, Value as Json, json};

use super::backup_shape::{BACKUP_COMMAND, BACKUPS, PGBACKREST};
use super::canary::{FLAG_KEY, SHARE_PATTERN};
use super::canary_shape::{CANARY, COMPARE, STEP};
use super::decision_shape::{DECISION, WHEN};
use super::document::LONGEST_NAME;
use super::guard_shape::{ALERTMANAGER, COMMAND, GUARD, HTTP, PROMETHEUS};
use super::hooks::ACTIONS;
use super::hooks::shape::{HOOK, HOOK_REQUEST};
use super::notify::KINDS;
use super::notify::shape::{
    ALERTS_TO, CHANNEL, MAIL, NOTIFY, PAGERDUTY, RULE, RUNG, SLACK, TEMPLATE_FILE, WEBHOOK,
};
use super::objectives::OBJECTIVES;
use super::operation_shape::{CONVERT_KEY, OPERATION, RECREATE, SQL, SQL_FILE};
use super::risks::RISK;
use super::shape::{Key, PHASE, PLAN, SETTINGS, Shape, Value};
use super::{duration, guards, size};
use crate::guard::limit;

/// Ids of phases, names of guards and channels.
const ID: &str = "^[a-z][a-z0-9_-]{0,39}$";

/// The JSON schema of the plan file.
///
/// It is made from the same tables that the reader works from. What a schema cannot say
/// (names that must exist, phases in a circle) is checked by [`super::parse`] alone.
pub fn json_schema() -> Json {
    let mut definitions = Map::new();
    for shape in [
        &SETTINGS,
        &BACKUPS,
        &PGBACKREST,
        &BACKUP_COMMAND,
        &PHASE,
        &CANARY,
        &COMPARE,
        &STEP,
        &OPERATION,
        &CONVERT_KEY,
        &RECREATE,
        &SQL,
        &SQL_FILE,
        &GUARD,
        &PROMETHEUS,
        &HTTP,
        &COMMAND,
        &ALERTMANAGER,
        &NOTIFY,
        &CHANNEL,
        &MAIL,
        &SLACK,
        &WEBHOOK,
        &PAGERDUTY,
        &ALERTS_TO,
        &RULE,
        &RUNG,
        &TEMPLATE_FILE,
        &HOOK,
        &HOOK_REQUEST,
        &OBJECTIVES,
        &RISK,
        &DECISION,
        &WHEN,
    ] {
        definitions.insert(title(shape), object(shape));
    }
    let mut root = object(&PLAN);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("turnback plan");
    root["$defs"] = Json::Object(definitions);
    root
}

/// The name of a shape among the definitions: its `what` without article, in one word.
fn title(shape: &Shape) -> String {
    let words = shape
        .what
        .split(' ')
        .filter(|word| !matches!(*word, "a" | "an" | "the" | "in" | "to"));
    words.collect::<Vec<_>>().join("_").to_lowercase()
}

fn refer(shape: &Shape) -> Json {
    json!({ "$ref": format!("#/$defs/{}", title(shape)) })
}

fn object(shape: &'static Shape) -> Json {
    let properties: Map<String, Json> = shape
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<_> = shape
        .keys
        .iter()
        .filter(|key| key.required)
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": shape.about,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if std::ptr::eq(shape, &OPERATION) {
        schema["minProperties"] = json!(1);
        schema["maxProperties"] = json!(1);
    } else if std::ptr::eq(shape, &CONVERT_KEY) {
        schema["dependentSchemas"] = json!({
            "v7_from": { "required": ["generate"], "properties": { "generate": { "const": "v7" } } }
        });
    } else if std::ptr::eq(shape, &RECREATE) {
        schema["oneOf"] = json!([
            { "required": ["policy", "on"], "properties": { "materialized_view": false } },
            {
                "required": ["materialized_view"],
                "properties": { "policy": false, "on": false },
            },
        ]);
    } else if std::ptr::eq(shape, &BACKUPS) {
        schema["not"] = json!({ "required": ["pgbackrest", "command"] });
    } else if std::ptr::eq(shape, &SQL) {
        schema["oneOf"] = json!([
            { "required": ["down"], "properties": { "irreversible": { "const": false } } },
            {
                "required": ["irreversible"],
                "properties": { "irreversible": { "const": true }, "down": false },
            },
        ]);
    } else if std::ptr::eq(shape, &GUARD) {
        schema["oneOf"] = one_of(&guards::PROBES);
        schema["anyOf"] = one_of(&["warning", "critical"]);
    } else if std::ptr::eq(shape, &HTTP) {
        schema["not"] = json!({ "required": ["measure", "json"] });
    } else if std::ptr::eq(shape, &CHANNEL) {
        schema["oneOf"] = one_of(&KINDS);
    } else if std::ptr::eq(shape, &HOOK) {
        schema["oneOf"] = one_of(&ACTIONS);
        schema["dependentRequired"] = json!({ "env": ["run"] });
    } else if std::ptr::eq(shape, &MAIL) {
        schema["dependentRequired"] = json!({ "user": ["password"], "password": ["user"] });
    } else if std::ptr::eq(shape, &STEP) {
        schema["oneOf"] = json!([
            { "properties": { "ask": { "const": true } }, "required": ["ask", "deadline"] },
            {
                "properties": {
                    "ask": { "const": false },
                    "deadline": false,
                    "otherwise": false,
                    "who": false,
                },
            },
        ]);
    } else if std::ptr::eq(shape, &WHEN) {
        schema["not"] = json!({ "required": ["guard", "of"] });
    } else if std::ptr::eq(shape, &DECISION) {
        let question = json!({ "deadline": false, "otherwise": false, "who": false });
        let mut rollback = question.clone();
        rollback["do"] = json!({ "const": "rollback" });
        let mut others = question;
        others["do"] = json!({ "enum": ["hold", "notify", "fix_forward", "continue"] });
        others["scope"] = json!(false);
        schema["oneOf"] = json!([
            { "properties": rollback },
            {
                "properties": { "do": { "const": "ask" } },
                "required": ["deadline", "otherwise"],
            },
            { "properties": others },
        ]);
    } else if std::ptr::eq(shape, &PHASE) {
        schema["properties"]["operations"]["anyOf"] = json!([
            { "items": { "required": ["convert_key"] } },
            { "items": { "required": ["sql"] } },
        ]);
    }
    schema
}

/// For each of these keys that it is there.
fn one_of(names: &[&str]) -> Json {
    names
        .iter()
        .map(|name| json!({ "required": [name] }))
        .collect()
}

fn property(key: &'static Key) -> Json {
    let mut schema = value(&key.value);
    schema["description"] = json!(key.about);
    let default = match &key.value {
        Value::Flag { default } => json!(default),
        Value::Count { default, .. } => json!(default),
        Value::Duration {
            default: Some(default),
            ..
        } => json!(default),
        Value::Size {
            default: Some(default),
            ..
        } => json!(default),
        Value::Choice {
            default: Some(default),
            ..
        } => json!(default),
        _ => return schema,
    };
    schema["default"] = default;
    schema
}

fn value(value: &'static Value) -> Json {
    // Something other than white space, as the reader demands of SQL.
    let not_blank = json!({ "type": "string", "pattern": r"\S" });
    match value {
        Value::Version => json!({ "type": "integer", "const": 1 }),
        Value::Title => json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_NAME }),
        Value::Target | Value::Name | Value::TableName => {
            json!({ "type": "string", "minLength": 1 })
        }
        Value::Path => json!({ "type": "string" }),
        Value::Shell => not_blank,
        Value::PhaseId => json!({ "type": "string", "pattern": ID }),
        Value::Sql => json!({ "oneOf": [not_blank, refer(&SQL_FILE)] }),
        Value::Flag { .. } => json!({ "type": "boolean" }),
        Value::Count { least, most, .. } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Value::Rank => json!({ "type": "integer", "minimum": 1, "maximum": 5 }),
        Value::Size { .. } => json!({ "type": "string", "pattern": size::PATTERN }),
        Value::Texts => json!({
            "type": "array",
            "items": { "type": "string", "minLength": 1 },
        }),
        Value::Duration { .. } => json!({ "type": "string", "pattern": duration::PATTERN }),
        Value::Choice { words, .. } => json!({ "type": "string", "enum": words }),
        Value::Secret => json!({ "type": "string", "minLength": 1 }),
        Value::Port => json!({ "type": "integer", "minimum": 1, "maximum": 65535 }),
        Value::SomeTexts => json!({
            "type": "array",
            "minItems": 1,
            "items": { "type": "string", "minLength": 1 },
        }),
        Value::Choices { words } => json!({
            "type": "array",
            "minItems": 1,
            "items": { "type": "string", "enum": words },
        }),
        Value::Statuses => json!({
            "type": "array",
            "minItems": 1,
            "items": { "type": "integer", "minimum": 100, "maximum": 599 },
        }),
        Value::Template => json!({ "oneOf": [not_blank, refer(&TEMPLATE_FILE)] }),
        Value::PhaseIds => json!({
            "type": "array",
            "items": { "type": "string" },
            "uniqueItems": true,
        }),
        Value::Text => not_blank,
        Value::Url => json!({ "type": "string", "minLength": 1 }),
        Value::Pointer => json!({ "type": "string", "pattern": "^(/|$)" }),
        Value::Threshold => json!({ "type": ["string", "number"], "pattern": threshold() }),
        Value::Belief => json!({ "type": "string", "pattern": r"^\s*\d+\s+of\s+\d+\s*$" }),
        Value::NamedTexts => json!({
            "type": "object",
            "additionalProperties": { "type": "string" },
        }),
        Value::Named(shape) => json!({
            "type": "object",
            "propertyNames": { "pattern": ID },
            "additionalProperties": refer(shape),
        }),
        Value::Names => one_or_more(&json!({ "type": "string" })),
        Value::Words(words) => one_or_more(&json!({ "type": "string", "enum": words })),
        Value::Scope => json!({ "type": "string" }),
        Value::FlagKey => json!({ "type": "string", "pattern": FLAG_KEY }),
        Value::Share => share(),
        Value::Steps => json!({
            "type": "array",
            "minItems": 1,
            "items": { "oneOf": [share(), refer(&STEP)] },
        }),
        Value::Map(shape) => refer(shape),
        Value::List(shape) => json!({ "type": "array", "minItems": 1, "items": refer(shape) }),
    }
}

fn share() -> Json {
    json!({ "type": "string", "pattern": SHARE_PATTERN })
}

/// What the reader of thresholds takes, as a pattern.
fn threshold() -> String {
    let limit = limit::PATTERN;
    format!(r"^\s*((>=|<=|>|<)?\s*{limit}|[+-]\s*\d+(\.\d+)?\s*%|[x×]\d+(\.\d+)?)\s*$")
}

/// One of these, or a list of them.
fn one_or_more(one: &Json) -> Json {
    json!({
        "oneOf": [
            one,
            { "type": "array", "minItems": 1, "uniqueItems": true, "items": one },
        ]
    })
}
