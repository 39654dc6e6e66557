//! What a browser sends by itself changes something only from a page of ours.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use turnback_server::access::{Actor, CSRF_HEADER, Role, sign_in};
use turnback_server::app;

use crate::fake::{Fake, app_of, request, send};

fn start() -> Request<Body> {
    let order = json!({ "order": { "command": "back" } });
    request("POST /api/v1/runs", None, Some(order))
}

#[tokio::test]
async fn a_session_changes_something_only_with_what_our_pages_know() {
    let fake = Fake::default();
    let token = fake.token("operator", Role::Operator);
    let server = fake.server();
    let cookie = sign_in(&server, &token, false).await.unwrap();
    let pair = cookie.split(';').next().unwrap().to_owned();
    let app = app(server.clone());
    let with = |csrf: Option<&str>| {
        let mut request = start();
        let headers = request.headers_mut();
        headers.insert(header::COOKIE, pair.parse().unwrap());
        if let Some(csrf) = csrf {
            headers.insert(CSRF_HEADER, csrf.parse().unwrap());
        }
        request
    };
    let got = send(&app, with(None)).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN, "{}", got.body);
    let got = send(&app, with(Some("a guess"))).await;
    assert_eq!(got.status, StatusCode::FORBIDDEN);
    let (parts, _) = with(None).into_parts();
    let actor = Actor::of(&parts, &server).await.unwrap();
    let got = send(&app, with(Some(&actor.csrf))).await;
    assert_eq!(got.status, StatusCode::ACCEPTED, "{}", got.body);
    let audit = &fake.world().audit;
    assert_eq!((audit.len(), audit[0].by.as_str()), (1, "session"));
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_use_that_this_machine_is_open() {
    let app = app_of(&Fake::default());
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let mut request = start();
        request.headers_mut().insert(name, value.parse().unwrap());
        let got = send(&app, request).await;
        assert_eq!(got.status, StatusCode::FORBIDDEN, "{name}");
    }
    let mut own = start();
    let headers = own.headers_mut();
    headers.insert("origin", "http://127.0.0.1:7432".parse().unwrap());
    headers.insert("sec-fetch-site", "same-origin".parse().unwrap());
    assert_eq!(send(&app, own).await.status, StatusCode::ACCEPTED);
}
