//! The second check finds nothing where nothing is wrong, and names what is.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_testkit::{
    Cluster, Database, Finding, Found, HISTORY_SCHEMA, Histories, HistoryOptions, Kind, Remembered,
    Shape, judge, seed,
};

/// Clients at work until so much was acknowledged, and what they remember.
async fn lived(clients: usize, acknowledged: u64) -> (Database, Remembered) {
    let database = Cluster::shared().database("history");
    database.execute(HISTORY_SCHEMA);
    let options = HistoryOptions {
        seed: seed(),
        pace: Duration::from_millis(1),
    };
    println!("TURNBACK_SEED={}", options.seed);
    let shapes = [Shape::Public, Shape::Old];
    let histories = Histories::start(database.url(), clients, &shapes, &options);
    let deadline = Instant::now() + Duration::from_secs(120);
    while histories.acknowledged() < acknowledged {
        assert!(Instant::now() < deadline, "{:?}", histories.mark());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tally = histories.mark();
    assert_eq!(tally.errors, Vec::<String>::new());
    assert!(tally.retries.is_empty(), "{:?}", tally.retries);
    (database, histories.stop().await)
}

async fn findings(connection: &mut PgConnection, remembered: &Remembered) -> Vec<Finding> {
    let found = Found::through(connection, &Shape::Public).await;
    judge(remembered, &found.expect("the tables are there"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_history_is_clean_and_every_tampering_is_named() {
    let (database, remembered) = lived(4, 600).await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let clean = findings(&mut connection, &remembered).await;
    assert_eq!(clean, []);
    assert!(remembered.len() > 600);

    // A document with versions to tamper with, which is there.
    let old = "(SELECT name FROM documents WHERE version > 3 ORDER BY name LIMIT 1)";
    let last = format!(
        "document = {old} AND version = (SELECT version FROM documents WHERE name = {old})"
    );
    let one_before = format!(
        "(SELECT max(seq) FROM history WHERE document = {old} AND seq < (SELECT max(seq) FROM history WHERE document = {old}))"
    );
    let undo = format!(
        "UPDATE documents d SET version = h.version, word = h.word, after = h.after, \
         shelf_id = (SELECT id FROM shelves WHERE name = h.shelf) \
         FROM history h WHERE h.seq = {one_before} AND d.name = h.document"
    );
    let cases: [(&str, String, Kind); 12] = [
        (
            "a version removed, as if it had never been",
            format!("{undo}; DELETE FROM history h WHERE seq = (SELECT max(seq) FROM history WHERE document = (SELECT document FROM history WHERE seq = {one_before}))"),
            Kind::Lost,
        ),
        ("an update reverted", undo.clone(), Kind::Reverted),
        (
            "a version that no client wrote",
            format!("SET LOCAL session_replication_role = origin; UPDATE documents SET after = word, word = 'nobody' WHERE name = {old}"),
            Kind::Invented,
        ),
        (
            "two versions in another order",
            format!("UPDATE history SET seq = -seq WHERE document = {old}"),
            Kind::Order,
        ),
        (
            "a version made from one that was not the last",
            format!("UPDATE history SET after = 'an older one' WHERE {last}"),
            Kind::LostUpdate,
        ),
        (
            "a version with another word",
            format!("UPDATE history SET word = 'other' WHERE {last}"),
            Kind::Lost,
        ),
        (
            "a document gone",
            format!("DELETE FROM documents WHERE name = {old}"),
            Kind::Lost,
        ),
        (
            "a document back from its end",
            "INSERT INTO documents (name, shelf_id, word, after) SELECT document, (SELECT min(id) FROM shelves), word, after \
             FROM history WHERE event = 'DELETE' LIMIT 1"
                .to_owned(),
            Kind::Reverted,
        ),
        (
            "a document on another shelf",
            format!("UPDATE documents d SET shelf_id = (SELECT max(id) FROM shelves WHERE id <> d.shelf_id) WHERE name = {old}"),
            Kind::Count,
        ),
        (
            "a count that is not true",
            "UPDATE shelves SET documents = documents + 1 WHERE name = 'shelf 1'".to_owned(),
            Kind::Count,
        ),
        (
            "a note gone",
            "DELETE FROM notes WHERE id = (SELECT max(id) FROM notes)".to_owned(),
            Kind::Lost,
        ),
        (
            "a note on another document",
            "UPDATE notes n SET document_id = (SELECT max(id) FROM documents WHERE id <> n.document_id) \
             WHERE id = (SELECT max(id) FROM notes)"
                .to_owned(),
            Kind::Reverted,
        ),
    ];
    for (what, sql, kind) in cases {
        let mut transaction = connection.begin().await.unwrap();
        let sql = format!("SET LOCAL session_replication_role = replica; {sql}");
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *transaction)
            .await
            .unwrap();
        let found = findings(&mut transaction, &remembered).await;
        assert!(
            found.iter().any(|finding| finding.kind == kind),
            "{what}: {kind:?} is not among {found:?}"
        );
        transaction.rollback().await.unwrap();
    }
    let clean = findings(&mut connection, &remembered).await;
    assert_eq!(clean, [], "the cases left nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_heard_of_may_be_there_or_not() {
    let database = Cluster::shared().database("doubt");
    database.execute(HISTORY_SCHEMA);
    let options = HistoryOptions {
        seed: seed(),
        pace: Duration::ZERO,
    };
    println!("TURNBACK_SEED={}", options.seed);
    let histories = Histories::start(database.url(), 4, &[Shape::Public], &options);
    let deadline = Instant::now() + Duration::from_secs(120);
    for round in 1..=15 {
        while histories.acknowledged() < 20 * round {
            assert!(Instant::now() < deadline, "{:?}", histories.mark());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'turnback-historian'",
        );
    }
    let tally = histories.mark();
    assert!(tally.lost > 0, "{tally:?}");
    assert_eq!(tally.errors, Vec::<String>::new());
    let remembered = histories.stop().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    assert_eq!(findings(&mut connection, &remembered).await, []);
}
