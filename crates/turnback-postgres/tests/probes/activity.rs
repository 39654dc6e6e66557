//! Sessions, transactions and what they wait for.

use std::time::Instant;

use turnback_core::guard::{BuiltIn, Probe, Reading};
use turnback_testkit::{Cluster, ClusterOptions};

use super::world::{LONG, failure, number, read, run, shows, world, world_of};

#[tokio::test]
async fn connections_are_a_part_of_those_that_there_may_be() {
    let world = world("connections").await;
    let share = number(&world.read(BuiltIn::Connections).await);
    assert!(share > 0.0 && share <= 1.0, "{share}");
    // Other tests come and go on this server; these sessions stay.
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(world.client().await);
    }
    let most: f64 = world.db.execute("SHOW max_connections").parse().unwrap();
    let share = number(&world.read(BuiltIn::Connections).await);
    assert!(share * most >= 10.0, "{share} of {most}");
}

#[tokio::test]
async fn who_waits_for_a_lock_is_counted_and_turnback_is_not() {
    let world = world("waits").await;
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 0.0);
    let mut holder = world.client().await;
    run(
        &mut holder,
        "BEGIN; UPDATE users SET name = name WHERE id = 1",
    )
    .await;
    let mut waiting = Vec::new();
    for ours in [false, false, true] {
        let mut session = if ours {
            world.target.session().await.unwrap()
        } else {
            world.client().await
        };
        waiting.push(tokio::spawn(async move {
            run(
                &mut session,
                "SET lock_timeout = 0; UPDATE public.users SET name = name WHERE id = 1",
            )
            .await;
        }));
    }
    world
        .until(BuiltIn::LockWaits, |reading| shows(reading, |n| n == 2.0))
        .await;
    // All three wait, and two of them are counted.
    let waits = "SELECT count(DISTINCT l.pid) = 3 FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
         WHERE NOT l.granted AND a.datname = current_database()";
    let probe = Probe::Sql(waits.to_owned());
    let deadline = Instant::now() + LONG;
    while number(&read(&world.prober, &probe, &world.scope).await) != 1.0 {
        assert!(Instant::now() < deadline, "not all three wait");
    }
    assert_eq!(number(&world.read(BuiltIn::LockWaits).await), 2.0);
    run(&mut holder, "ROLLBACK").await;
    for session in waiting {
        session.await.unwrap();
    }
}

#[tokio::test]
async fn the_oldest_transaction_is_the_clients_and_not_turnbacks() {
    let world = world("oldest").await;
    assert_eq!(number(&world.read(BuiltIn::LongestTransaction).await), 0.0);
    let mut ours = world.target.session().await.unwrap();
    run(&mut ours, "BEGIN; SELECT count(*) FROM public.users").await;
    assert_eq!(number(&world.read(BuiltIn::LongestTransaction).await), 0.0);
    let mut client = world.client().await;
    run(&mut client, "BEGIN; SELECT count(*) FROM users").await;
    let age = number(&world.read(BuiltIn::LongestTransaction).await);
    assert!(age > 0.0, "{age}");
    world
        .until(BuiltIn::LongestTransaction, |reading| {
            shows(reading, |later| later > age)
        })
        .await;
    run(&mut client, "COMMIT").await;
    assert_eq!(number(&world.read(BuiltIn::LongestTransaction).await), 0.0);
}

#[tokio::test]
async fn a_prepared_transaction_is_old_too() {
    let setting = ("max_prepared_transactions".to_owned(), "2".to_owned());
    let cluster = Cluster::start(ClusterOptions {
        settings: vec![setting],
        ..ClusterOptions::default()
    })
    .unwrap();
    let world = world_of(
        &cluster,
        "prepared",
        "CREATE TABLE users (id serial PRIMARY KEY)",
    )
    .await;
    let mut client = world.client().await;
    run(
        &mut client,
        "BEGIN; INSERT INTO users DEFAULT VALUES; PREPARE TRANSACTION 'left over'",
    )
    .await;
    world
        .until(BuiltIn::LongestTransaction, |reading| {
            shows(reading, |age| age > 0.0)
        })
        .await;
    run(&mut client, "ROLLBACK PREPARED 'left over'").await;
    assert_eq!(number(&world.read(BuiltIn::LongestTransaction).await), 0.0);
}

