//! Ctrl-C.

use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::World;

/// An index build of ours waits for somebody.
pub const BUILDING: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name = 'turnback' AND query LIKE 'CREATE%INDEX CONCURRENTLY%' AND wait_event_type = 'Lock')";

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_at_a_safe_point_and_says_how_to_go_on_and_how_to_go_back() {
    let world = World::chat(Cluster::shared(), "interrupt", 20_000).await;
    let mut traffic = Traffic::start(&world, &[(Shape::Old, 2)]).await;
    for step in ["columns.", "fill.public.users", "vacuum.", "foreign_key."] {
        let mut running = world.start(&["up"]);
        let done = format!("SELECT EXISTS (SELECT FROM turnback.step WHERE step LIKE '{step}%')");
        let reached = world.until_or_end(&done, &mut || running.is_over()).await;
        assert!(reached, "{}", running.said());
        running.signal("INT");
        let ran = running.ended().await;
        assert_eq!(ran.code, 4, "{}", ran.said);
        for words in ["safe point", "The same command goes on", "`turnback back`"] {
            assert!(ran.said.contains(words), "{words} is not in: {}", ran.said);
        }
        assert_eq!(world.states(), "expanding");
    }
    world.must(&["up"], 0).await;
    assert_eq!(world.states(), "cut_over");
    traffic
        .finish(&[&Shape::Old, &Shape::Public, &World::new_shape("keys")])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_a_long_statement_and_its_remains_are_removed_by_the_next_run() {
    let world = World::chat(Cluster::shared(), "long", 2_000).await;
    // An index build waits for every older snapshot.
    let mut reader = world.old_snapshot().await;
    let running = world.start(&["up"]);
    world.until(BUILDING).await;
    running.signal("INT");
    let ran = running.ended().await;
    assert_eq!(ran.code, 4, "{}", ran.said);
    let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(world.db.execute(invalid), "1");
    reader.end().await;
    world.must(&["up"], 0).await;
    assert_eq!(world.db.execute(invalid), "0");
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
}
