//! Standbys, slots and the disk.

use turnback_core::guard::{BuiltIn, Reading};
use turnback_testkit::{Cluster, ClusterOptions};

use super::world::{number, shows, world_of};

const SCHEMA: &str = "CREATE TABLE users (id serial PRIMARY KEY)";

#[tokio::test]
async fn a_standby_whose_replay_stands_still_falls_behind_and_a_slot_keeps_wal() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let lonely = world_of(&cluster, "lonely", SCHEMA).await;
    assert_eq!(lonely.read(BuiltIn::ReplicationLag).await, Reading::NoData);
    assert_eq!(number(&lonely.read(BuiltIn::SlotLag).await), 0.0);
    let free = number(&lonely.read(BuiltIn::DiskFree).await);
    assert!(free > 0.0, "{free}");

    let standby = cluster.standby("late").unwrap();
    let world = world_of(&cluster, "leads", SCHEMA).await;
    let copy = Cluster::borrow(standby.url()).unwrap();
    world
        .until(BuiltIn::ReplicationLag, |reading| shows(reading, |_| true))
        .await;
    world
        .db
        .execute("SELECT pg_create_physical_replication_slot('kept', true)");
    let pause = sqlx_url(&copy).await;
    world
        .db
        .execute("INSERT INTO users SELECT generate_series(1, 1000)");
    world
        .until(BuiltIn::ReplicationLag, |reading| {
            shows(reading, |lag| lag > 1.0)
        })
        .await;
    world
        .until(BuiltIn::SlotLag, |reading| {
            shows(reading, |kept| kept > 10_000.0)
        })
        .await;
    drop(pause);
}

/// Pauses the replay of a standby.
async fn sqlx_url(standby: &Cluster) -> sqlx::PgConnection {
    use sqlx::Connection;
    let mut session = sqlx::PgConnection::connect(standby.url()).await.unwrap();
    super::world::run(&mut session, "SELECT pg_wal_replay_pause()").await;
    session
}
