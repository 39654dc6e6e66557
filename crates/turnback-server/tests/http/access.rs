//! Who comes in.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use turnback_server::access::{COOKIE, Role, sign_in, sign_out};
use turnback_server::{Limits, app};

use crate::fake::{Fake, app_of, request, send};

#[tokio::test]
async fn without_a_token_only_this_machine_comes_in_and_only_by_its_own_names() {
    let fake = Fake::default();
    let app = app_of(&fake);
    let got = send(&app, request("GET /api/v1/plan", None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    let rebound = Request::builder()
        .uri("/api/v1/plan")
        .header(header::HOST, "evil.example:7432")
        .body(Body::empty())
        .unwrap();
    assert_eq!(send(&app, rebound).await.status, StatusCode::FORBIDDEN);
    fake.token("on-call", Role::Viewer);
    let app = app_of(&fake);
    let got = send(&app, request("GET /api/v1/plan", None, None)).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_process_that_listens_elsewhere_lets_nobody_in_without_a_token() {
    let fake = Fake::default();
    let app = app(fake.server_with(false, Limits::default()));
    let got = send(&app, request("GET /api/v1/plan", None, None)).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
    assert!(got.header("www-authenticate").starts_with("Bearer"));
    let token = fake.token("on-call", Role::Viewer);
    let got = send(&app, request("GET /api/v1/plan", Some(&token), None)).await;
    assert_eq!(got.status, StatusCode::OK);
    let got = send(
        &app,
        request("GET /api/v1/plan", Some("turnback_guess"), None),
    )
    .await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_is_opened_with_a_token_and_closed() {
    let fake = Fake::default();
    let token = fake.token("on-call", Role::Operator);
    let server = fake.server();
    assert!(sign_in(&server, "turnback_guess", true).await.is_err());
    let cookie = sign_in(&server, &token, true).await.unwrap();
    for wanted in [COOKIE, "HttpOnly", "SameSite=Strict", "Secure"] {
        assert!(cookie.contains(wanted), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap().to_owned();
    let app = app(server.clone());
    let with_cookie = || {
        Request::builder()
            .uri("/api/v1/plan")
            .header(header::COOKIE, &pair)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(send(&app, with_cookie()).await.status, StatusCode::OK);
    let gone = sign_out(&server, with_cookie().headers(), true)
        .await
        .unwrap();
    assert!(gone.contains("Max-Age=0"), "{gone}");
    let got = send(&app, with_cookie()).await;
    assert_eq!(got.status, StatusCode::UNAUTHORIZED);
}
