//! How little it takes: with a thousand guards it starts and stays small.

use std::fmt::Write as _;
use std::time::Instant;

use reqwest::StatusCode;
use turnback_testkit::Cluster;

use crate::serving::Serving;
use crate::world::World;

/// What it may take, in kB.
const MOST: u64 = 64 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_thousand_guards_it_stays_small() {
    let world = World::chat(Cluster::shared(), "serve_small", 100).await;
    let mut plan = "phases:
  - id: keys
    operations:
      - convert_key: { table: users, to: uuid }
guards:
"
    .to_owned();
    for guard in 0..1_000 {
        let _ = writeln!(
            plan,
            "  g{guard}: {{ sql: SELECT {guard}, critical: \"> 5000\" }}"
        );
    }
    world.write_plan(&plan);
    let begun = Instant::now();
    let serving = Serving::start(&world, &[]).await;
    let took = begun.elapsed();
    let guards = serving.ask("GET /api/v1/guards", None, None).await;
    assert_eq!(guards.json().as_array().map(Vec::len), Some(1_000));
    for path in ["/metrics", "/ready", "/api/v1/phases"] {
        let got = serving.ask(&format!("GET {path}"), None, None).await;
        assert_eq!(got.status, StatusCode::OK, "{path}: {}", got.body);
    }
    let status = format!("/proc/{}/status", serving.running.pid());
    let Ok(status) = std::fs::read_to_string(status) else {
        eprintln!("skipped: this system does not tell what a process takes");
        return;
    };
    let most = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kilobytes| kilobytes.parse::<u64>().ok())
        .expect("Linux tells it");
    eprintln!("1000 guards: listening after {took:?}, {most} kB at most");
    assert!(most < MOST, "{most} kB");
    assert_eq!(serving.end().await.code, 0);
}
