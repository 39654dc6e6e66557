//! A crash of the server.

use turnback_testkit::{Cluster, ClusterOptions, Shape};

use crate::traffic::Traffic;
use crate::world::World;

/// Starts a command, crashes the server at a moment, and sees the command through.
async fn crash_during(cluster: &Cluster, world: &World, arguments: &[&str], moment: &str) {
    let mut running = world.start(arguments);
    let reached = world.until_or_end(moment, &mut || running.is_over()).await;
    assert!(reached, "{moment}: {}", running.said());
    cluster.crash().expect("the server runs");
    cluster.restart().expect("the server comes back");
    let ran = running.ended().await;
    println!(
        "{arguments:?} ended with {} after a crash at {moment}",
        ran.code
    );
    assert!(ran.code == 0 || ran.code == 4, "{}", ran.said);
    if ran.code == 4 {
        assert!(
            ran.said.contains("The same command goes on"),
            "{}",
            ran.said
        );
        world.must(arguments, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_loses_no_write_and_the_run_goes_on() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster starts");
    let settings = "settings: { workers: 1, batch_time: 10ms }";
    let world = World::with_settings(&cluster, "server", 40_000, settings).await;
    let (old, new) = (Shape::Old, World::new_shape("keys"));
    let mut traffic = Traffic::start(&world, &[(old.clone(), 3)]).await;
    let steps = "SELECT EXISTS (SELECT FROM turnback.step WHERE step LIKE";
    for moment in [
        "SELECT EXISTS (SELECT FROM turnback.backfill WHERE step = 'fill.public.messages' AND rows > 2000)".to_owned(),
        format!("{steps} 'index.%')"),
        format!("{steps} 'cut_over')"),
    ] {
        crash_during(&cluster, &world, &["up"], &moment).await;
        traffic.join(&new, 2);
        traffic.work(50).await;
        traffic
            .verdict(&[&old, &new, &Shape::Public], &[(old.clone(), 3)])
            .await;
        world.must(&["back", "--yes"], 5).await;
        world.must_be_as_before();
    }
    world.must(&["up"], 0).await;
    traffic.switch(&old, &new).await;
    let copying = "SELECT EXISTS (SELECT FROM turnback.backfill WHERE step LIKE 'archive_keys.public.messages%' AND rows > 2000)";
    crash_during(&cluster, &world, &["contract", "--yes"], copying).await;
    assert_eq!(world.states(), "contracted");
    traffic.work(50).await;
    traffic.finish(&[&new, &Shape::Public]).await;
}
