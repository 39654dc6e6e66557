//! How long it takes from a fault that a guard sees until the database shows the old shape, by
//! size.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use turnback_core::guard::{Guard, Moment, Reading, Value};
use turnback_core::plan::Plan;
use turnback_core::state::PhaseState;
use turnback_engine::Until;
use turnback_engine::watch::{Probes, Scene, TurnedBack, WatchedEnd, Watchers, up_watched};
use turnback_testkit::{Shape, Workload, WorkloadOptions};

use super::Failure;
use super::report::{Report, count};
use super::world::{CHAT_TABLES, World};

/// Clients of the old shape, and what each does in a second.
const CLIENTS: (usize, f64) = (4, 50.0);
/// Under the plan of the other benchmarks.
const GUARDS: &str = "    bake: 1h\nguards:\n  fault: { command: { run: [none], measure: number }, \
     critical: \"> 0\", interval: 100ms, for: 1 of 1 }\ndecisions:\n  \
     - { when: { level: critical }, do: rollback }\n";
/// How long it bakes before the fault.
const BAKED: Duration = Duration::from_secs(1);

/// A probe that says whether there is a fault, at once: what is timed is turnback.
#[derive(Clone, Default)]
struct Fault(Arc<AtomicBool>);

impl Probes for Fault {
    async fn read(&self, _: &Guard, _: &Scene) -> Reading {
        Reading::Measured(vec![Value {
            object: None,
            value: f64::from(u8::from(self.0.load(Ordering::SeqCst))),
        }])
    }
}

/// A fault while it bakes, for each number of rows.
pub async fn run(sizes: [u64; 3]) -> Result<Report, Failure> {
    let mut rows = Vec::new();
    for size in sizes {
        rows.push(measure(size).await?);
    }
    Ok(Report {
        title: "From a fault to the old shape, by itself",
        about: format!(
            "The same under {} clients of the old shape; while the phase bakes, a probe that is \
             asked every 100 ms begins to say that something is wrong. `decision`: from the fault \
             to what the matrix says; the longest of it is the wait for the next sample. `old \
             shape`: from the decision until `public` shows it. `all of it`: until the new shape \
             is dropped, and that is proven.",
            CLIENTS.0
        ),
        columns: vec![
            "rows",
            "decision",
            "old shape",
            "all of it",
            "longest wait of a client",
        ],
        rows,
    })
}

async fn measure(size: u64) -> Result<Vec<String>, Failure> {
    let world = World::chat(size).await?;
    let planned = world.plan_with("chat", &CHAT_TABLES, GUARDS).await?;
    let options = WorkloadOptions {
        pace: Some(CLIENTS.1),
        ..WorkloadOptions::default()
    };
    let url = world.url("chat");
    let traffic = Workload::start(&url, &[(Shape::Old, CLIENTS.0)], options).await?;
    let fault = Fault::default();
    let baking = planned.becomes(PhaseState::CutOver);
    let injected = async {
        baking.await;
        tokio::time::sleep(BAKED).await;
        traffic.mark("baking");
        fault.0.store(true, Ordering::SeqCst);
        let at = Instant::now();
        // The old shape knows nothing of it.
        planned.becomes(PhaseState::Withdrawing).await;
        fault.0.store(false, Ordering::SeqCst);
        at
    };
    let watched = async {
        let (end, _) = planned
            .run("up", async |run, plan: &Plan| {
                let watchers = Watchers {
                    guards: plan.guards.clone(),
                    matrix: plan.decisions.clone(),
                    probes: fault.clone(),
                    store: run.journal.clone(),
                    now,
                };
                up_watched(run, plan, &Until::default(), &watchers).await
            })
            .await?;
        Ok::<_, Failure>((end, Instant::now()))
    };
    let (at, ended) = tokio::join!(injected, watched);
    let (end, ended) = ended?;
    let turned: Box<TurnedBack> = match end {
        WatchedEnd::TurnedBack(turned) => turned,
        WatchedEnd::Forward(_) => return Err("the fault was not seen".into()),
    };
    let returned = traffic.mark("turned back");
    let outcome = traffic.stop().await;
    let errors = outcome.stats.error_count();
    if errors > 0 {
        return Err(format!("{errors} operations of clients failed: {}", outcome.stats).into());
    }
    let all = ended - at;
    let decision = turned.decided - at;
    Ok(vec![
        count(size as f64),
        millis(decision),
        millis(Duration::from_millis(
            turned.recovery.back.millis_to_old_shape,
        )),
        millis(all),
        millis(returned.longest_stall()),
    ])
}

fn now() -> Moment {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1_000.0)
}
