//! Flags and maintenance, as people change them.

use axum::Router;
use axum::http::StatusCode;
use serde_json::{Value, json};
use turnback_server::access::Role;
use turnback_server::app;
use turnback_server::model::Outcome;

use crate::fake::{Fake, Got, request, send};

async fn ask(app: &Router, what: &str, token: &str, body: Value) -> Got {
    send(app, request(what, Some(token), Some(body))).await
}

fn rollout(on: u16) -> Value {
    json!({
        "state": "ENABLED",
        "variants": { "on": true, "off": false },
        "defaultVariant": "off",
        "targeting": { "fractional": [["on", on], ["off", 1_000 - on]] },
    })
}

#[tokio::test]
async fn an_operator_changes_flags_and_each_change_is_taken_down_with_old_and_new() {
    let fake = Fake::default();
    let app = app(fake.server());
    let on_call = fake.token("on-call", Role::Operator);
    let made = ask(
        &app,
        "PUT /api/v1/flags/users",
        &on_call,
        json!({ "definition": rollout(10), "why": "the canary" }),
    )
    .await;
    assert_eq!(
        (made.status, made.json()),
        (
            StatusCode::OK,
            json!({ "version": 1, "changed": ["users"] })
        )
    );
    let grown = ask(
        &app,
        "PUT /api/v1/flags/users/share",
        &on_call,
        json!({ "share": "12.5%" }),
    )
    .await;
    assert_eq!(grown.json()["version"], 2);

    let list = ask(&app, "GET /api/v1/flags", &on_call, json!({}))
        .await
        .json();
    assert_eq!(list["version"], 2);
    assert_eq!(list["flags"][1]["key"], "users");
    assert_eq!(list["flags"][1]["share"], "12.5%");
    assert_eq!(list["flags"][1]["definition"], rollout(125));
    let one = ask(&app, "GET /api/v1/flags/users", &on_call, json!({}))
        .await
        .json();
    assert_eq!(one, list["flags"][1]);

    let changes = ask(
        &app,
        "GET /api/v1/flag-changes?key=users",
        &on_call,
        json!({}),
    )
    .await
    .json();
    assert_eq!(changes[0]["old"], rollout(10));
    assert_eq!(changes[0]["new"], rollout(125));
    assert_eq!(
        (&changes[1]["who"], &changes[1]["why"]),
        (&json!("on-call"), &json!("the canary"))
    );
    let audit = fake.world().audit.clone();
    let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["flag.set", "flag.share"]);
    assert_eq!(audit[1].object.as_deref(), Some("users"));
    assert_eq!(audit[1].detail[0]["from"], rollout(10));
    assert_eq!(audit[1].detail[0]["to"], rollout(125));
}

