//! The time of statements.

use turnback_core::guard::{BuiltIn, Reading};

use super::world::{counting_statements, failure, number, world, world_of};

#[tokio::test]
async fn without_pg_stat_statements_it_is_said_what_to_do() {
    let world = world("bare").await;
    let why = failure(world.read(BuiltIn::StatementTime).await);
    assert!(why.contains("CREATE EXTENSION pg_stat_statements"), "{why}");
}

#[tokio::test]
async fn statements_on_the_phases_tables_count_and_no_others() {
    let Some(cluster) = counting_statements() else {
        return;
    };
    let world = world_of(
        &cluster,
        "timed",
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE users (id serial PRIMARY KEY, name text); \
         CREATE TABLE users_of_old (id int); CREATE TABLE others (id int)",
    )
    .await;
    let slow = |table: &str| format!("SELECT pg_sleep(0.2) FROM (SELECT count(*) FROM {table}) c");
    world.db.execute(&slow("users"));
    assert_eq!(world.read(BuiltIn::StatementTime).await, Reading::NoData);
    // Nobody has called anything since.
    assert_eq!(world.read(BuiltIn::StatementTime).await, Reading::NoData);
    world.db.execute(&slow("others"));
    world.db.execute(&slow("users_of_old"));
    assert_eq!(world.read(BuiltIn::StatementTime).await, Reading::NoData);
    world.db.execute(&slow("public.users"));
    let time = number(&world.read(BuiltIn::StatementTime).await);
    assert!(time >= 0.2, "{time}");
    world.db.execute("ALTER TABLE users ADD note text");
    assert_eq!(world.read(BuiltIn::StatementTime).await, Reading::NoData);
}
