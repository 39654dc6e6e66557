//! It starts when all is well, and says all that is not.

use reqwest::StatusCode;
use turnback_testkit::Cluster;

use crate::serving::{Serving, token};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_starts_shows_its_settings_without_secrets_and_ends_cleanly() {
    let world = World::chat(Cluster::shared(), "serve_start", 100).await;
    let serving = Serving::start(&world, &[]).await;
    for path in ["/health", "/ready", "/api/version", "/api/v1/plan"] {
        let got = serving.ask(&format!("GET {path}"), None, None).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.body);
    }
    let phases = serving.ask("GET /api/v1/phases", None, None).await.json();
    assert_eq!(phases[0]["id"], "keys");
    assert_eq!(phases[0]["state"], "pending");
    assert_eq!(phases[0]["can"][0]["command"], "up");
    let ran = serving.end().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert!(
        ran.said
            .contains("whoever is on this machine may do everything"),
        "{}",
        ran.said
    );
    assert!(ran.said.contains("store "), "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_is_wrong_is_said_at_once() {
    let world = World::chat(Cluster::shared(), "serve_wrong", 100).await;
    std::fs::write(world.path("file"), "no directory").unwrap();
    let ran = world
        .run(&[
            "serve",
            "--listen",
            "192.0.2.1:1",
            "--store",
            "file/journal.db",
            "--target",
            "postgres://nobody:hush@127.0.0.1:1/none",
            "--tls-cert",
            "none.pem",
            "--tls-key",
            "none.pem",
        ])
        .await;
    assert_eq!(ran.code, 2, "{}", ran.said);
    for named in [
        "4 things stand in the way",
        "target:",
        "store:",
        "tls:",
        "listen:",
    ] {
        assert!(ran.said.contains(named), "{named}: {}", ran.said);
    }
    assert!(!ran.said.contains("hush"), "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elsewhere_than_on_this_machine_it_listens_only_with_a_token() {
    let world = World::chat(Cluster::shared(), "serve_elsewhere", 100).await;
    let check = ["serve", "--check", "--listen", "0.0.0.0:0"];
    let said = world.must(&check, 2).await;
    assert!(said.contains("turnback token create"), "{said}");
    token(&world, "viewer", "on-call").await;
    let said = world.must(&check, 0).await;
    assert!(said.contains("Nothing stands in the way"), "{said}");
}
