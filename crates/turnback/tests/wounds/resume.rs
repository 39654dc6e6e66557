//! A crash in the middle of a backfill.

use turnback_testkit::Cluster;

use crate::world::World;

/// Rows that the backfill has filled, each with its place in the table: a row that is written
/// again moves.
const REMEMBER: &str = "CREATE TABLE remembered AS \
     SELECT id, ctid AS place FROM audit_logs WHERE id_turnback_new IS NOT NULL";

/// pgroll #1000: a crash restarts a backfill of billions of rows from zero.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backfill_writes_no_row_again_that_it_has_filled() {
    let world = World::chat(Cluster::shared(), "from_zero", 60_000).await;
    world.write_plan(
        "settings: { workers: 1, batch_time: 5ms }\nphases:\n  - id: keys\n    operations:\n      - convert_key: { table: audit_logs, to: uuid }\n",
    );
    let mut client = world.client().await;
    let mut running = world.start(&["up"]);
    // Somebody holds the last row, so the backfill can be met half-way.
    let columns = "SELECT EXISTS (SELECT FROM turnback.step WHERE step LIKE 'columns.%')";
    world.until_or_end(columns, &mut || running.is_over()).await;
    client
        .begin("SELECT FROM audit_logs WHERE id = (SELECT max(id) FROM audit_logs) FOR UPDATE")
        .await;
    let half_way = "SELECT sum(rows) > 1000 FROM turnback.backfill WHERE step LIKE 'fill.%'";
    let reached = world
        .until_or_end(half_way, &mut || running.is_over())
        .await;
    assert!(reached, "{}", running.said());
    running.killed().await;
    // Its server processes may outlive it for a moment.
    world
        .until(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'turnback')",
        )
        .await;
    world.db.execute(REMEMBER);
    client.end().await;
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    let count = |sql: &str| -> u64 { world.db.execute(sql).parse().expect("a count") };
    let filled = count("SELECT count(*) FROM remembered");
    assert!(filled > 1000, "{filled} rows were filled before the crash");
    let missing = count("SELECT count(*) FROM audit_logs WHERE id_turnback_new IS NULL");
    assert_eq!(missing, 0);
    let again = count(
        "SELECT count(*) FROM audit_logs a JOIN remembered r ON r.id = a.id WHERE a.ctid <> r.place",
    );
    assert_eq!(again, 0, "of {filled} rows written again");
}
