//! Flags as applications ask for them, by OFREP.

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use turnback_core::flag::{Change, FlagSet, Stored};
use turnback_server::access::Role;
use turnback_server::edges::Refusal;
use turnback_server::{Limits, app};

use crate::fake::{Fake, Got, request, send};

const ALL: &str = "POST /ofrep/v1/evaluate/flags";

/// A world with a rollout, a flag by targeting, a static one and one that is at fault.
fn world() -> (Fake, Router) {
    let fake = Fake::default();
    fake.world().flags = Stored {
        version: 7,
        set: FlagSet::read(&json!({
            "flags": {
                "users-uuid": {
                    "state": "ENABLED",
                    "variants": { "on": true, "off": false },
                    "defaultVariant": "off",
                    "targeting": { "fractional": [["on", 500], ["off", 500]] },
                },
                "greeting": {
                    "state": "ENABLED",
                    "variants": { "short": "Hi", "long": "Good day" },
                    "defaultVariant": "long",
                    "targeting": { "if": [{ "==": [{ "var": "tier" }, "gold"] }, "short"] },
                    "metadata": { "owner": "web" },
                },
                "limit": {
                    "state": "DISABLED",
                    "variants": { "low": 10, "high": 20.5 },
                    "defaultVariant": "high",
                },
                "broken": {
                    "state": "ENABLED",
                    "variants": { "on": true },
                    "defaultVariant": "on",
                    "targeting": { "cat": ["nobody"] },
                },
            },
            "metadata": { "team": "web" },
        }))
        .expect("good definitions"),
    };
    let app = app(fake.server());
    (fake, app)
}

async fn ask(app: &Router, what: &str, context: Value) -> Got {
    send(
        app,
        request(what, None, Some(json!({ "context": context }))),
    )
    .await
}

async fn one(app: &Router, key: &str, context: Value) -> Got {
    ask(app, &format!("{ALL}/{key}"), context).await
}

fn change(fake: &Fake, change: &Change) {
    let mut world = fake.world();
    let set = change.apply(&world.flags.set).expect("a good change");
    let version = world.flags.version + 1;
    world.flags = Stored { version, set };
}

fn share(tenths: &str) -> Change {
    Change::SetShare {
        key: "users-uuid".to_owned(),
        share: tenths.parse().expect("a share"),
    }
}

#[tokio::test]
async fn one_flag_comes_with_value_variant_reason_and_metadata() {
    let (_fake, app) = world();
    let got = one(&app, "greeting", json!({ "tier": "gold" })).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(
        got.json(),
        json!({
            "key": "greeting",
            "value": "Hi",
            "variant": "short",
            "reason": "TARGETING_MATCH",
            "metadata": { "owner": "web", "team": "web" },
        })
    );
    let got = one(&app, "limit", json!({})).await.json();
    assert_eq!(
        (&got["value"], &got["variant"], &got["reason"]),
        (&json!(20.5), &json!("high"), &json!("DISABLED"))
    );
}

