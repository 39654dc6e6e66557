//! A way back that was ended before it could say so, and is typed again.

use turnback_testkit::Cluster;

use crate::world::World;

const THREE_PHASES: &str = "phases:
  - id: logs
    operations:
      - convert_key: { table: audit_logs, to: uuid }
  - id: messages
    operations:
      - convert_key: { table: messages, to: uuid }
  - id: users
    operations:
      - convert_key: { table: users, to: uuid }
";

/// Sessions of the program's.
const OURS: &str =
    "pg_stat_activity WHERE datname = current_database() AND application_name = 'turnback'";

/// Kills a `back` when all is done but for the ledger's note that its end was told.
async fn killed_at_its_end(world: &World) {
    world.db.execute(
        "CREATE FUNCTION turnback.wait() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN OLD; END $$; \
         CREATE TRIGGER wait BEFORE DELETE ON turnback.asked_back FOR EACH ROW EXECUTE FUNCTION turnback.wait()",
    );
    let mut holder = world.holding("SELECT pg_advisory_xact_lock(1)").await;
    let running = world.start(&["back", "--yes"]);
    let waits = format!("SELECT EXISTS (SELECT FROM {OURS} AND wait_event = 'advisory')");
    world.until(&waits).await;
    assert_eq!(running.killed().await.code, -1);
    // The server has not noticed: what it still has to do must not come to be done.
    world
        .db
        .execute(&format!("SELECT pg_terminate_backend(pid) FROM {OURS}"));
    world
        .until(&format!("SELECT NOT EXISTS (SELECT FROM {OURS})"))
        .await;
    holder.end().await;
    world
        .db
        .execute("DROP TRIGGER wait ON turnback.asked_back; DROP FUNCTION turnback.wait()");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_back_that_is_typed_again_turns_back_what_was_asked_for_and_no_phase_more() {
    let world = World::chat(Cluster::shared(), "back_again", 200).await;
    world.write_plan(THREE_PHASES);
    world.must(&["up"], 0).await;
    killed_at_its_end(&world).await;
    assert_eq!(world.states(), "cut_over cut_over pending");
    let said = world.must(&["back", "--yes"], 5).await;
    for words in [
        "Phase users was turned back already",
        "Nothing more was turned back",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    assert_eq!(world.states(), "cut_over cut_over pending");
    // That was told, so the same again is another wish.
    world.must(&["back", "--yes"], 5).await;
    assert_eq!(world.states(), "cut_over pending pending");
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_went_forward_after_a_killed_back_turns_back_what_is_there_now() {
    let world = World::chat(Cluster::shared(), "forward_again", 200).await;
    world.write_plan(THREE_PHASES);
    world.must(&["up"], 0).await;
    killed_at_its_end(&world).await;
    world.must(&["up"], 0).await;
    world.must(&["back", "--yes"], 5).await;
    assert_eq!(world.states(), "cut_over cut_over pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_granted_meanwhile_stays_and_is_told() {
    let world = World::chat(Cluster::shared(), "granted", 200).await;
    world.must(&["up"], 0).await;
    world.db.execute("GRANT SELECT ON users TO PUBLIC");
    let said = world.must(&["back", "--yes"], 5).await;
    assert!(
        said.contains("changed meanwhile by somebody else"),
        "{said}"
    );
    let granted = "SELECT has_table_privilege('public', 'users', 'SELECT')";
    assert_eq!(world.db.execute(granted), "t");
}
