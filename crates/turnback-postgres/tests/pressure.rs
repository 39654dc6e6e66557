//! What the server bears, as a real one shows it.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use turnback_core::plan::Target as Url;
use turnback_core::throttle::Pressure;
use turnback_engine::edges::Target;
use turnback_postgres::PostgresTarget;
use turnback_testkit::{Cluster, ClusterOptions};

const PATH: &str = "search_path = public";

async fn look(target: &PostgresTarget) -> Pressure {
    target.pressure(None, PATH).await.unwrap()
}

/// Looks until something shows.
async fn until(target: &PostgresTarget, shows: impl Fn(&Pressure) -> bool) -> Pressure {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let pressure = look(target).await;
        if shows(&pressure) {
            return pressure;
        }
        assert!(
            Instant::now() < deadline,
            "in vain looked for it: {pressure:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_archiver_that_fails_and_a_slot_that_keeps_wal_are_seen() {
    let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let cluster = Cluster::start(ClusterOptions {
        settings: vec![
            setting("archive_mode", "on"),
            setting("archive_command", "false"),
        ],
        ..ClusterOptions::default()
    })
    .unwrap();
    let database = cluster.database("archive");
    let target = PostgresTarget::new(&Url::new(database.url()), 1).unwrap();
    database.execute("SELECT pg_create_physical_replication_slot('late', true)");
    let before = look(&target).await;
    assert_eq!(before.slots[0].name, "late");
    for _ in 0..2 {
        database.execute("CREATE TABLE t (); DROP TABLE t; SELECT pg_switch_wal()");
    }
    database.execute("CREATE TABLE t ()");
    // Two segments are full, and neither is archived.
    let seen = until(&target, |seen| seen.archive_lag >= Some(32 << 20)).await;
    assert!(seen.wal_end > before.wal_end, "{seen:?}");
    assert!(
        seen.slots[0].retained > before.slots[0].retained,
        "{seen:?}"
    );
    let (free, size) = seen.disk.unwrap();
    assert!(0 < free && free <= size, "{seen:?}");
}

#[tokio::test]
async fn clients_that_wait_for_us_are_counted_with_those_behind_them_and_no_others() {
    let database = Cluster::shared().database("waits");
    database.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)");
    let target = PostgresTarget::new(&Url::new(database.url()), 1).unwrap();
    assert_eq!(look(&target).await.lock_waits, 0);
    let hold = |application: &str, row: i32| {
        let separator = if database.url().contains('?') {
            '&'
        } else {
            '?'
        };
        let url = format!(
            "{}{separator}application_name={application}",
            database.url()
        );
        async move {
            let mut session = PgConnection::connect(&url).await.unwrap();
            let sql = format!("BEGIN; UPDATE t SET a = a WHERE a = {row}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut session)
                .await
                .unwrap();
            session
        }
    };
    let (ours, theirs) = (hold("turnback", 1).await, hold("reports", 2).await);
    // Until so many clients wait.
    let queued = |clients: i64| {
        let url = database.url().to_owned();
        async move {
            let sql = "SELECT count(*) = $1 FROM pg_stat_activity \
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
            let mut session = PgConnection::connect(&url).await.unwrap();
            let deadline = Instant::now() + Duration::from_secs(60);
            while !sqlx::query_scalar::<_, bool>(sql)
                .bind(clients)
                .fetch_one(&mut session)
                .await
                .unwrap()
            {
                assert!(Instant::now() < deadline, "in vain waited for {clients}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    // Two for a row of theirs, which are none of our business; then one for a row of ours, and
    // one that queues behind that one.
    let mut waiting = Vec::new();
    for (already, row) in (0..).zip([2, 2, 1, 1]) {
        waiting.push(tokio::spawn(hold("app", row)));
        queued(already + 1).await;
    }
    let seen = look(&target).await;
    assert_eq!((seen.lock_waits, seen.waits_for_us), (2, 1));
    drop((ours, theirs));
    for session in waiting {
        session.await.unwrap();
    }
}

#[tokio::test]
async fn a_question_of_the_users_own_is_asked_and_what_is_wrong_with_it_told() {
    let database = Cluster::shared().database("question");
    database.execute("CREATE TABLE busy ()");
    let target = PostgresTarget::new(&Url::new(database.url()), 1).unwrap();
    let mut answers = Vec::new();
    for question in [
        "SELECT EXISTS (SELECT FROM busy)",
        "SELECT true",
        "SELECT NULL::bool",
        "SELECT 1 / 0 = 1",
        "DELETE FROM busy RETURNING true",
    ] {
        let pressure = target.pressure(Some(question), PATH).await.unwrap();
        answers.push(pressure.pause_when.unwrap());
    }
    assert_eq!(answers[..2], [Ok(false), Ok(true)]);
    for (answer, words) in answers[2..].iter().zip(["NULL", "division", "read-only"]) {
        let error = answer.as_ref().unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}
