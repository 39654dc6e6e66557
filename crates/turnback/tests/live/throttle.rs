//! The backfill bears with its server, says why it waits, and heeds whoever changes its pace.

use turnback_testkit::{Cluster, ClusterOptions};

use crate::world::World;

/// The pace that the controller has written down last, as SQL.
const PAUSED: &str =
    "(pace #>> '{pace,paused}')::bool AND paced_at > clock_timestamp() - interval '3 s'";

/// Waits until the backfill pauses for this reason, and has looked once more since: a batch that
/// was at work when it paused is over by then.
async fn until_paused_for(world: &World, reason: &str) {
    let paused = format!(
        "SELECT {PAUSED} AND pace #>> '{{pace,reasons,0,reason}}' = '{reason}' FROM turnback.throttle"
    );
    world.until(&paused).await;
    let at = world
        .db
        .execute("SELECT paced_at + interval '1 s' FROM turnback.throttle");
    world
        .until(&format!("SELECT paced_at > '{at}' FROM turnback.throttle"))
        .await;
    world.until(&paused).await;
}

fn progress(world: &World) -> String {
    world
        .db
        .execute("SELECT sum(next), sum(rows) FROM turnback.backfill")
}

/// Backfills that outrun standbys: a wound of pgroll's (issue 168).
#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_does_not_outrun_a_standby_and_goes_on_when_it_has_caught_up() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster starts");
    let standby = cluster.standby("s1").expect("a standby starts");
    let settings = "settings: { max_lag: 100ms, workers: 1, batch_time: 5ms }";
    let world = World::with_settings(&cluster, "lag", 60_000, settings).await;
    world
        .until("SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = 's1' AND state = 'streaming' AND replay_lsn IS NOT NULL)")
        .await;
    let on_standby = |sql: &str| {
        let mut psql = std::process::Command::new(standby.binaries().program("psql"));
        let run = psql
            .args(["-X", "-q", "-d", standby.url(), "-c", sql])
            .status();
        assert!(run.is_ok_and(|status| status.success()), "{sql}");
    };
    on_standby("SELECT pg_wal_replay_pause()");
    let running = world.start(&["up"]);
    until_paused_for(&world, "lag").await;
    let before = progress(&world);
    let throttle = world.must(&["throttle"], 0).await;
    for words in ["paused", "standby s1 is", "behind", "100ms"] {
        assert!(throttle.contains(words), "{words} is not in: {throttle}");
    }
    let status = world.must(&["status"], 0).await;
    assert!(status.contains("standby s1 is"), "{status}");
    until_paused_for(&world, "lag").await;
    assert_eq!(
        progress(&world),
        before,
        "it went on while the standby lagged"
    );
    on_standby("SELECT pg_wal_replay_resume()");
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert!(ran.said.contains("paused: standby s1 is"), "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttle_pauses_and_changes_a_backfill_that_runs_and_says_what_came_of_it() {
    let world = World::chat(Cluster::shared(), "throttle", 5_000).await;
    let nothing = world.must(&["throttle", "--pause"], 2).await;
    assert!(nothing.contains("nothing to throttle"), "{nothing}");
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    world.must(&["back", "--yes"], 5).await;
    let said = world.must(&["throttle", "--pause"], 0).await;
    assert!(said.contains("no backfill is at work"), "{said}");
    let running = world.start(&["up"]);
    until_paused_for(&world, "asked").await;
    let rows = world.db.execute("SELECT sum(rows) FROM turnback.backfill");
    assert_eq!(rows, "0", "it began although it was paused");
    let said = world
        .must(
            &[
                "throttle",
                "--workers",
                "3",
                "--batch-time",
                "50ms",
                "--max-wal-rate",
                "1GB",
            ],
            0,
        )
        .await;
    for words in ["the running backfill goes by it", "paused", "50ms", "1GB"] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    let said = world.must(&["throttle", "--json"], 0).await;
    let said: serde_json::Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!(said["backfill"]["limits"]["workers"], 3, "{said}");
    assert_eq!(said["backfill"]["pace"]["paused"], true, "{said}");
    let said = world.must(&["throttle", "--resume"], 0).await;
    assert!(said.contains("Set;"), "{said}");
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    let said = world.must(&["throttle", "--reset"], 0).await;
    assert!(!said.contains("50ms"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_the_users_own_pauses_and_one_that_cannot_be_asked_does_too() {
    let settings = "settings: { pause_when: SELECT EXISTS (SELECT FROM busy) }";
    let world = World::with_settings(Cluster::shared(), "pause_when", 2_000, settings).await;
    world
        .db
        .execute("CREATE TABLE busy (); INSERT INTO busy DEFAULT VALUES");
    let running = world.start(&["up"]);
    until_paused_for(&world, "pause_when").await;
    running.signal("INT");
    let ran = running.ended().await;
    assert_eq!(ran.code, 4, "{}", ran.said);
    world.db.execute("DROP TABLE busy");
    let running = world.start(&["up"]);
    until_paused_for(&world, "pause_when_fails").await;
    world.db.execute("CREATE TABLE busy ()");
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert!(ran.said.contains("cannot be asked"), "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn vacuum_frees_what_a_backfill_leaves_dead_while_it_is_still_at_work() {
    let world = World::chat(Cluster::shared(), "vacuum", 1_000).await;
    world.db.execute(
        "CREATE TABLE fat (id serial PRIMARY KEY, note text) WITH (fillfactor = 10, autovacuum_enabled = off); \
         INSERT INTO fat (note) SELECT repeat('x', 300) FROM generate_series(1, 16000); \
         CREATE TABLE busy (); INSERT INTO busy DEFAULT VALUES",
    );
    world.write_plan(
        "settings: { workers: 1, pause_when: SELECT EXISTS (SELECT FROM busy) }\nphases:\n  - id: p\n    \
         operations: [{ convert_key: { table: fat, to: uuid } }]\n",
    );
    let running = world.start(&["up"]);
    until_paused_for(&world, "pause_when").await;
    // One row after the other holds it up for a while, behind the middle of the table.
    let client = world
        .holding("SELECT id FROM fat WHERE id BETWEEN 10000 AND 10200 FOR UPDATE")
        .await;
    world.db.execute("DELETE FROM busy");
    world
        .until("SELECT vacuum_count > 0 FROM pg_stat_user_tables WHERE relname = 'fat'")
        .await;
    let filled = "SELECT EXISTS (SELECT FROM turnback.step WHERE step = 'fill.public.fat')";
    assert_eq!(
        world.db.execute(filled),
        "f",
        "that was the vacuum after it"
    );
    drop(client);
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_vacuumed_before_other_backfills_look_them_up() {
    let world = World::chat(Cluster::shared(), "looked_up", 1_000).await;
    world.must(&["up"], 0).await;
    // The second time after all backfills, as every table.
    let vacuumed = "SELECT string_agg(relname, ' ' ORDER BY relname) = 'conversations messages users' \
                    FROM pg_stat_user_tables WHERE schemaname = 'public' AND vacuum_count > 1";
    world.until(vacuumed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn up_and_contract_tell_by_how_much_tables_have_grown_and_what_takes_it_back() {
    let world = World::chat(Cluster::shared(), "growth", 20_000).await;
    let said = world.must(&["up"], 0).await;
    for words in [
        "before",
        "public.messages",
        "VACUUM FULL public.",
        "second shape",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    let said = world.must(&["contract", "--yes"], 0).await;
    assert!(said.contains("pg_repack --table=public."), "{said}");
    assert!(!said.contains("second shape"), "{said}");
}
