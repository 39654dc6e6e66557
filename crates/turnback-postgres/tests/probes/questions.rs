//! Queries of the user's own.

use turnback_core::guard::{Probe, Reading, Value};
use turnback_testkit::Cluster;

use super::world::{World, failure, number, read, values, world};

async fn ask(world: &World, question: &str) -> Reading {
    read(
        &world.prober,
        &Probe::Sql(question.to_owned()),
        &world.scope,
    )
    .await
}

#[tokio::test]
async fn one_number_of_any_type_is_read() {
    let world = world("number").await;
    world
        .db
        .execute("CREATE DOMAIN whole AS bigint CHECK (value >= 0)");
    for (question, expected) in [
        ("SELECT 7::smallint", 7.0),
        ("SELECT 7", 7.0),
        ("SELECT count(*) FROM users", 20.0),
        ("SELECT 0.5::real", 0.5),
        ("SELECT 0.1::float8;", 0.1),
        ("SELECT avg(n) FROM (VALUES (0.1), (0.2)) v(n)", 0.15),
        (
            "SELECT -12345678901234567890.5",
            -12_345_678_901_234_567_890.5,
        ),
        ("SELECT 0.00001234::numeric", 0.000_012_34),
        ("SELECT interval '1 day 90 seconds'", 86_490.0),
        ("SELECT true", 1.0),
        ("SELECT false", 0.0),
        ("SELECT 9::whole", 9.0),
        (
            "WITH w AS (SELECT 3 AS n) SELECT n FROM w -- a comment",
            3.0,
        ),
        ("SELECT 'Infinity'::float8", f64::MAX),
    ] {
        assert_eq!(number(&ask(&world, question).await), expected, "{question}");
    }
}

#[tokio::test]
async fn rows_give_an_object_and_its_number_each() {
    let world = world("rows").await;
    let reading = ask(
        &world,
        "SELECT name, id FROM users WHERE id < 3 UNION ALL SELECT 'none', NULL ORDER BY 1",
    )
    .await;
    // What has no number has no value.
    let expected = [("user 1".to_owned(), 1.0), ("user 2".to_owned(), 2.0)];
    assert_eq!(values(reading), expected);
    let nameless = ask(&world, "SELECT NULL::varchar, 1.5").await;
    let value = Value {
        object: None,
        value: 1.5,
    };
    assert_eq!(nameless, Reading::Measured(vec![value]));
}

#[tokio::test]
async fn null_and_no_rows_are_no_data() {
    let world = world("nothing").await;
    for question in [
        "SELECT NULL::int",
        "SELECT max(id) FROM users WHERE id > 1000",
        "SELECT id FROM users WHERE id > 1000",
        "SELECT name, id FROM users WHERE id > 1000",
        "SELECT 'a'::text, NULL::int",
        "SELECT 'NaN'::float8",
        "SELECT 'NaN'::numeric",
    ] {
        assert_eq!(ask(&world, question).await, Reading::NoData, "{question}");
    }
}

#[tokio::test]
async fn what_is_no_number_fails_and_says_what_was_expected() {
    let world = world("wrong").await;
    for (question, words) in [
        ("SELECT 'seven'::text", "text, and not a number"),
        ("SELECT now()", "timestamptz, and not a number"),
        ("SELECT id FROM users", "give the object's name as text"),
        ("SELECT id, id FROM users", "must be text, not int4"),
        ("SELECT name, name FROM users", "not a number"),
        ("SELECT 1, 2, 3", "3 columns"),
        ("SELECT 'a'::text, 1 FROM users", "`a` twice"),
        (
            "SELECT n::text, n FROM generate_series(1, 2000) n",
            "count or sum",
        ),
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT", "0 columns"),
        ("SELECT 1; SELECT 2", "multiple commands"),
        ("DELETE FROM messages RETURNING id", "probes only read"),
        ("SELECT nextval('users_id_seq')", "probes only read"),
        ("COMMIT; DELETE FROM messages", "multiple commands"),
        ("SELECT * FROM nowhere", "does not exist"),
    ] {
        let why = failure(ask(&world, question).await);
        assert!(why.contains(words), "{question}: {why}");
    }
    assert_eq!(world.db.execute("SELECT count(*) FROM messages"), "21");
}

#[tokio::test]
async fn names_resolve_in_the_schema_of_the_plan() {
    let db = Cluster::shared().database("path");
    db.execute(
        "CREATE SCHEMA \"Shop\"; CREATE TABLE \"Shop\".orders (); CREATE TABLE clients (); \
         INSERT INTO \"Shop\".orders DEFAULT VALUES",
    );
    let url = turnback_core::plan::Target::new(db.url());
    let target = turnback_postgres::PostgresTarget::new(&url, 1).unwrap();
    let scope = turnback_postgres::ProbeScope::new(
        "p",
        "Shop",
        turnback_core::program::Program::default().into(),
        turnback_core::state::PhaseState::Pending,
    );
    let probe =
        Probe::Sql("SELECT (SELECT count(*) FROM orders) + count(*) FROM clients".to_owned());
    assert_eq!(number(&read(&target.prober(), &probe, &scope).await), 1.0);
}

#[tokio::test]
async fn a_password_in_an_error_is_not_shown() {
    let world = world("secret").await;
    let why = failure(
        ask(
            &world,
            "SELECT ('postgresql://app:hunter2@db/chat' || count(*))::int FROM users",
        )
        .await,
    );
    assert!(!why.contains("hunter2"), "{why}");
}
