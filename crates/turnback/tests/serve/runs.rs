//! Runs: asked for over HTTP, carried out as by the command line, gone on with after a kill.

use reqwest::StatusCode;
use serde_json::json;
use turnback_testkit::Cluster;

use crate::serving::Serving;
use crate::watched::{CUT_OVER, Watched};
use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_goes_up_by_api_and_back_again() {
    let world = World::chat(Cluster::shared(), "serve_up_back", 500).await;
    let mut serving = Serving::start(&world, &[]).await;
    let up = serving.order(json!({ "command": "up" })).await;
    let ended = serving.ended(up).await;
    assert_eq!(ended["exit_code"], 0, "{ended}");
    assert_eq!(world.states(), "cut_over");
    let way = serving.ask("GET /api/v1/back", None, None).await.json();
    assert_eq!(way["phases"][0]["phase"], "keys");
    assert_eq!(way["catalog_only"], true);
    let back = serving
        .ask("POST /api/v1/back", None, Some(json!({ "why": "enough" })))
        .await;
    assert_eq!(back.status, StatusCode::ACCEPTED, "{}", back.body);
    let ended = serving.ended(back.json()["number"].as_i64().unwrap()).await;
    assert_eq!(ended["exit_code"], 5, "{ended}");
    world.must_be_as_before();
    let journal = serving
        .ask("GET /api/v1/journal?after=0&most=1000", None, None)
        .await;
    let because = journal.json().to_string();
    assert!(
        because.contains("local user asked for it: enough"),
        "{because}"
    );
    let audit = serving.ask("GET /api/v1/audit", None, None).await.json();
    assert_eq!(audit[0]["action"], "run.start");
    assert_eq!(audit[0]["why"], "enough");
    let incidents = serving
        .ask("GET /api/v1/incidents", None, None)
        .await
        .json();
    let number = incidents[0]["number"]
        .as_u64()
        .expect("turning back is an incident");
    let report = serving
        .ask(
            &format!("GET /api/v1/incidents/{number}/report"),
            None,
            None,
        )
        .await;
    assert_eq!(report.status, StatusCode::OK);
    assert!(report.body.contains("<html"), "{}", report.body);
    assert_eq!(serving.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_back_is_taken_on_while_a_phase_bakes_and_nothing_else_is() {
    let watched = Watched::new("serve_back", "critical: \"> 5\"", "do: notify").await;
    let world = &watched.world;
    let mut serving = Serving::start(world, &[]).await;
    let up = serving.order(json!({ "command": "up" })).await;
    world.until(CUT_OVER).await;
    let order = json!({ "order": { "command": "contract" } });
    let refused = serving.ask("POST /api/v1/runs", None, Some(order)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        refused.body.contains(&format!("run {up}")),
        "{}",
        refused.body
    );
    let back = serving.order(json!({ "command": "back" })).await;
    let stopped = serving.ended(up).await;
    assert_eq!(stopped["exit_code"], 4, "{stopped}");
    assert_eq!(stopped["stopped_by"], "local user");
    let ended = serving.ended(back).await;
    assert_eq!(ended["exit_code"], 5, "{ended}");
    assert_eq!(serving.end().await.code, 0);
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_breach_turns_back_and_the_run_says_so() {
    let watched = Watched::new(
        "serve_breach",
        "critical: \"> 5\"",
        "do: rollback, scope: current",
    )
    .await;
    let world = &watched.world;
    let mut serving = Serving::start(world, &[]).await;
    let up = serving.order(json!({ "command": "up" })).await;
    world.until(CUT_OVER).await;
    watched.measures("9");
    serving.running.until_said("turning back keys").await;
    watched.measures("0");
    let ended = serving.ended(up).await;
    assert_eq!(ended["exit_code"], 5, "{ended}");
    let guards = serving.ask("GET /api/v1/guards", None, None).await.json();
    assert_eq!(guards[0]["terms"]["critical_at"], 5.0);
    let samples = serving
        .ask("GET /api/v1/guards/errors/samples", None, None)
        .await
        .json();
    let last = samples["samples"]
        .as_array()
        .unwrap()
        .iter()
        .any(|s| s["values"][0] == 9.0);
    assert!(last, "{samples}");
    assert_eq!(serving.end().await.code, 0);
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_kill_cut_off_is_gone_on_with_by_the_next_process() {
    let world = World::with_settings(
        Cluster::shared(),
        "serve_kill",
        3_000,
        "settings: { batch_time: 5ms, workers: 1 }",
    )
    .await;
    let serving = Serving::start(&world, &[]).await;
    let up = serving.order(json!({ "command": "up" })).await;
    world.until("SELECT count(*) > 3 FROM turnback.step").await;
    serving.running.killed().await;
    let mut serving = Serving::start(&world, &[]).await;
    let ended = serving.ended(up).await;
    assert_eq!(ended["exit_code"], 0, "{ended}");
    assert_eq!(ended["resumed"], 1);
    assert_eq!(world.states(), "cut_over");
    assert_eq!(serving.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_asked_to_end_leaves_its_run_to_the_next() {
    let watched = Watched::new("serve_term", "critical: \"> 5\"", "do: notify").await;
    let world = &watched.world;
    let serving = Serving::start(world, &[]).await;
    let up = serving.order(json!({ "command": "up" })).await;
    world.until(CUT_OVER).await;
    let ran = serving.end().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    let mut serving = Serving::start(world, &[]).await;
    let stop = serving
        .ask(
            &format!("POST /api/v1/runs/{up}/stop"),
            None,
            Some(json!({ "why": "enough" })),
        )
        .await;
    assert_eq!(stop.status, StatusCode::ACCEPTED, "{}", stop.body);
    let ended = serving.ended(up).await;
    assert_eq!(ended["exit_code"], 4, "{ended}");
    assert_eq!(world.states(), "cut_over");
    assert_eq!(serving.end().await.code, 0);
}
