//! The comparison is itself put to the test: handed a database in which one thing is wrong, it
//! must find that thing.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use turnback_core::name::TableName;
use turnback_testkit::{Cluster, Database};

use super::compare::Faults;
use super::{Compared, Kind, Open, Side, Traffic, make_room};
use crate::commands::rehearse::{Amount, Options};

const SCHEMA: &str = "CREATE TABLE parent (id serial PRIMARY KEY, name text NOT NULL); \
     CREATE TABLE child (id serial PRIMARY KEY, parent_id int NOT NULL REFERENCES parent, v int); \
     INSERT INTO parent (name) SELECT 'p' || g FROM generate_series(1, 30) g; \
     INSERT INTO child (parent_id, v) SELECT g, g FROM generate_series(1, 30) g";

/// Longer than clients take to write a handful of rows, on whatever machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Rows of `child` that a client made and that nothing refers to.
const OWN: &str = "(SELECT id FROM child WHERE id NOT IN (SELECT k0 FROM turnback_rehearsal.rows_0) ORDER BY id LIMIT 1)";

/// Clients that have written for a while and have gone.
async fn written() -> (Database, Traffic) {
    let database = Cluster::shared().database("compare");
    database.execute(SCHEMA);
    let mut session = PgConnection::connect(database.url())
        .await
        .expect("it is there");
    make_room(&mut session).await.expect("there is none yet");
    let snapshot = turnback_postgres::catalog::snapshot(&mut session)
        .await
        .expect("it can be read");
    let options = Options {
        amount: Amount::None,
        pause: Duration::ZERO,
        writers: 1,
        pace: Duration::from_millis(2),
        seed: turnback_testkit::seed(),
    };
    println!("seed {}", options.seed);
    let tables = BTreeSet::from(["child", "parent"].map(|name| TableName::new("public", name)));
    let mut traffic = Traffic::prepare(
        database.url(),
        &snapshot,
        &tables,
        &BTreeSet::new(),
        &options,
    )
    .await
    .expect("clients can be prepared");
    assert!(
        traffic
            .recipes()
            .iter()
            .all(|recipe| recipe.no_insert.is_none())
    );
    traffic
        .compare("before", &open())
        .await
        .expect("it can be compared");
    for kind in [Kind::Old, Kind::Public] {
        traffic
            .add(&kind, Side::Old, 1)
            .await
            .expect("they are let in");
    }
    let begun = Instant::now();
    while database.execute(&format!(
        "SELECT {OWN} IS NOT NULL AND (SELECT count(*) FROM child) > 36"
    )) != "t"
    {
        assert!(begun.elapsed() < PATIENCE, "{:?}", traffic.stats());
        tokio::task::yield_now().await;
    }
    traffic.withdraw(|_| true).await;
    (database, traffic)
}

fn open() -> Open {
    Open::One(Side::Old)
}

async fn compared(traffic: &mut Traffic) -> Compared {
    traffic
        .compare("now", &open())
        .await
        .expect("it can be compared")
}

fn counts(found: &Compared) -> [u64; 3] {
    let of = |faults: &Faults| faults.count;
    [of(&found.lost), of(&found.invented), of(&found.wrong)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_and_nothing_else_is_clean() {
    let (_database, mut traffic) = written().await;
    let found = compared(&mut traffic).await;
    assert_eq!(counts(&found), [0; 3], "{found:?}");
    assert!(found.rows > 0 && found.acknowledged > 0, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_gone_one_that_nobody_made_and_one_that_was_changed_are_found() {
    let (database, mut traffic) = written().await;
    database.execute(&format!("DELETE FROM child WHERE id = {OWN}"));
    assert_eq!(counts(&compared(&mut traffic).await), [1, 0, 0]);
    database.execute("INSERT INTO child (parent_id, v) VALUES (1, 1)");
    assert_eq!(counts(&compared(&mut traffic).await), [1, 1, 0]);
    database.execute(
        "UPDATE child SET v = -1 WHERE id = (SELECT id FROM child WHERE id NOT IN \
         (SELECT k0 FROM turnback_rehearsal.rows_0) ORDER BY id LIMIT 1)",
    );
    assert_eq!(counts(&compared(&mut traffic).await), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_there_before_are_missed_and_their_changes_seen() {
    let (database, mut traffic) = written().await;
    database.execute("UPDATE child SET v = -7 WHERE id = 3");
    let found = compared(&mut traffic).await;
    assert_eq!(counts(&found), [0, 0, 1], "{found:?}");
    // A row that no client refers to; its absence changes the digest, too.
    database.execute("DELETE FROM child WHERE id = 4");
    let found = compared(&mut traffic).await;
    assert_eq!(counts(&found), [1, 0, 1], "{found:?}");
}
