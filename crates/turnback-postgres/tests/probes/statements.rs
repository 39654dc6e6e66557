//! The time of statements.

use turnback_core::guard::{BuiltIn, Reading};
use turnback_testkit::{Cluster, ClusterOptions};

use super::world::{failure, number, world, world_of};

#[tokio::test]
async fn without_pg_stat_statements_it_is_said_what_to_do() {
    let world = world("bare").await;
    let why = failure(world.read(BuiltIn::StatementTime).await);
    assert!(why.contains("CREATE EXTENSION pg_stat_statements"), "{why}");
}

#[tokio::test]
async fn statements_on_the_phases_tables_count_and_no_others() {
    let there = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'";
    if Cluster::shared().database("available").execute(there) == "0" {
        println!("skipped: this PostgreSQL has no pg_stat_statements");
        return;
    }
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let started = Cluster::start(ClusterOptions {
        settings: vec![setting("shared_preload_libraries", "pg_stat_statements")],
        ..ClusterOptions::default()
    });
    // Some builds bring the extension's files, and not its library.
    let Ok(cluster) = started else {
        println!("skipped: this PostgreSQL has no library of pg_stat_statements");
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
