//! One controller at a time.

use turnback_testkit::Cluster;

use crate::interrupt::BUILDING;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_is_refused_until_the_first_is_gone() {
    let world = World::chat(Cluster::shared(), "second", 2_000).await;
    let mut reader = world.old_snapshot().await;
    let first = world.start(&["up"]);
    world.until(BUILDING).await;
    for arguments in [
        ["up"].as_slice(),
        &["back", "--yes"],
        &["contract", "--yes"],
    ] {
        let refused = world.must(arguments, 4).await;
        let holder = format!("turnback up of plan chat, process {}", first.pid());
        assert!(refused.contains(&holder), "{refused}");
        assert!(refused.contains("kill -INT"), "{refused}");
    }
    first.killed().await;
    let second = world.start(&["up"]);
    world
        .until("SELECT epoch = 2 AND holder IS NOT NULL FROM turnback.lease")
        .await;
    reader.end().await;
    let ran = second.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_stood_still_is_succeeded_and_can_change_nothing_afterwards() {
    // Where the first stands still: in a long statement, and between tries for a lock.
    for (name, on_table) in [("statement", false), ("lock", true)] {
        let world = World::chat(Cluster::shared(), name, 2_000).await;
        let (mut reader, moment) = if on_table {
            let refused = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                           AND application_name = 'turnback' AND wait_event_type = 'Lock')";
            (world.holding("SELECT count(*) FROM users").await, refused)
        } else {
            (world.old_snapshot().await, BUILDING)
        };
        let first = world.start(&["up"]);
        world.until(moment).await;
        first.signal("STOP");
        // As if the silence limit had passed.
        world
            .db
            .execute("UPDATE turnback.lease SET heartbeat = heartbeat - interval '1 minute'");
        let second = world.start(&["up"]);
        world.until("SELECT epoch = 2 FROM turnback.lease").await;
        reader.end().await;
        let ran = second.ended().await;
        assert_eq!(ran.code, 0, "{}", ran.said);
        let after = world.ledger();
        first.signal("CONT");
        let ran = first.ended().await;
        println!("{}", ran.said);
        assert_eq!(ran.code, 4, "{}", ran.said);
        assert!(ran.said.contains("has taken over"), "{}", ran.said);
        assert_eq!(world.ledger(), after, "the late one has left a trace");
        world.must(&["back", "--yes"], 5).await;
        world.must_be_as_before();
    }
}
