//! A server that does not answer.

use std::process::Command;
use std::time::{Duration, Instant};

use turnback_testkit::{Cluster, ClusterOptions};

use crate::world::World;

/// Longer than any silence that must be noticed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server of which every process stands still until the value is dropped.
struct Frozen(Vec<String>);

impl Frozen {
    fn all_of(cluster: &Cluster, world: &World) -> Self {
        let directory = cluster.directory().expect("it is our own");
        let file = std::fs::read_to_string(directory.join("data/postmaster.pid"));
        let postmaster = file.expect("it runs").lines().next().map(str::to_owned);
        let others = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()";
        let mut processes: Vec<String> = postmaster.into_iter().collect();
        processes.extend(world.db.execute(others).lines().map(str::to_owned));
        let frozen = Self(processes);
        frozen.signal("-STOP");
        frozen
    }

    /// One that has ended by itself meanwhile is none of our business.
    fn signal(&self, signal: &str) {
        for process in &self.0 {
            let _ = Command::new("kill").args([signal, process]).output();
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_noticed_and_said_and_the_run_goes_on_when_it_answers() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster starts");
    let settings = "settings: { workers: 1, batch_time: 10ms, answer_timeout: 1s }";
    let world = World::with_settings(&cluster, "hang", 20_000, settings).await;
    let mut running = world.start(&["up"]);
    let moment = "SELECT EXISTS (SELECT FROM turnback.backfill WHERE step = 'fill.public.messages' AND rows > 500)";
    let reached = world.until_or_end(moment, &mut || running.is_over()).await;
    assert!(reached, "{}", running.said());
    let frozen = Frozen::all_of(&cluster, &world);
    let deadline = Instant::now() + PATIENCE;
    // Whether a batch was under way at that moment, or was about to ask for a session.
    let notices = |said: &str| {
        said.contains("the server has not answered for")
            || said.contains("no session with the server")
    };
    while !notices(&running.said()) {
        assert!(
            Instant::now() < deadline,
            "it says nothing: {}",
            running.said()
        );
        assert!(!running.is_over(), "{}", running.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(frozen);
    let ran = running.ended().await;
    println!("{}", ran.said);
    assert!(ran.code == 0 || ran.code == 4, "{}", ran.said);
    if ran.code == 4 {
        assert!(
            ran.said.contains("The same command goes on"),
            "{}",
            ran.said
        );
        world.must(&["up"], 0).await;
    }
    assert_eq!(world.states(), "cut_over");
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
}
