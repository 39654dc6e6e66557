//! The checker finds nothing where nothing is wrong, and names what is.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use turnback_testkit::{
    CHAT_SCHEMA, Cluster, ClusterOptions, Database, Outcome, Shape, Verdict, Workload,
    WorkloadOptions, check, fill,
};

async fn chat(cluster: &Cluster, rows: u64) -> Database {
    let database = cluster.database("chat");
    database.execute(CHAT_SCHEMA);
    let mut connection = PgConnection::connect(database.url())
        .await
        .expect("the database is there");
    fill(&mut connection, rows)
        .await
        .expect("the tables are there");
    database
}

async fn start(database: &Database, writers: &[(Shape, usize)]) -> Workload {
    let options = WorkloadOptions::default();
    println!("TURNBACK_SEED={}", options.seed);
    Workload::start(database.url(), writers, options)
        .await
        .expect("the tables are there")
}

/// Waits until so many more operations were acknowledged.
async fn work(workload: &Workload, operations: u64) {
    let goal = workload.stats().total.acknowledged + operations;
    let deadline = Instant::now() + Duration::from_secs(120);
    while workload.stats().total.acknowledged < goal {
        assert!(
            Instant::now() < deadline,
            "too slow: {}",
            workload.stats().total
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn verdict(database: &Database, outcome: &Outcome) -> Verdict {
    check(database.url(), outcome, &Shape::Public)
        .await
        .expect("the tables are there")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_run_has_a_clean_verdict_through_every_shape() {
    let database = chat(Cluster::shared(), 2_000).await;
    let new = Shape::new_in("public_nothing-yet");
    let mut workload = start(&database, &[(Shape::Old, 2), (new.clone(), 1)]).await;
    work(&workload, 500).await;
    let report = workload.mark("with public");
    assert!(report.acknowledged >= 500 && report.longest_stall() > Duration::ZERO);
    workload.add(&Shape::Public, 1);
    work(&workload, 500).await;
    assert_eq!(workload.switch(&new, &Shape::Old).await, 1);
    assert_eq!(
        (workload.writers(&new), workload.writers(&Shape::Old)),
        (0, 3)
    );
    work(&workload, 1_000).await;
    let outcome = workload.stop().await;
    println!("{}", outcome.stats);
    assert!(outcome.stats.acknowledged >= 2_000 && outcome.stats.refused > 0);
    assert_eq!(outcome.stats.error_count(), 0, "{}", outcome.stats);
    for shape in [Shape::Old, new, Shape::Public] {
        let verdict = check(database.url(), &outcome, &shape).await.unwrap();
        println!("{verdict}");
        assert!(verdict.is_clean(), "{verdict}");
        assert!(verdict.rows > 2_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_look_compares_what_the_writers_of_every_run_remember() {
    let database = chat(Cluster::shared(), 100).await;
    let mut joined = None;
    for _ in 0..2 {
        let workload = start(&database, &[(Shape::Public, 2)]).await;
        work(&workload, 200).await;
        joined = Some(workload.stop().await.after(joined));
    }
    let outcome = joined.expect("two runs");
    let before = verdict(&database, &outcome).await;
    assert!(before.is_clean(), "{before}");
    assert!(before.acknowledged >= 400, "{before}");
    for which in ["min", "max"] {
        let row = format!("(SELECT {which}(id) FROM audit_logs WHERE detail LIKE 'w______.%')");
        database.execute(&format!("DELETE FROM audit_logs WHERE id = {row}"));
    }
    let after = verdict(&database, &outcome).await;
    assert_eq!(after.lost.len(), 2, "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_behind_the_writers_back_is_named() {
    let database = chat(Cluster::shared(), 500).await;
    let workload = start(&database, &[(Shape::Public, 3)]).await;
    work(&workload, 1_500).await;
    let outcome = workload.stop().await;
    let before = verdict(&database, &outcome).await;
    assert!(before.is_clean(), "{before}");

    // Each on a copy of its own, so that one finding does not hide another.
    let message = "(SELECT max(id) FROM messages WHERE sender_id IS NOT NULL \
                   AND id NOT IN (SELECT reply_to FROM messages WHERE reply_to IS NOT NULL))";
    let cases: [(&str, String, Finding); 8] = [
        (
            "a row deleted",
            format!("DELETE FROM messages WHERE id = {message}"),
            Finding::Lost("messages w"),
        ),
        (
            "a reference moved",
            format!(
                "UPDATE messages m SET sender_id = (SELECT max(id) FROM users u \
                 WHERE u.id <> m.sender_id) WHERE id = {message}"
            ),
            Finding::Wrong("expected sender"),
        ),
        (
            "a reference cleared",
            format!("UPDATE messages SET sender_id = NULL WHERE id = {message}"),
            Finding::Wrong("found nothing"),
        ),
        (
            "a text changed",
            format!("UPDATE messages SET body = body || '!' WHERE id = {message}"),
            Finding::Wrong("expected body"),
        ),
        (
            "a row doubled",
            format!(
                "INSERT INTO messages (conversation_id, sender_id, reply_to, body) \
                 SELECT conversation_id, sender_id, reply_to, body FROM messages WHERE id = {message}"
            ),
            Finding::Invented("more than once"),
        ),
        (
            "a row with a writer's marker",
            "INSERT INTO users (email, name) SELECT replace(email, '@', 'x@'), name FROM users \
             WHERE id = (SELECT max(id) FROM users)"
                .to_owned(),
            Finding::Invented("users w"),
        ),
        (
            "a row that was there before deleted",
            "DELETE FROM audit_logs WHERE id = (SELECT min(id) FROM audit_logs)".to_owned(),
            Finding::Lost("audit_logs: 1 of 75"),
        ),
        (
            "a reference of a row that was there before changed",
            "UPDATE messages SET reply_to = id WHERE id = (SELECT min(id) FROM messages)"
                .to_owned(),
            Finding::Wrong("loaded before"),
        ),
    ];
    for (what, sql, finding) in cases {
        let copy = database.copy("copy");
        copy.execute(&sql);
        let verdict = verdict(&copy, &outcome).await;
        println!("{what}: {verdict}");
        let (findings, word) = match finding {
            Finding::Lost(word) => (&verdict.lost, word),
            Finding::Invented(word) => (&verdict.invented, word),
            Finding::Wrong(word) => (&verdict.wrong, word),
        };
        let (lost, invented, wrong) = (&verdict.lost, &verdict.invented, &verdict.wrong);
        assert_eq!(findings.len(), 1, "{what}: {verdict}");
        assert_eq!(
            lost.len() + invented.len() + wrong.len(),
            1,
            "{what}: {verdict}"
        );
        assert!(findings[0].contains(word), "{what}: {verdict}");
    }
}

enum Finding {
    Lost(&'static str),
    Invented(&'static str),
    Wrong(&'static str),
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_that_no_longer_holds_is_noticed() {
    let database = chat(Cluster::shared(), 500).await;
    database.execute(
        "ALTER TABLE users DROP CONSTRAINT users_email_key; \
         ALTER TABLE users ADD CONSTRAINT other UNIQUE (email, name)",
    );
    let workload = start(&database, &[(Shape::Public, 2)]).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    // Upserts have nothing to stand on any more, which counts as errors.
    while workload.stats().total.error_count() < 20 || workload.stats().total.acknowledged < 1_000 {
        assert!(Instant::now() < deadline, "{}", workload.stats().total);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let outcome = workload.stop().await;
    assert!(outcome.stats.errors.contains_key("42P10"));
    let accepted = |anomaly: &String| anomaly.contains("must be refused with 23505");
    assert!(outcome.anomalies().iter().any(accepted));
    assert!(!verdict(&database, &outcome).await.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_under_load_leaves_no_doubt_about_any_write() {
    let cluster = Cluster::start(ClusterOptions::default()).unwrap();
    let database = chat(&cluster, 1_000).await;
    let workload = start(&database, &[(Shape::Public, 8)]).await;
    for _ in 0..3 {
        work(&workload, 500).await;
        cluster.crash().unwrap();
        cluster.restart().unwrap();
    }
    work(&workload, 500).await;
    let outcome = workload.stop().await;
    println!("{} {:?}", outcome.stats, outcome.stats.errors);
    let cut = outcome.stats.lost_but_committed + outcome.stats.lost_and_undone;
    assert!(cut > 0, "no operation was cut off");
    let verdict = verdict(&database, &outcome).await;
    assert!(verdict.is_clean(), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_sessions_leave_no_doubt_about_any_write() {
    let database = chat(Cluster::shared(), 1_000).await;
    let workload = start(&database, &[(Shape::Public, 4)]).await;
    for _ in 0..20 {
        work(&workload, 50).await;
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name LIKE 'turnback-writer-%'",
        );
    }
    let outcome = workload.stop().await;
    assert!(outcome.stats.lost_but_committed + outcome.stats.lost_and_undone > 0);
    let verdict = verdict(&database, &outcome).await;
    assert!(verdict.is_clean(), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_work_through_views_until_these_are_withdrawn() {
    let database = chat(Cluster::shared(), 1_000).await;
    database.execute("CREATE SCHEMA \"public_by-view\"");
    for table in [
        "users",
        "conversations",
        "participants",
        "messages",
        "audit_logs",
    ] {
        database.execute(&format!(
            "CREATE VIEW \"public_by-view\".{table} AS SELECT * FROM public.{table}"
        ));
    }
    let new = Shape::new_in("public_by-view");
    let workload = start(&database, &[(Shape::Old, 2), (new.clone(), 2)]).await;
    work(&workload, 1_000).await;
    assert_eq!(workload.switch(&new, &Shape::Old).await, 2);
    database.execute("DROP SCHEMA \"public_by-view\" CASCADE");
    work(&workload, 500).await;
    let outcome = workload.stop().await;
    assert_eq!(outcome.stats.error_count(), 0, "{}", outcome.stats);
    let verdict = verdict(&database, &outcome).await;
    assert!(verdict.is_clean(), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pace_is_kept() {
    let database = chat(Cluster::shared(), 500).await;
    let options = WorkloadOptions {
        pace: Some(100.0),
        ..WorkloadOptions::default()
    };
    let workload = Workload::start(database.url(), &[(Shape::Public, 2)], options)
        .await
        .unwrap();
    work(&workload, 100).await;
    let report = workload.stop().await.stats;
    assert!(report.per_second() <= 210.0, "{report}");
}

/// A key conversion in one stroke, without turnback: every key becomes a UUID, and every
/// reference follows.
const CONVERT: &str = include_str!("convert.sql");

#[tokio::test(flavor = "multi_thread")]
async fn the_same_writers_work_on_integers_and_on_uuids() {
    let database = chat(Cluster::shared(), 1_000).await;
    let workload = start(&database, &[(Shape::Public, 3), (Shape::Old, 1)]).await;
    work(&workload, 800).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    while let Err(error) = database.try_execute(CONVERT) {
        assert!(Instant::now() < deadline, "no conversion: {error}");
        assert!(error.to_string().contains("lock timeout"), "{error}");
    }
    work(&workload, 800).await;
    let moved = workload.switch(&Shape::Old, &Shape::Public).await;
    assert_eq!(moved, 1);
    work(&workload, 200).await;
    let outcome = workload.stop().await;
    println!("{}", outcome.stats);
    assert!(outcome.stats.shape_changes > 0);
    assert_eq!(outcome.stats.error_count(), 0, "{}", outcome.stats);
    assert_eq!(
        database.execute("SELECT pg_typeof(id) FROM users LIMIT 1"),
        "uuid"
    );
    let verdict = verdict(&database, &outcome).await;
    println!("{verdict}");
    assert!(verdict.is_clean(), "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stall_is_measured_and_belongs_to_its_window() {
    let database = chat(Cluster::shared(), 500).await;
    let workload = start(&database, &[(Shape::Public, 2)]).await;
    work(&workload, 100).await;
    let before = workload.mark("locked");
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let mut lock = connection.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE users")
        .execute(&mut *lock)
        .await
        .unwrap();
    let held = Duration::from_millis(400);
    tokio::time::sleep(held).await;
    lock.rollback().await.unwrap();
    work(&workload, 100).await;
    let report = workload.mark("after");
    assert_eq!(
        (before.label.as_str(), report.label.as_str()),
        ("start", "locked")
    );
    assert!(report.longest_stall() >= held / 2, "{report}");
    work(&workload, 100).await;
    let after = workload.stats().window;
    assert!(after.longest_stall() < report.longest_stall(), "{after}");
    workload.stop().await;
}
