//! Whether it is alive, ready, and which it is.

use axum::http::StatusCode;
use turnback_server::model::Check;

use crate::fake::{Fake, app_of, request, send};

#[tokio::test]
async fn it_says_which_version_it_is() {
    let got = send(
        &app_of(&Fake::default()),
        request("GET /api/version", None, None),
    )
    .await;
    assert_eq!(got.json()["version"], "1.2.3");
}

#[tokio::test]
async fn it_is_ready_when_everything_holds_and_says_what_does_not() {
    let fake = Fake::default();
    let app = app_of(&fake);
    let got = send(&app, request("GET /ready", None, None)).await;
    assert_eq!(got.status, StatusCode::OK);
    fake.world().checks = vec![Check {
        name: "target".to_owned(),
        failure: Some("it is away".to_owned()),
    }];
    let got = send(&app, request("GET /ready", None, None)).await;
    assert_eq!(got.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(got.json()["checks"][0]["failure"], "it is away");
    assert!(got.header("retry-after").parse::<u32>().is_ok());
}
