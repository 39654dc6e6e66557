//! Clients that know the tables through views alone, while those change with the keys.

use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::World;

const ROWS: u64 = 20_000;

/// The tables go to a schema of their own; views of the same names take their places.
const BEHIND_VIEWS: &str = "CREATE SCHEMA store; \
     ALTER TABLE users SET SCHEMA store; ALTER TABLE conversations SET SCHEMA store; \
     ALTER TABLE participants SET SCHEMA store; ALTER TABLE messages SET SCHEMA store; ALTER TABLE audit_logs SET SCHEMA store; \
     CREATE VIEW users AS SELECT * FROM store.users; CREATE VIEW conversations AS SELECT * FROM store.conversations; \
     CREATE VIEW participants AS SELECT * FROM store.participants; CREATE VIEW audit_logs AS SELECT * FROM store.audit_logs; \
     CREATE VIEW all_messages AS SELECT * FROM store.messages; CREATE VIEW messages AS SELECT * FROM all_messages;";

const PHASE: &str = "phases:
  - id: keys
    operations:
      - convert_key: { table: store.users, to: uuid }
      - convert_key: { table: store.conversations, to: uuid }
      - convert_key: { table: store.messages, to: uuid }
      - convert_key: { table: store.audit_logs, to: uuid }
";

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_write_through_views_lose_nothing_there_and_back_and_after_contract() {
    let mut world = World::chat(Cluster::shared(), "behind_views", ROWS).await;
    world.db.execute(BEHIND_VIEWS);
    world.remember();
    world.write_plan(PHASE);
    let (old, new) = (Shape::Old, World::new_shape("keys"));
    let mut traffic = Traffic::start(&world, &[(old.clone(), 3)]).await;

    traffic
        .through(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    traffic.join(&new, 2);
    traffic.work(200).await;
    traffic.through(&["up"], 0).await;
    traffic.work(200).await;
    let both = [(old.clone(), 3), (new.clone(), 2)];
    traffic.verdict(&[&old, &new], &both).await;

    traffic
        .through(&["back", "--keep-new-shape", "--yes"], 5)
        .await;
    traffic.work(100).await;
    traffic.switch(&new, &old).await;
    traffic.through(&["back", "--yes"], 5).await;
    world.must_be_as_before();
    traffic.verdict(&[&old], &[(old.clone(), 3)]).await;

    traffic.through(&["up"], 0).await;
    traffic.switch(&old, &new).await;
    traffic.through(&["contract", "--yes"], 0).await;
    traffic.work(100).await;
    traffic.finish(&[&new]).await;
}
