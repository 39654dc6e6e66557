//! The OpenAPI document and the code say the same.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use turnback_server::access::Role;
use turnback_server::model::{JournalEntry, Phase, Plan, PlannedPhase, Progress};
use turnback_server::{Limits, app, openapi};

use crate::fake::{Fake, request, send};

/// Every operation of the document: `METHOD PATH`, with 1 in the place of each parameter.
fn operations() -> Vec<(String, Json)> {
    let document = serde_json::to_value(openapi()).expect("it is JSON");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("there are paths") {
        let mut at = String::new();
        for part in path.split_inclusive('/') {
            if part.starts_with('{') {
                at.push('1');
                at.push_str(if part.ends_with('/') { "/" } else { "" });
            } else {
                at.push_str(part);
            }
        }
        for (method, operation) in item.as_object().expect("there are methods") {
            found.push((format!("{} {at}", method.to_uppercase()), operation.clone()));
        }
    }
    found
}

#[tokio::test]
async fn every_operation_is_there_and_takes_a_token() {
    let fake = Fake::default();
    fake.token("on-call", Role::Approver);
    let app = app(fake.server());
    let operations = operations();
    assert!(operations.len() > 20, "{}", operations.len());
    for (what, operation) in operations {
        let got = send(&app, request(&what, None, None)).await;
        // What OFREP is for has a door of its own; everything here takes a token.
        assert_eq!(got.status, StatusCode::UNAUTHORIZED, "{what}: {}", got.body);
        let described = operation["description"]
            .as_str()
            .or(operation["summary"].as_str());
        assert!(described.is_some(), "{what} says nothing of itself");
    }
}

#[tokio::test]
async fn what_changes_something_takes_more_than_a_viewer() {
    let fake = Fake::default();
    let viewer = fake.token("viewer", Role::Viewer);
    let operator = fake.token("operator", Role::Operator);
    let approver = fake.token("on-call", Role::Approver);
    let app = app(fake.server());
    for (what, _) in operations() {
        let is_safe = what.starts_with("GET ");
        let is_answer = what.ends_with("/answer");
        // A place for listeners is kept for as long as somebody reads.
        if what.ends_with("/events") {
            continue;
        }
        for (token, may) in [
            (&viewer, is_safe),
            (&operator, !is_answer),
            (&approver, true),
        ] {
            let got = send(&app, request(&what, Some(token), None)).await;
            let refused = got.status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !may, "{what}: {} {}", got.status, got.body);
        }
    }
}

#[test]
fn routes_come_into_the_api_with_their_description_only() {
    let source = include_str!("../../src/api/mod.rs");
    let bare = source.matches(".route(").count();
    assert_eq!(
        bare, 1,
        "`.routes(routes!(…))` describes a route; the one other is the document"
    );
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let fake = Fake::default();
    {
        let mut world = fake.world();
        world.plan = Plan {
            name: "shop".to_owned(),
            phases: vec![PlannedPhase {
                id: "users".to_owned(),
                ..PlannedPhase::default()
            }],
            ..Plan::default()
        };
        world.phases = vec![Phase {
            id: "users".to_owned(),
            ..Phase::default()
        }];
        world.progress = Some(Progress::default());
        world.journal = vec![JournalEntry {
            number: 1,
            at: "2026-11-21T20:00:00.000Z".to_owned(),
            event: json!({ "event": "phase_became" }),
        }];
    }
    let app = app(fake.server_with(true, Limits::default()));
    let document = serde_json::to_value(openapi()).expect("it is JSON");
    let mut compared = 0;
    for (what, operation) in operations() {
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        if !what.starts_with("GET ") || schema.is_null() {
            continue;
        }
        let got = send(&app, request(&what, None, None)).await;
        if got.status == StatusCode::OK {
            fits(&document, schema, &got.json()).unwrap_or_else(|why| panic!("{what}: {why}"));
            compared += 1;
        }
    }
    assert!(compared >= 10, "{compared} answers were compared");
}

/// Whether a value is as a schema says, as far as types, fields and what is required go.
fn fits(document: &Json, schema: &Json, value: &Json) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(name.trim_start_matches('#'));
        return fits(document, schema.ok_or(format!("{name} is missing"))?, value);
    }
    for several in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[several].as_array() {
            let fitting = choices.iter().any(|one| fits(document, one, value).is_ok());
            return fitting
                .then_some(())
                .ok_or(format!("{value} is none of {schema}"));
        }
    }
    let is = |kind: &str| match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    let right = match &schema["type"] {
        Json::String(kind) => is(kind),
        Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).any(is),
        _ => true,
    };
    if !right {
        return Err(format!("{value} is not a {}", schema["type"]));
    }
    if let Some(fields) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap_or_default();
            if !fields.contains_key(name) {
                return Err(format!("{name} is missing in {value}"));
            }
        }
        for (name, field) in fields {
            match &schema["properties"][name] {
                Json::Null if schema["properties"].is_object() => {
                    return Err(format!("{name} is not in the document"));
                }
                Json::Null => {}
                schema => fits(document, schema, field).map_err(|why| format!("{name}: {why}"))?,
            }
        }
    }
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item)?;
    }
    Ok(())
}