#[tokio::test]
async fn ages_that_may_not_be_seen_are_a_failure_that_names_the_right() {
    let world = world("unseen").await;
    let role = format!("watcher_{}", world.db.name());
    world.db.execute(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA turnback TO {role}; GRANT SELECT ON turnback.phase TO {role}"
    ));
    let url = world.db.url().replacen("postgres@", &format!("{role}@"), 1);
    assert_ne!(url, world.db.url(), "the cluster's user is postgres");
    let target =
        turnback_postgres::PostgresTarget::new(&turnback_core::plan::Target::new(&*url), 1)
            .unwrap();
    let prober = target.prober();
    let look = async || {
        read(
            &prober,
            &Probe::BuiltIn(BuiltIn::LongestTransaction),
            &world.scope,
        )
        .await
    };
    let mut client = world.client().await;
    run(&mut client, "BEGIN; SELECT count(*) FROM users").await;
    let why = failure(look().await);
    assert!(why.contains("GRANT pg_read_all_stats"), "{why}");
    run(&mut client, "COMMIT").await;
    // Who is in no transaction holds nothing up.
    assert_eq!(number(&look().await), 0.0);
    drop(prober);
    world.db.execute(&format!(
        "GRANT pg_read_all_stats TO {role}; REVOKE ALL ON turnback.phase FROM {role}; REVOKE ALL ON SCHEMA turnback FROM {role}"
    ));
}

#[tokio::test]
async fn rollbacks_are_a_part_of_all_transactions_since_the_sample_before() {
    let world = world("rollbacks").await;
    assert_eq!(world.read(BuiltIn::RollbackRate).await, Reading::NoData);
    let mut client = world.client().await;
    for _ in 0..40 {
        run(&mut client, "BEGIN; INSERT INTO users (name) VALUES ('x')").await;
        run(&mut client, "ROLLBACK").await;
    }
    // The server counts what a session did when it ends.
    drop(client);
    world
        .until(BuiltIn::RollbackRate, |reading| {
            shows(reading, |part| part > 0.5)
        })
        .await;
    world
        .until(BuiltIn::RollbackRate, |reading| {
            shows(reading, |part| part == 0.0)
        })
        .await;
}

#[tokio::test]
async fn a_deadlock_is_a_rate() {
    let world = world("deadlock").await;
    assert_eq!(world.read(BuiltIn::DeadlockRate).await, Reading::NoData);
    let (mut one, mut two) = (world.client().await, world.client().await);
    run(
        &mut one,
        "SET deadlock_timeout = '50ms'; BEGIN; UPDATE users SET name = name WHERE id = 1",
    )
    .await;
    run(
        &mut two,
        "SET deadlock_timeout = '50ms'; BEGIN; UPDATE users SET name = name WHERE id = 2",
    )
    .await;
    let (first, second) = tokio::join!(
        sqlx::raw_sql("UPDATE users SET name = name WHERE id = 2; COMMIT").execute(&mut one),
        sqlx::raw_sql("UPDATE users SET name = name WHERE id = 1; COMMIT").execute(&mut two),
    );
    assert!(first.is_err() || second.is_err());
    drop((one, two));
    world
        .until(BuiltIn::DeadlockRate, |reading| {
            shows(reading, |rate| rate > 0.0)
        })
        .await;
}

#[tokio::test]
async fn written_wal_is_a_rate() {
    let world = world("wal").await;
    assert_eq!(world.read(BuiltIn::WalRate).await, Reading::NoData);
    world.db.execute(
        "CREATE TABLE big AS SELECT repeat(md5(n::text), 10) FROM generate_series(1, 20000) n",
    );
    let rate = number(&world.read(BuiltIn::WalRate).await);
    assert!(rate > 0.0, "{rate}");
    // Another guard with the same probe counts for itself.
    let other = world
        .prober
        .read(
            "other",
            &Probe::BuiltIn(BuiltIn::WalRate),
            &world.scope,
            LONG,
        )
        .await;
    assert_eq!(other, Some(Reading::NoData));
}
