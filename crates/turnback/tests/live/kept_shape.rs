//! The new shape, kept after the way back: its clients go on, without its foreign keys.

use sqlx::{AssertSqlSafe, PgConnection};
use turnback_testkit::{Cluster, Shape};

use crate::world::World;

const KEPT: &[&str] = &["back", "--keep-new-shape", "--yes"];
const CHANGE_KEY: &str =
    "UPDATE users SET id = gen_random_uuid() WHERE email = 'user1@bulk.example'";
const REFER: &str = "INSERT INTO audit_logs (actor_id, action, detail) SELECT id, 'login', 'mine' FROM users WHERE email = 'user1@bulk.example'";
/// Whether a session waits for a row or for whoever wrote it.
const WAITS: &str = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";

async fn run(mut session: PgConnection, sql: String) -> PgConnection {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut session);
    ran.await.expect("a client's own SQL works");
    session
}

/// Runs one statement in an open transaction and another beside it, which waits for the first to
/// be committed; then drops the new shape, which must say the same as the old one.
async fn one_behind_the_other(name: &str, first: (&Shape, &str), second: (&Shape, &str)) {
    let world = World::busy(Cluster::shared(), name, 200).await;
    world.must(&["up"], 0).await;
    world.must(KEPT, 5).await;
    let statement = |(shape, sql): (&Shape, &str)| {
        format!("SET search_path = {}; BEGIN; {sql};", shape.search_path())
    };
    let holder = run(world.session().await, statement(first)).await;
    let behind = format!("{} COMMIT", statement(second));
    let behind = tokio::spawn(run(world.session().await, behind));
    world.until(WAITS).await;
    run(holder, "COMMIT".to_owned()).await;
    behind.await.expect("it is not refused");
    let found = "SELECT count(*) FROM audit_logs l JOIN users u ON u.id = l.actor_id WHERE u.email = 'user1@bulk.example' AND l.detail = 'mine'";
    assert_eq!(world.db.execute(found), "1");
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_written_while_its_new_key_changes_finds_the_key_as_it_becomes() {
    let new = World::new_shape("keys");
    one_behind_the_other("kept_refer", (&new, CHANGE_KEY), (&Shape::Old, REFER)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_that_changes_while_a_reference_is_written_waits_and_takes_it_along() {
    let new = World::new_shape("keys");
    one_behind_the_other("kept_change", (&Shape::Old, REFER), (&new, CHANGE_KEY)).await;
}
