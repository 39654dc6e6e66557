//! Others hold what turnback needs.

use std::collections::BTreeMap;
use std::time::Duration;

use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_long_transaction_is_named_and_traffic_goes_on_around_it() {
    let settings = "settings: { lock_attempts: 3 }";
    let world = World::with_settings(Cluster::shared(), "locked", 10_000, settings).await;
    let mut traffic = Traffic::start(&world, &[(Shape::Old, 4)]).await;
    let mut reader = world
        .holding("SELECT count(*) AS all_of_them FROM users")
        .await;
    let (said, report) = traffic
        .during("up, locked out", world.must(&["up"], 4))
        .await;
    for words in [
        &format!("pid {}", reader.pid),
        "reports",
        "all_of_them",
        "idle in transaction",
        "try 1 of 3",
        "try 3 of 3",
        "The same command goes on",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    // Two writers may queue one after the other behind one try; more do not.
    assert!(report.longest_stall() < Duration::from_secs(1), "{report}");
    reader.end().await;
    traffic.through(&["up"], 0).await;
    // The same on the way back, and in contract.
    for (arguments, done) in [(["back", "--yes"], 5), (["contract", "--yes"], 0)] {
        let mut reader = world.holding("SELECT count(*) FROM users").await;
        let report = traffic.through(&arguments, 4).await;
        assert!(report.longest_stall() < Duration::from_secs(1), "{report}");
        reader.end().await;
        if done == 5 {
            traffic.through(&arguments, done).await;
            world.must_be_as_before();
            traffic.through(&["up"], 0).await;
        } else {
            traffic.switch(&Shape::Old, &World::new_shape("keys")).await;
            traffic.through(&arguments, done).await;
        }
    }
    traffic.work(50).await;
    traffic.finish(&[&Shape::Public]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backfill_goes_round_a_row_that_a_client_holds_and_takes_it_later() {
    let world = World::chat(Cluster::shared(), "row", 40_000).await;
    let running = world.start(&["up"]);
    let mut client = world.client().await;
    world
        .until("SELECT EXISTS (SELECT FROM turnback.step WHERE step = 'columns.public.messages')")
        .await;
    client
        .begin("SELECT id FROM messages ORDER BY ctid DESC LIMIT 1 FOR UPDATE")
        .await;
    world
        .until("SELECT EXISTS (SELECT FROM turnback.step WHERE step = 'fill.public.messages')")
        .await;
    let unfilled = "SELECT count(*) FROM messages WHERE id_turnback_new IS NULL";
    assert_eq!(world.db.execute(unfilled), "1");
    client.end().await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!(
        world
            .db
            .execute("SELECT count(*) FROM messages WHERE id IS NULL"),
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_of_the_users_own_lets_go_of_a_lock_that_it_cannot_have() {
    let world = World::chat(Cluster::shared(), "own_sql", 1_000).await;
    world.write_plan(
        "settings: { lock_attempts: 3 }\nphases:\n  - id: p\n    operations:\n      - sql: { up: ALTER TABLE users ADD COLUMN age int, down: ALTER TABLE users DROP COLUMN age }\n",
    );
    let mut traffic = Traffic::start(&world, &[(Shape::Old, 4)]).await;
    let mut reader = world.holding("SELECT count(*) FROM users").await;
    let (said, report) = traffic
        .during("up, locked out", world.must(&["up"], 4))
        .await;
    assert!(said.contains(&format!("pid {}", reader.pid)), "{said}");
    assert!(report.longest_stall() < Duration::from_secs(1), "{report}");
    reader.end().await;
    traffic.through(&["up"], 0).await;
    traffic.through(&["back", "--yes"], 5).await;
    traffic.finish(&[&Shape::Public]).await;
    world.must_be_as_before();
}

/// Whoever makes a lock stronger while clients wait for it is in a deadlock with those of them
/// that hold a weaker one, and PostgreSQL ends theirs at once.
#[tokio::test(flavor = "multi_thread")]
async fn no_table_is_locked_more_strongly_on_the_way_than_at_the_beginning() {
    let world = World::busy(Cluster::shared(), "stronger", 300).await;
    let planned = world.must(&["plan", "--json"], 0).await;
    let planned: serde_json::Value = serde_json::from_str(&planned).expect("it is JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let mut asked: BTreeMap<[String; 3], String> = BTreeMap::new();
    for step in planned["phases"][0]["steps"].as_array().expect("steps") {
        for lock in step["locks"].as_array().expect("locks") {
            let place = [&step["stage"], &step["step"], &lock["table"]].map(text);
            asked.insert(place, text(&lock["mode"]));
        }
    }
    let tables = world.db.execute(
        "SELECT c.oid::regclass FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition \
         AND relnamespace = 'public'::regnamespace",
    );
    world.must(&["up"], 0).await;
    world.must(&["back", "--scope", "all", "--yes"], 5).await;
    world.must(&["up"], 0).await;
    world.must(&["contract", "--yes"], 0).await;
    let mut compared = 0;
    for event in world.journal().await {
        for lock in event["lock"]["taken"].as_array().into_iter().flatten() {
            let relation = text(&lock["relation"]);
            let table = relation.strip_prefix("public.").unwrap_or(&relation);
            if lock["mode"] != "AccessExclusiveLock" || !tables.lines().any(|t| t == table) {
                continue;
            }
            let place = [&event["stage"], &event["step"], &lock["relation"]].map(text);
            let mode = asked.get(&place).map(String::as_str);
            assert_eq!(mode, Some("access_exclusive"), "{place:?}");
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared} locks");
}
