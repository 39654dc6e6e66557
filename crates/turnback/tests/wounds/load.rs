//! Clients that write while something changes.

use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::World;

/// Small: what counts is the moment, not the number of rows.
const ROWS: u64 = 4_000;

/// pgroll #905: client writes fail between "column added" and "trigger added".
#[tokio::test(flavor = "multi_thread")]
async fn no_write_fails_while_columns_and_the_triggers_that_fill_them_arrive() {
    let world = World::chat(Cluster::shared(), "arrive", ROWS).await;
    // There is no such moment in the plan: whatever adds a column to a table makes the trigger.
    let plan = world.must(&["plan", "--sql"], 0).await;
    let mut adding = 0;
    for transaction in plan.split("BEGIN;").skip(1) {
        let transaction = transaction.split("COMMIT;").next().unwrap_or_default();
        if transaction.contains("ADD COLUMN") {
            adding += 1;
            assert!(transaction.contains("CREATE TRIGGER"), "{transaction}");
        }
    }
    assert!(adding >= 5, "one for each table: {plan}");
    // And clients meet none.
    let mut traffic = Traffic::start(&world, &[(Shape::Old, 3)]).await;
    traffic
        .through(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    traffic.work(50).await;
    traffic
        .finish(&[&Shape::Old, &World::new_shape("keys")])
        .await;
}

/// pgroll #906: client writes fail between "column dropped" and "trigger dropped".
#[tokio::test(flavor = "multi_thread")]
async fn no_write_fails_while_columns_and_the_triggers_that_fill_them_leave() {
    let world = World::chat(Cluster::shared(), "leave", ROWS).await;
    let new = World::new_shape("keys");
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    let mut traffic = Traffic::start(&world, &[(Shape::Old, 3)]).await;
    // The new columns leave.
    traffic.through(&["back", "--yes"], 5).await;
    world.must_be_as_before();
    traffic.verdict(&[&Shape::Old], &[]).await;
    // The old columns leave.
    world.must(&["up"], 0).await;
    traffic.join(&new, 3);
    traffic.through(&["contract", "--yes"], 0).await;
    traffic.work(50).await;
    traffic.finish(&[&Shape::Public, &new]).await;
}

/// pgroll #907: no tests under concurrent load.
#[tokio::test(flavor = "multi_thread")]
async fn both_versions_write_during_every_transition_there_and_back() {
    let world = World::chat(Cluster::shared(), "both_write", ROWS).await;
    let (old, new) = (Shape::Old, World::new_shape("keys"));
    let mut traffic = Traffic::start(&world, &[(old.clone(), 2)]).await;
    traffic
        .through(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    traffic.join(&new, 2);
    traffic.work(50).await;
    traffic.through(&["up"], 0).await;
    traffic.work(50).await;
    traffic
        .through(&["back", "--keep-new-shape", "--yes"], 5)
        .await;
    traffic.switch(&new, &old).await;
    traffic.through(&["back", "--yes"], 5).await;
    world.must_be_as_before();
    traffic.finish(&[&old]).await;
}
