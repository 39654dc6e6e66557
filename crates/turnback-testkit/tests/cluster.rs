//! A throw-away cluster comes up, survives a crash, and leaves nothing behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use turnback_testkit::{Binaries, Cluster, ClusterOptions};

#[test]
fn a_cluster_keeps_what_was_committed_across_a_crash_and_is_gone_after_drop() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let directory = cluster.directory().unwrap().to_owned();
    let database = cluster.database("crash");
    database.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000)");
    cluster.crash().unwrap();
    assert!(database.try_execute("SELECT 1").is_err());
    cluster.restart().unwrap();
    assert_eq!(database.execute("SELECT count(*) FROM t"), "1000");
    cluster.restart().unwrap();
    assert_eq!(database.execute("SHOW wal_level"), "logical");
    drop(database);
    drop(cluster);
    assert!(
        !directory.exists(),
        "{} is still there",
        directory.display()
    );
}

#[test]
fn a_database_is_dropped_with_its_value_although_sessions_are_in_it() {
    let cluster = Cluster::shared();
    let database = cluster.database("Odd name");
    let other = cluster.database("other");
    let count = format!(
        "SELECT count(*) FROM pg_database WHERE datname = '{}'",
        database.name()
    );
    let mut session = Command::new(cluster.binaries().program("psql"))
        .args(["-X", "-d", database.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let sessions = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'",
        database.name()
    );
    wait_until("the session is there", || other.execute(&sessions) == "1");
    assert_eq!(other.execute(&count), "1");
    drop(database);
    assert_eq!(other.execute(&count), "0");
    drop(session.stdin.take());
    session.wait().unwrap();
}

/// A process that has started a cluster, and the cluster.
fn throw_away() -> (Child, Cluster) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_turnback-throwaway"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut url = String::new();
    BufReader::new(process.stdout.take().expect("it is piped"))
        .read_line(&mut url)
        .expect("it says where the cluster is");
    let cluster = Cluster::borrow(url.trim()).expect("that is a URL");
    (process, cluster)
}

#[test]
fn nothing_stays_when_the_process_that_started_a_cluster_is_killed() {
    let (mut process, cluster) = throw_away();
    let directory = cluster
        .try_database("first")
        .unwrap()
        .execute("SHOW data_directory");
    assert!(std::path::Path::new(&directory).exists());
    process.kill().unwrap();
    process.wait().unwrap();
    wait_until("the directory is gone", || {
        !std::path::Path::new(&directory).exists()
    });
    assert!(cluster.try_database("second").is_err());
    assert!(cluster.crash().is_err());
}

#[test]
fn a_server_that_stands_still_goes_with_the_process_that_started_it() {
    let (mut process, cluster) = throw_away();
    let database = cluster.try_database("frozen").unwrap();
    let directory = database.execute("SHOW data_directory");
    let file = std::fs::read_to_string(format!("{directory}/postmaster.pid")).unwrap();
    let others = database.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()");
    let postmaster = file.lines().next().unwrap();
    for pid in std::iter::once(postmaster).chain(others.lines()) {
        let stopped = Command::new("kill").args(["-STOP", pid]).status().unwrap();
        assert!(stopped.success() || pid != postmaster);
    }
    process.kill().unwrap();
    process.wait().unwrap();
    wait_until("the directory is gone", || {
        !std::path::Path::new(&directory).exists()
    });
    // Its last deed is to remove its file; then it ends. Whether anybody asks how is not ours.
    wait_until("the server is gone", || {
        let there = Command::new("kill").args(["-0", postmaster]).output();
        let state = std::fs::read_to_string(format!("/proc/{postmaster}/stat"));
        !there.unwrap().status.success() || state.is_ok_and(|state| state.contains(") Z "))
    });
}

#[test]
fn a_dump_shows_what_differs_and_nothing_else() {
    let database = Cluster::shared().database("dump");
    database.execute("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y')");
    database.execute("CREATE SCHEMA aside; CREATE TABLE aside.u (a int)");
    let before = database.dump(&["aside"]);
    assert!(before.contains(" public.t") && !before.contains("aside"));
    // Another place in the heap, same content.
    database.execute("UPDATE t SET b = 'x' WHERE a = 1");
    database.execute("DROP SCHEMA aside CASCADE");
    assert_eq!(before, database.dump(&[]));
    database.execute("UPDATE t SET b = 'z' WHERE a = 1");
    assert_ne!(before, database.dump(&[]));
}

#[test]
fn installed_binaries_tell_their_version() {
    let all = Binaries::all().unwrap();
    assert_eq!(all.first(), Binaries::find().ok().as_ref());
    assert!(
        all.iter()
            .all(|binaries| binaries.major_version() >= Some(14))
    );
}

#[allow(
    clippy::disallowed_methods,
    reason = "no runtime here, and a pause between two looks"
)]
fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "waited a minute until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
