//! What the cut-over and the way back cost, by size: their transactions, and the longest wait
//! of any client meanwhile.

use std::time::Duration;

use turnback_core::plan::Plan;
use turnback_core::scope::Scope;
use turnback_engine::{BackTo, Until, back, up};
use turnback_testkit::{Report as Window, Shape, Workload, WorkloadOptions};

use super::Failure;
use super::report::{Report, count};
use super::world::{CHAT_TABLES, World};

/// Clients of either shape, and what each does in a second.
const CLIENTS: (usize, f64) = (4, 50.0);
/// After a transition, for those who still wait to be seen.
const ECHO: Duration = Duration::from_millis(500);

/// There and back, for each number of rows.
pub async fn run(sizes: [u64; 3]) -> Result<Report, Failure> {
    let mut rows = Vec::new();
    for size in sizes {
        rows.push(measure(size).await?);
    }
    Ok(Report {
        title: "Cut-over and back",
        about: format!(
            "The demo's chat service (five tables, a composite key, messages that answer \
             messages) under {} clients of the old shape and as many of the new, each with {} \
             operations a second. The transaction is counted from having its locks to the answer \
             of COMMIT; the wait is the longest of any operation of any client.",
            CLIENTS.0, CLIENTS.1
        ),
        columns: vec![
            "rows",
            "cut-over",
            "longest wait",
            "back",
            "longest wait",
            "before any of it",
        ],
        rows,
    })
}

async fn measure(size: u64) -> Result<Vec<String>, Failure> {
    let world = World::chat(size).await?;
    let planned = world.plan("chat", &CHAT_TABLES).await?;
    let until = Until {
        phase: Some("keys".to_owned()),
        expanded_only: true,
    };
    planned
        .run("up", async |run, plan: &Plan| up(run, plan, &until).await)
        .await?;

    let options = WorkloadOptions {
        pace: Some(CLIENTS.1),
        ..WorkloadOptions::default()
    };
    let url = world.url("chat");
    let mut traffic = Workload::start(&url, &[(Shape::Old, CLIENTS.0)], options).await?;
    traffic.add(&Shape::new_in("public_keys"), CLIENTS.0);
    traffic.mark("start");
    tokio::time::sleep(ECHO * 4).await;
    let calm = traffic.mark("calm");
    let (forward, _) = planned
        .run("up", async |run, plan: &Plan| {
            up(run, plan, &Until::default()).await
        })
        .await?;
    tokio::time::sleep(ECHO).await;
    let over = traffic.mark("cut over");
    let (backward, _) = planned
        .run("back", async |run, _: &Plan| {
            back(run, &Scope::All, BackTo::OldShape).await
        })
        .await?;
    tokio::time::sleep(ECHO).await;
    let returned = traffic.mark("back");
    let outcome = traffic.stop().await;
    let errors = outcome.stats.error_count();
    if errors > 0 {
        return Err(format!("{errors} operations of clients failed: {}", outcome.stats).into());
    }
    let sum = |held: &[(String, f64)]| held.iter().map(|(_, millis)| millis).sum::<f64>();
    let wait = |window: &Window| millis(window.longest_stall().as_secs_f64() * 1_000.0);
    Ok(vec![
        count(size as f64),
        millis(sum(&forward.cut_overs)),
        wait(&over),
        millis(sum(&backward.swaps)),
        wait(&returned),
        wait(&calm),
    ])
}

fn millis(millis: f64) -> String {
    format!("{millis:.0} ms")
}
