//! A backfill goes on where it was.

use turnback_testkit::Cluster;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backfill_goes_on_and_writes_only_what_is_left() {
    let settings = "settings: { workers: 1, batch_time: 10ms }";
    let world = World::with_settings(Cluster::shared(), "resume", 60_000, settings).await;
    let progress = |world: &World| {
        world.db.execute(
            "SELECT sum(rows), sum(\"end\" - next), count(*) FROM turnback.backfill \
             WHERE step = 'fill.public.messages'",
        )
    };
    let of = |text: &str, column: usize| -> u64 {
        let field = text.split('|').nth(column).unwrap_or_default();
        field.parse().expect("a count")
    };
    let running = world.start(&["up"]);
    world
        .until("SELECT sum(rows) > 1000 FROM turnback.backfill WHERE step = 'fill.public.messages'")
        .await;
    running.killed().await;
    let first = progress(&world);
    println!("rows, pages left, stripes: {first}");
    assert!(of(&first, 1) > 0, "it was over too early");
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    let second = progress(&world);
    println!("rows, pages left, stripes: {second}");
    let rows: u64 = world
        .db
        .execute("SELECT count(*) FROM messages")
        .parse()
        .expect("a count");
    assert_eq!((of(&second, 0), of(&second, 1)), (rows, 0));
    assert_eq!(of(&second, 2), of(&first, 2), "the table was divided again");
}
