//! What a backfill leaves of a table's pages.

use turnback_testkit::Cluster;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_are_filled_on_their_own_page_without_a_new_entry_in_any_index() {
    let settings = "settings: { workers: 1, vacuum_after: 0 }";
    let world = World::with_settings(Cluster::shared(), "pages", 60_000, settings).await;
    // While its ANALYZE looks at the table, no place of a row that left is given again.
    world
        .db
        .execute("ALTER TABLE messages SET (autovacuum_enabled = off)");
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    let rows = world.db.execute("SELECT count(*) FROM messages");
    let counted = "FROM pg_stat_user_tables WHERE relname = 'messages'";
    world
        .until(&format!("SELECT n_tup_upd >= {rows} {counted}"))
        .await;
    let stayed = world
        .db
        .execute(&format!("SELECT n_tup_hot_upd * 100 / n_tup_upd {counted}"));
    let stayed: u32 = stayed.parse().expect("a number");
    // A third where nobody else looks at the database. Whoever does so between the two walks over a
    // stretch keeps alive what the first one left; without two walks no row finds room.
    assert!(stayed >= 15, "{stayed} of 100 rows stayed on their page");
}
