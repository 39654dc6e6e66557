//! Who may do what, with real tokens.

use reqwest::StatusCode;
use serde_json::json;
use turnback_testkit::Cluster;

use crate::serving::{Serving, token};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_do_what_it_may_and_a_revoked_token_nothing() {
    let world = World::chat(Cluster::shared(), "serve_roles", 100).await;
    let viewer = token(&world, "viewer", "viewer").await;
    let operator = token(&world, "operator", "operator").await;
    let approver = token(&world, "approver", "on-call").await;
    let serving = Serving::start(&world, &[]).await;
    let none = serving.ask("GET /api/v1/plan", None, None).await;
    assert_eq!(none.status, StatusCode::UNAUTHORIZED);
    // (what, viewer, operator, approver)
    let cases = [
        ("GET /api/v1/phases", 200, 200, 200),
        ("POST /api/v1/runs/99/stop", 403, 404, 404),
        ("POST /api/v1/questions/99/answer", 403, 403, 404),
    ];
    for (what, for_viewer, for_operator, for_approver) in cases {
        let body = match what {
            what if what.ends_with("answer") => Some(json!({ "answer": "hold" })),
            what if what.starts_with("POST") => Some(json!({})),
            _ => None,
        };
        for (token, status) in [
            (&viewer, for_viewer),
            (&operator, for_operator),
            (&approver, for_approver),
        ] {
            let got = serving.ask(what, Some(token), body.clone()).await;
            assert_eq!(got.status.as_u16(), status, "{what}: {}", got.body);
        }
    }
    let shown = world.must(&["token", "list"], 0).await;
    assert!(
        shown.contains("operator") && !shown.contains(&operator),
        "{shown}"
    );
    world.must(&["token", "revoke", "2"], 0).await;
    // It may be remembered for a moment.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while serving
        .ask("GET /api/v1/plan", Some(&operator), None)
        .await
        .status
        == StatusCode::OK
    {
        assert!(
            std::time::Instant::now() < deadline,
            "a revoked token is still good"
        );
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let audit = serving
        .ask("GET /api/v1/audit", Some(&viewer), None)
        .await
        .json();
    let [revoked, refused] = &audit.as_array().unwrap()[..2] else {
        panic!("two are there: {audit}");
    };
    assert_eq!(
        (&revoked["action"], &revoked["by"], &revoked["object"]),
        (
            &json!("token.revoke"),
            &json!("command line"),
            &json!("token 2")
        )
    );
    assert_eq!(
        (&refused["who"], &refused["outcome"]),
        (&json!("on-call"), &json!("refused"))
    );
    assert_eq!(serving.end().await.code, 0);
}
