//! A table's own triggers and functions, in sessions that outlive a change of shape.

use sqlx::{AssertSqlSafe, PgConnection};
use turnback_testkit::{Cluster, Shape};

use crate::world::World;

async fn run(session: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(session).await.map(drop)
}

/// Fires all triggers of documents and users, and calls a function that keeps a row.
const FIRE: [&str; 5] = [
    "INSERT INTO documents (name, shelf_id, word, after) SELECT 'mine', id, 'w', '' FROM shelves WHERE name = 'shelf 1'",
    "UPDATE documents SET shelf_id = (SELECT id FROM shelves WHERE name = 'shelf 2') WHERE name = 'mine'",
    "UPDATE users SET name = name || '+' WHERE email = 'user1@bulk.example'",
    "SELECT shelf_of('mine')",
    "DELETE FROM documents WHERE name = 'mine'",
];

async fn fire(sessions: &mut [(Shape, PgConnection)], when: &str) {
    for (shape, session) in sessions {
        for sql in FIRE {
            if let Err(error) = run(session, sql).await {
                panic!("{when}, through {shape}: {sql}: {error}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_fired_a_tables_own_triggers_go_on_after_the_cut_over_and_the_way_back() {
    let world = World::busy(Cluster::shared(), "sessions", 200).await;
    let mut sessions = Vec::new();
    for shape in [Shape::Old, Shape::Public] {
        let mut session = world.session().await;
        let path = format!("SET search_path = {}", shape.search_path());
        run(&mut session, &path).await.expect("a path can be set");
        sessions.push((shape, session));
    }
    fire(&mut sessions, "before").await;
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    fire(&mut sessions, "expanded").await;
    world.must(&["up"], 0).await;
    fire(&mut sessions, "cut over").await;
    world.must(&["back", "--yes"], 5).await;
    fire(&mut sessions, "back").await;
    world.must_be_as_before();
    world.must(&["up"], 0).await;
    sessions.remove(0);
    world.must(&["contract", "--yes"], 0).await;
    fire(&mut sessions, "contracted").await;
    let counted = "SELECT count(*) FROM shelves WHERE documents <> 0";
    assert_eq!(world.db.execute(counted), "0");
}
