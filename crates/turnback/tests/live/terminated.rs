//! Sessions of the program that somebody ends, at any moment (`pg_terminate_backend`).

use turnback_testkit::{Cluster, Shape};

use crate::crash::rounds;
use crate::moment::Moment;
use crate::traffic::Traffic;
use crate::world::World;

/// Tries of one command while sessions are ended; the next one is left in peace.
const TRIES: u32 = 4;

/// Ends one session of the program, or all of them.
fn end_sessions(world: &World, rng: &mut fastrand::Rng) -> u32 {
    let ours = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'turnback'";
    let sessions = world
        .db
        .execute(&format!("SELECT count(*) {ours}"))
        .parse()
        .expect("a count");
    if sessions == 0 {
        return 0;
    }
    let which = match rng.u32(0..4) {
        0 => String::new(),
        _ => format!("OFFSET {} LIMIT 1", rng.u32(0..sessions)),
    };
    let ended = world.db.execute(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid {ours} ORDER BY pid {which}) s"
    ));
    ended.parse().expect("a count")
}

/// Sees a command through while its sessions are ended; gives how many were.
async fn seen_through(
    world: &World,
    arguments: &[&str],
    done: i32,
    steps: u32,
    rng: &mut fastrand::Rng,
) -> u32 {
    let mut ended = 0;
    for _ in 0..TRIES {
        let mut running = world.start(arguments);
        for _ in 0..rng.u32(1..=3) {
            Moment::draw(rng, steps / 2)
                .comes(world, &mut running)
                .await;
            if !running.is_over() {
                ended += end_sessions(world, rng);
            }
        }
        let ran = running.ended().await;
        println!("{arguments:?}: code {}, {ended} sessions ended", ran.code);
        if ran.code == done {
            return ended;
        }
        assert_eq!(ran.code, 4, "{}", ran.said);
        let said = ran.said.to_lowercase();
        assert!(said.contains("the same command"), "{}", ran.said);
    }
    world.must(arguments, done).await;
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_ended_at_any_moment_cost_a_reconnection_and_no_write() {
    let world = World::chat(Cluster::shared(), "terminated", 5_000).await;
    let (old, new) = (Shape::Old, World::new_shape("keys"));
    let mut traffic = Traffic::start(&world, &[(old.clone(), 3)]).await;
    let mut rng = fastrand::Rng::with_seed(traffic.seed());
    let mut ended = 0;
    for _ in 0..rounds().div_ceil(4) {
        ended += seen_through(&world, &["up"], 0, 60, &mut rng).await;
        traffic.join(&new, 1);
        traffic.work(50).await;
        traffic
            .verdict(&[&old, &new, &Shape::Public], &[(old.clone(), 3)])
            .await;
        let back = ["back", "--scope", "all", "--yes"];
        ended += seen_through(&world, &back, 5, 30, &mut rng).await;
        world.must_be_as_before();
    }
    assert!(ended > 0, "nothing was ended");
    world.must(&["up"], 0).await;
    traffic.switch(&old, &new).await;
    seen_through(&world, &["contract", "--yes"], 0, 20, &mut rng).await;
    assert_eq!(world.states(), "contracted");
    traffic.work(50).await;
    traffic.finish(&[&new, &Shape::Public]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_ended_while_it_looks_around_leaves_its_reader_with_a_next_step() {
    let world = World::chat(Cluster::shared(), "looking", 10).await;
    let policies = world
        .holding("LOCK TABLE pg_catalog.pg_policy IN ACCESS EXCLUSIVE MODE")
        .await;
    for arguments in [&["check"][..], &["plan"], &["up"]] {
        let running = world.start(arguments);
        let waiting = "FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'turnback' AND wait_event_type = 'Lock'";
        world
            .until(&format!("SELECT EXISTS (SELECT {waiting})"))
            .await;
        world
            .db
            .execute(&format!("SELECT pg_terminate_backend(pid) {waiting}"));
        let ran = running.ended().await;
        assert_eq!(ran.code, 4, "{arguments:?}: {}", ran.said);
        for words in ["is lost", "The database is safe", "The same command"] {
            assert!(ran.said.contains(words), "{words}: {}", ran.said);
        }
    }
    drop(policies);
    world.must(&["up"], 0).await;
}