#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let fake = Fake::default();
    let app = app(fake.server());
    let visitor = fake.token("visitor", Role::Viewer);
    for (what, body) in [
        (
            "PUT /api/v1/flags/users",
            json!({ "definition": rollout(10) }),
        ),
        ("PUT /api/v1/flags/users/share", json!({ "share": "1%" })),
        ("POST /api/v1/flags/users/enable", json!({})),
        ("POST /api/v1/flags/users/disable", json!({})),
        (
            "POST /api/v1/flags/disable-all",
            json!({ "why": "because" }),
        ),
        ("DELETE /api/v1/flags/users", json!({})),
        ("POST /api/v1/maintenance", json!({ "on": true })),
    ] {
        assert_eq!(
            ask(&app, what, &visitor, body).await.status,
            StatusCode::FORBIDDEN,
            "{what}"
        );
    }
    assert_eq!(fake.world().flags.version, 0);
    for what in [
        "GET /api/v1/flags",
        "GET /api/v1/flag-changes",
        "GET /api/v1/maintenance",
    ] {
        assert_eq!(
            ask(&app, what, &visitor, json!({})).await.status,
            StatusCode::OK,
            "{what}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words_and_taken_down() {
    let fake = Fake::default();
    let app = app(fake.server());
    let on_call = fake.token("on-call", Role::Operator);
    let mut plain = rollout(10);
    plain["targeting"] = json!({});
    ask(
        &app,
        "PUT /api/v1/flags/plain",
        &on_call,
        json!({ "definition": plain }),
    )
    .await;
    for (what, body, status, said) in [
        (
            "PUT /api/v1/flags/users",
            json!({ "definition": { "state": "ON" } }),
            422,
            "flags.users.state",
        ),
        (
            "PUT /api/v1/flags/plain/share",
            json!({ "share": "1%" }),
            409,
            "has no share",
        ),
        (
            "PUT /api/v1/flags/plain/share",
            json!({ "share": "1" }),
            422,
            "in steps of 0.1%",
        ),
        (
            "POST /api/v1/flags/nobody/enable",
            json!({}),
            404,
            "there is no flag",
        ),
        (
            "DELETE /api/v1/flags/nobody",
            json!({}),
            404,
            "there is no flag",
        ),
        (
            "GET /api/v1/flags/nobody",
            json!({}),
            404,
            "there is no flag",
        ),
        (
            "POST /api/v1/flags/maintenance/disable",
            json!({}),
            409,
            "built in",
        ),
        ("POST /api/v1/flags/disable-all", json!({}), 422, "why"),
        (
            "POST /api/v1/maintenance",
            json!({ "on": true, "until": "soon" }),
            422,
            "30m",
        ),
        (
            "POST /api/v1/maintenance",
            json!({ "on": true, "until": "2020-01-01T00:00:00.000Z" }),
            422,
            "in the past",
        ),
    ] {
        let got = ask(&app, what, &on_call, body).await;
        assert_eq!(got.status.as_u16(), status, "{what}: {}", got.body);
        assert!(
            got.json()["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains(said)),
            "{}",
            got.body
        );
    }
    assert_eq!(fake.world().flags.version, 1);
    let audit = fake.world().audit.clone();
    assert!(
        audit
            .iter()
            .any(|entry| entry.outcome == Outcome::Refused && entry.because.is_some())
    );
}

#[tokio::test]
async fn in_an_emergency_every_flag_is_disabled_with_the_reason() {
    let fake = Fake::default();
    let app = app(fake.server());
    let on_call = fake.token("on-call", Role::Operator);
    for key in ["a", "b"] {
        ask(
            &app,
            &format!("PUT /api/v1/flags/{key}"),
            &on_call,
            json!({ "definition": rollout(1_000) }),
        )
        .await;
    }
    let off = ask(
        &app,
        "POST /api/v1/flags/disable-all",
        &on_call,
        json!({ "why": "orders fail" }),
    )
    .await;
    assert_eq!(off.json()["changed"], json!(["a", "b"]));
    let asked = ask(
        &app,
        "POST /ofrep/v1/evaluate/flags/a",
        &on_call,
        json!({ "context": { "targetingKey": "x" } }),
    )
    .await
    .json();
    assert_eq!(
        (&asked["value"], &asked["reason"]),
        (&json!(false), &json!("DISABLED"))
    );
    let changes = ask(&app, "GET /api/v1/flag-changes?most=1", &on_call, json!({}))
        .await
        .json();
    assert_eq!(changes[0]["why"], "orders fail");
}

#[tokio::test]
async fn maintenance_is_announced_with_its_end_to_people_and_applications() {
    let fake = Fake::default();
    let app = app(fake.server());
    let on_call = fake.token("on-call", Role::Operator);
    let none = ask(&app, "GET /api/v1/maintenance", &on_call, json!({})).await;
    assert_eq!(
        none.json(),
        json!({ "on": false, "message": null, "until": null })
    );
    assert_eq!(none.header("retry-after"), "");

    let on = json!({ "on": true, "message": "Back soon", "until": "30m", "why": "the cut-over" });
    let on = ask(&app, "POST /api/v1/maintenance", &on_call, on).await;
    assert_eq!(
        (&on.json()["on"], &on.json()["message"]),
        (&json!(true), &json!("Back soon"))
    );
    let seconds: u64 = on.header("retry-after").parse().expect("whole seconds");
    assert!((1_700..=1_800).contains(&seconds), "{seconds}");
    let flag = ask(
        &app,
        "POST /ofrep/v1/evaluate/flags/maintenance",
        &on_call,
        json!({}),
    )
    .await
    .json();
    assert_eq!(flag["value"], json!(true));
    assert_eq!(flag["metadata"]["message"], "Back soon");
    assert_eq!(flag["metadata"]["until"], on.json()["until"]);

    let off = ask(
        &app,
        "POST /api/v1/maintenance",
        &on_call,
        json!({ "on": false }),
    )
    .await;
    assert_eq!(off.json()["on"], json!(false));
    let audit = fake.world().audit.clone();
    let actions: Vec<&str> = audit.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["maintenance.on", "maintenance.off"]);
}
