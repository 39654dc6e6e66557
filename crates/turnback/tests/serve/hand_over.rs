//! A run that is handed over is followed to its end, with its exit code.

use turnback_testkit::Cluster;

use crate::serving::{Serving, token};
use crate::watched::{CUT_OVER, Watched};
use crate::world::{Running, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_handed_over_ends_with_its_own_exit_code() {
    let watched = Watched::new(
        "serve_hand",
        "critical: \"> 5\"",
        "do: rollback, scope: current",
    )
    .await;
    let world = &watched.world;
    let operator = token(world, "operator", "operator").await;
    let serving = Serving::start(world, &[]).await;
    let up = ["up", "--hand-to", serving.url.as_str(), "--why", "a ticket"];
    let said = world.must(&up, 2).await;
    assert!(said.contains("TURNBACK_TOKEN"), "{said}");
    let mut command = world.command(&up);
    command.env("TURNBACK_TOKEN", &operator);
    let mut handed = Running::start(command);
    world.until(CUT_OVER).await;
    watched.measures("9");
    handed.until_said("turning back keys").await;
    watched.measures("0");
    let ran = handed.ended().await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(
        ran.said.contains("run 1 is in the hands of"),
        "{}",
        ran.said
    );
    assert!(!ran.said.contains(&operator), "{}", ran.said);
    let run = serving
        .ask("GET /api/v1/runs/1", Some(&operator), None)
        .await
        .json();
    assert_eq!(
        (run["asked_by"].as_str(), run["why"].as_str()),
        (Some("operator"), Some("a ticket"))
    );
    assert_eq!(serving.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_not_there_touches_nothing() {
    let world = World::chat(Cluster::shared(), "serve_nobody", 100).await;
    let said = world
        .must(&["up", "--hand-to", "http://127.0.0.1:1"], 4)
        .await;
    assert!(said.contains("Nothing was touched"), "{said}");
}
