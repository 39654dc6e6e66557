//! A server that is slow, full, stopped or gone.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use turnback_core::guard::{BuiltIn, Probe, Reading};
use turnback_testkit::{Cluster, ClusterOptions};

use super::world::{LONG, World, failure, number, run, world, world_of};

const SCHEMA: &str = "CREATE TABLE users (id serial PRIMARY KEY)";
/// A guard's usual time limit, made short.
const SHORT: Duration = Duration::from_millis(500);

/// Reads with a short time limit; it has to end long before anything else would end it.
async fn hurried(world: &World, probe: &Probe) -> Reading {
    let reading = world.prober.read("guard", probe, &world.scope, SHORT);
    tokio::time::timeout(LONG, reading).await.unwrap().unwrap()
}

fn nap() -> Probe {
    Probe::Sql("SELECT 1 FROM (SELECT pg_sleep(3600)) s".to_owned())
}

#[tokio::test]
async fn a_query_that_takes_too_long_fails_and_the_server_ends_it() {
    let world = world("slow").await;
    let why = failure(hurried(&world, &nap()).await);
    assert!(
        why.contains("a longer `timeout`") || why.contains("within 0.5 s"),
        "{why}"
    );
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'pg_sleep' \
         AND datname = current_database() AND pid <> pg_backend_pid()";
    let deadline = Instant::now() + LONG;
    while world.db.execute(asleep) != "0" {
        assert!(Instant::now() < deadline, "the server goes on");
    }
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);
}

#[tokio::test]
async fn slow_probes_do_not_hold_up_quick_ones() {
    let world = world("lanes").await;
    let prober = world.prober.clone();
    let scope = world.scope.clone();
    let slow: Vec<_> = (0..6)
        .map(|_| {
            let (prober, scope) = (prober.clone(), scope.clone());
            tokio::spawn(async move { prober.read("slow", &nap(), &scope, LONG).await })
        })
        .collect();
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);
    for task in slow {
        task.abort();
    }
}

#[tokio::test]
async fn a_probe_that_stands_aside_gives_up_its_lock() {
    let world = world("aside").await;
    let (prober, scope) = (world.prober.clone(), world.scope.clone());
    let scan = Probe::Sql("SELECT count(*) FROM (SELECT pg_sleep(3600) FROM users) s".to_owned());
    let scan = tokio::spawn(async move { prober.read("scan", &scan, &scope, LONG).await.unwrap() });
    let held = "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()";
    let deadline = Instant::now() + LONG;
    while world.db.execute(held) != "1" {
        assert!(Instant::now() < deadline, "the scan does not begin");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.prober.stand_aside(&world.target).await.unwrap();
    let mut session = world.target.session().await.unwrap();
    run(
        &mut session,
        "SET lock_timeout = '10s'; BEGIN; LOCK TABLE public.users IN ACCESS EXCLUSIVE MODE; COMMIT",
    )
    .await;
    let why = failure(scan.await.unwrap());
    assert!(why.contains("canceling statement"), "{why}");
    // It runs again when it is asked again.
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);
}

#[tokio::test]
async fn a_server_that_stands_still_or_is_gone_is_heard_of_within_the_time_limit() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let world = world_of(&cluster, "still", SCHEMA).await;
    let look = Probe::BuiltIn(BuiltIn::LockWaits);
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);
    let pid_file = cluster.directory().unwrap().join("data/postmaster.pid");
    let postmaster = std::fs::read_to_string(pid_file).unwrap();
    let sessions = world
        .db
        .execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'turnback'");
    let processes: Vec<&str> = sessions.lines().chain(postmaster.lines().take(1)).collect();
    signal("-STOP", &processes);
    for _ in 0..2 {
        let why = failure(hurried(&world, &look).await);
        assert!(why.contains("did not answer within 0.5 s"), "{why}");
    }
    signal("-CONT", &processes);
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);

    cluster.crash().unwrap();
    for _ in 0..2 {
        let why = failure(hurried(&world, &look).await);
        assert!(why.contains("the server"), "{why}");
    }
    cluster.restart().unwrap();
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);
}

#[tokio::test]
async fn a_server_without_a_connection_left_says_so() {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let cluster = Cluster::start(ClusterOptions {
        settings: vec![
            setting("max_connections", "8"),
            setting("max_wal_senders", "0"),
        ],
        ..ClusterOptions::default()
    })
    .unwrap();
    let world = world_of(&cluster, "full", SCHEMA).await;
    let mut clients = Vec::new();
    while let Ok(client) = PgConnection::connect(world.db.url()).await {
        clients.push(client);
    }
    let why = failure(world.read(BuiltIn::Connections).await);
    assert!(why.contains("accepts no connection"), "{why}");
    clients.clear();
    world
        .until(BuiltIn::Connections, |reading| {
            matches!(reading, Reading::Measured(_))
        })
        .await;
}

fn signal(name: &str, processes: &[&str]) {
    let mut kill = std::process::Command::new("kill");
    assert!(kill.arg(name).args(processes).status().unwrap().success());
}