#[tokio::test]
async fn what_is_wrong_comes_with_its_code_and_the_details() {
    let (_fake, app) = world();
    let cases = [
        ("nobody", r#"{"context":{}}"#, 404, "FLAG_NOT_FOUND"),
        (
            "users-uuid",
            r#"{"context":{}}"#,
            400,
            "TARGETING_KEY_MISSING",
        ),
        ("users-uuid", "", 400, "TARGETING_KEY_MISSING"),
        ("greeting", "{", 400, "PARSE_ERROR"),
        ("greeting", "[]", 400, "PARSE_ERROR"),
        (
            "greeting",
            r#"{"context":"user-1"}"#,
            400,
            "INVALID_CONTEXT",
        ),
        (
            "greeting",
            r#"{"context":{"targetingKey":7}}"#,
            400,
            "INVALID_CONTEXT",
        ),
        ("broken", "{}", 400, "GENERAL"),
    ];
    for (key, body, status, code) in cases {
        let mut asked = request(&format!("{ALL}/{key}"), None, None);
        *asked.body_mut() = Body::from(body);
        let got = send(&app, asked).await;
        assert_eq!(got.status.as_u16(), status, "{key} {body}");
        assert!(got.header("content-type").starts_with("application/json"));
        let json = got.json();
        assert_eq!(
            (&json["key"], &json["errorCode"]),
            (&json!(key), &json!(code)),
            "{body}"
        );
        assert!(
            json["errorDetails"]
                .as_str()
                .is_some_and(|details| details.len() > 10)
        );
    }
}

#[tokio::test]
async fn all_flags_come_with_what_is_wrong_with_each() {
    let (_fake, app) = world();
    let got = ask(&app, ALL, json!({ "targetingKey": "user-1" })).await;
    assert_eq!(got.status, StatusCode::OK);
    let json = got.json();
    let of = |key: &str| {
        let flags = json["flags"].as_array().expect("flags");
        flags
            .iter()
            .find(|flag| flag["key"] == key)
            .cloned()
            .expect("it is there")
    };
    assert_eq!(json["flags"].as_array().map(Vec::len), Some(5));
    assert_eq!(of("greeting")["reason"], "DEFAULT");
    assert_eq!(of("broken")["errorCode"], "GENERAL");
    assert!(of("broken")["errorDetails"].is_string());
    assert_eq!(of("maintenance")["value"], json!(false));
    assert_eq!(of("maintenance")["reason"], "STATIC");
    assert_eq!(json["metadata"], json!({ "team": "web" }));
    assert_eq!(json["eventStreams"][0]["type"], "sse");
}

#[tokio::test]
async fn a_client_that_has_the_answer_is_told_that_nothing_is_new() {
    let (fake, app) = world();
    let tagged = |tags: String| {
        let mut asked = request(
            ALL,
            None,
            Some(json!({ "context": { "targetingKey": "user-1" } })),
        );
        let tags = tags.parse().expect("a header");
        asked.headers_mut().insert(header::IF_NONE_MATCH, tags);
        asked
    };
    let first = ask(&app, ALL, json!({ "targetingKey": "user-1" })).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10);
    for tags in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let same = send(&app, tagged(tags.clone())).await;
        assert_eq!(same.status, StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!(
            (same.header("etag"), same.body.as_str()),
            (tag.as_str(), "")
        );
    }
    assert_eq!(
        send(&app, tagged("\"other\"".to_owned())).await.status,
        StatusCode::OK
    );
    // The tag is over what is answered: another context, another tag; a change that does not
    // reach somebody leaves theirs as it is.
    let other = ask(
        &app,
        ALL,
        json!({ "targetingKey": "user-1", "tier": "gold" }),
    )
    .await;
    assert_ne!(other.header("etag"), tag);
    let put = json!({ "definition": { "state": "ENABLED", "variants": { "a": 1, "b": 2 }, "defaultVariant": "a", "targeting": { "if": [{ "var": "beta" }, "b"] } } });
    let set = send(
        &app,
        request("PUT /api/v1/flags/fresh", None, Some(put.clone())),
    )
    .await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    let new = send(&app, tagged(tag.clone())).await;
    assert_eq!(new.status, StatusCode::OK);
    let mut put = put;
    put["definition"]["targeting"] = json!({ "if": [{ "var": "alpha" }, "b"] });
    send(&app, request("PUT /api/v1/flags/fresh", None, Some(put))).await;
    assert_eq!(fake.world().flags.version, 9);
    let unreached = send(&app, tagged(new.header("etag").to_owned())).await;
    assert_eq!(unreached.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn flags_are_served_on_while_the_control_store_is_away() {
    let (fake, app) = world();
    assert_eq!(one(&app, "limit", json!({})).await.status, StatusCode::OK);
    fake.world().down = Some(Refusal::not_now("the store is away"));
    for _ in 0..50 {
        assert_eq!(one(&app, "limit", json!({})).await.status, StatusCode::OK);
    }
    // Who was never told of any flag says so, and when to ask again.
    let (fake, app) = world();
    fake.world().down = Some(Refusal::not_now("the store is away"));
    let got = one(&app, "limit", json!({})).await;
    assert_eq!(
        (got.status, got.header("retry-after")),
        (StatusCode::SERVICE_UNAVAILABLE, "1")
    );
    assert!(
        got.json()["errorDetails"]
            .as_str()
            .is_some_and(|why| why.contains("the store is away"))
    );
}

#[tokio::test]
async fn evaluations_do_not_ask_the_control_store() {
    let (fake, app) = world();
    one(&app, "limit", json!({})).await;
    let begun = std::time::Instant::now();
    let before = fake.world().flag_looks;
    for _ in 0..500 {
        one(&app, "limit", json!({})).await;
    }
    // It is looked at four times a second, whatever is asked meanwhile.
    let looks = fake.world().flag_looks - before;
    let most = begun.elapsed().as_millis() / 250 + 2;
    assert!(looks as u128 <= most, "{looks} looks");
}

#[tokio::test]
async fn whoever_has_no_token_is_refused_and_either_header_takes_it() {
    let (fake, _) = world();
    let app = app(fake.server());
    let token = fake.token("shop", Role::Viewer);
    let got = one(&app, "limit", json!({})).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert_eq!(got.json()["key"], "limit");
    assert!(
        got.json()["errorDetails"].is_string()
            && got.header("www-authenticate").starts_with("Bearer")
    );
    let bearer = send(
        &app,
        request(&format!("{ALL}/limit"), Some(&token), Some(json!({}))),
    )
    .await;
    assert_eq!(bearer.status, StatusCode::OK);
    let mut asked = request(ALL, None, Some(json!({})));
    asked
        .headers_mut()
        .insert("x-api-key", token.parse().expect("a header"));
    assert_eq!(send(&app, asked).await.status, StatusCode::OK);
    let mut asked = request(ALL, None, Some(json!({})));
    asked
        .headers_mut()
        .insert("x-api-key", "turnback_wrong".parse().expect("a header"));
    assert_eq!(send(&app, asked).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_page_of_somebody_elses_is_refused_in_the_same_form() {
    let (_fake, app) = world();
    let mut asked = request(ALL, None, Some(json!({})));
    asked.headers_mut().insert(
        header::ORIGIN,
        "https://elsewhere.example".parse().expect("a header"),
    );
    let got = send(&app, asked).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    assert!(got.json()["errorDetails"].is_string() && got.json()["errorCode"] == "GENERAL");
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_ask_again() {
    let (fake, _) = world();
    let limits = Limits {
        evaluations: 0,
        ..Limits::default()
    };
    let app = app(fake.server_with(true, limits));
    let got = one(&app, "limit", json!({})).await;
    assert_eq!(
        (got.status, got.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "1")
    );
    assert!(
        got.json()["errorDetails"]
            .as_str()
            .is_some_and(|why| why.contains("in a second"))
    );
}

/// The next event of a stream, without signs of life.
async fn event(lines: &mut BodyDataStream) -> Value {
    loop {
        let next = tokio::time::timeout(std::time::Duration::from_secs(60), lines.next());
        let bytes = next
            .await
            .expect("an event")
            .expect("an open stream")
            .expect("a good frame");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
            assert!(text.contains("event: message"), "{text}");
            return serde_json::from_str(data).expect("JSON");
        }
    }
}

async fn listen(app: &Router, path: &str) -> (StatusCode, BodyDataStream) {
    let asked: Request<Body> = request(&format!("GET {path}"), None, None);
    let response = match app.clone().oneshot(asked).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    (response.status(), response.into_body().into_data_stream())
}

#[tokio::test]
async fn who_listens_is_told_of_changes_also_of_another_process() {
    let (fake, app) = world();
    let all = ask(&app, ALL, json!({ "targetingKey": "user-1" }))
        .await
        .json();
    let path = all["eventStreams"][0]["endpoint"]["requestUri"]
        .as_str()
        .expect("a path")
        .to_owned();
    let (status, mut lines) = listen(&app, &path).await;
    assert_eq!(status, StatusCode::OK);
    // At once: what has changed since it asked, it would never hear of otherwise.
    let first = event(&mut lines).await;
    assert_eq!(
        (&first["type"], &first["etag"]),
        (&json!("refetchEvaluation"), &json!("v7"))
    );
    assert!(
        first["lastModified"]
            .as_u64()
            .is_some_and(|seconds| seconds > 1_700_000_000)
    );

    change(&fake, &share("100%"));
    assert_eq!(event(&mut lines).await["etag"], "v8");
    let got = one(&app, "users-uuid", json!({ "targetingKey": "user-1" }))
        .await
        .json();
    assert_eq!(
        (&got["value"], &got["variant"]),
        (&json!(true), &json!("on"))
    );

    let off = send(
        &app,
        request(
            "POST /api/v1/flags/users-uuid/disable",
            None,
            Some(json!({})),
        ),
    )
    .await;
    assert_eq!(off.status, StatusCode::OK);
    assert_eq!(event(&mut lines).await["etag"], "v9");
}

#[tokio::test]
async fn who_comes_with_a_version_from_another_process_waits_for_it() {
    let (fake, app) = world();
    ask(&app, ALL, json!({ "targetingKey": "user-1" })).await;
    change(&fake, &share("100%"));
    let got = ask(
        &app,
        &format!("{ALL}?flagConfigEtag=v8&flagConfigLastModified=1"),
        json!({ "targetingKey": "user-1" }),
    )
    .await;
    let flags = got.json()["flags"].as_array().cloned().expect("flags");
    let flag = flags
        .iter()
        .find(|flag| flag["key"] == "users-uuid")
        .cloned();
    assert_eq!(flag.expect("it is there")["value"], json!(true));
}

#[tokio::test]
async fn the_stream_lets_in_who_was_told_its_address_and_nobody_else() {
    let (fake, _) = world();
    let app = app(fake.server());
    let token = fake.token("shop", Role::Viewer);
    let all = send(&app, request(ALL, Some(&token), Some(json!({}))))
        .await
        .json();
    let path = all["eventStreams"][0]["endpoint"]["requestUri"]
        .as_str()
        .expect("a path")
        .to_owned();
    assert_eq!(listen(&app, &path).await.0, StatusCode::OK);
    assert_eq!(
        listen(&app, "/ofrep/v1/events").await.0,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        listen(&app, "/ofrep/v1/events?channel=x").await.0,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn streams_end_when_the_process_does_and_are_not_more_than_it_bears() {
    let (fake, _) = world();
    let server = fake.server_with(
        true,
        Limits {
            listeners: 1,
            ..Limits::default()
        },
    );
    let app = app(server.clone());
    let (status, mut lines) = listen(&app, "/ofrep/v1/events").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        listen(&app, "/ofrep/v1/events").await.0,
        StatusCode::TOO_MANY_REQUESTS
    );
    event(&mut lines).await;
    server.events.close();
    assert!(lines.next().await.is_none());
}
