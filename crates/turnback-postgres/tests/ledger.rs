//! Ledgers of other turnbacks: an earlier one is brought up to date, a later one left alone. And who
//! holds the lease when the server's clock is set.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed, and says where"
)]

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_core::plan::Target as Url;
use turnback_engine::edges::{Fence, Target};
use turnback_engine::error::TargetError;
use turnback_postgres::PostgresTarget;
use turnback_testkit::{Cluster, Database};

/// The tables as version 1 had them.
const TABLES: &str = include_str!("../src/ledger/tables.sql");
/// Functions as an earlier turnback may have made them: one that says something else now, one
/// that is not made any more.
const FUNCTIONS: &str = "CREATE FUNCTION turnback.fence(held bigint) RETURNS void LANGUAGE sql AS 'SELECT'; \
     CREATE FUNCTION turnback.drop_version_schema(schema_name text) RETURNS void LANGUAGE sql AS 'SELECT'";
/// For locks in the ledger.
const BUDGET: Duration = Duration::from_secs(5);

fn target(database: &Database) -> PostgresTarget {
    PostgresTarget::new(&Url::new(database.url()), 1).unwrap()
}

/// Every table, column and function of the ledger, with its definition.
fn made_of(database: &Database) -> String {
    database.execute(
        "SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid) \
         FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum \
         WHERE relnamespace = 'turnback'::regnamespace AND relkind = 'r' AND attnum > 0 ORDER BY 1, 2; \
         SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'turnback'::regnamespace ORDER BY 1::text, 2; \
         SELECT pg_get_functiondef(oid), proacl FROM pg_proc WHERE pronamespace = 'turnback'::regnamespace ORDER BY proname; \
         SELECT version FROM turnback.version",
    )
}

#[tokio::test]
async fn a_ledger_of_an_earlier_turnback_becomes_what_a_new_one_is_and_keeps_what_it_holds() {
    let cluster = Cluster::shared();
    let (fresh, old) = (cluster.database("fresh"), cluster.database("earlier"));
    target(&fresh).open_ledger(BUDGET).await.unwrap();
    old.execute(TABLES);
    old.execute(FUNCTIONS);
    old.execute("INSERT INTO turnback.phase VALUES ('p', 'keys', 0, 'cut_over', '{}', '{}')");
    target(&old).open_ledger(BUDGET).await.unwrap();
    assert_eq!(
        old.execute("SELECT plan, phase, state FROM turnback.phase"),
        "p|keys|cut_over"
    );
    // Stored programs of that time may still call what is not made any more.
    old.execute("DROP FUNCTION turnback.drop_version_schema(text)");
    assert_eq!(made_of(&old), made_of(&fresh));
    // Once more changes nothing.
    let opened = made_of(&fresh);
    target(&fresh).open_ledger(BUDGET).await.unwrap();
    assert_eq!(made_of(&fresh), opened);
}

#[tokio::test]
async fn a_ledger_that_an_earlier_turnback_stands_on_is_not_changed_under_its_hands() {
    let database = Cluster::shared().database("stood_on");
    let earlier = target(&database);
    earlier.open_ledger(BUDGET).await.unwrap();
    let fence = earlier.acquire("the earlier one").await.unwrap();
    database.execute("UPDATE turnback.version SET version = 1");
    let refused = target(&database).open_ledger(BUDGET).await.unwrap_err();
    assert!(
        matches!(refused, TargetError::LeaseHeld { .. }),
        "{refused}"
    );
    assert_eq!(
        database.execute("SELECT version FROM turnback.version"),
        "1"
    );
    earlier.release(fence, true).await.unwrap();
    target(&database).open_ledger(BUDGET).await.unwrap();
}

#[tokio::test]
async fn a_ledger_of_a_later_turnback_is_left_alone_and_the_reason_said() {
    let database = Cluster::shared().database("later");
    let target = target(&database);
    target.open_ledger(BUDGET).await.unwrap();
    database.execute("UPDATE turnback.version SET version = version + 1");
    let before = made_of(&database);
    for refused in [
        target.open_ledger(BUDGET).await.unwrap_err(),
        target.has_ledger().await.unwrap_err(),
    ] {
        assert!(
            refused.to_string().contains("a later turnback wrote it"),
            "{refused}"
        );
    }
    assert_eq!(made_of(&database), before);
}

/// A ledger with a holder whose beats look as if the server's clock had been set by so much since
/// each of them.
async fn held_under_a_clock(
    name: &str,
    set: &'static str,
) -> (Database, Fence, tokio::task::JoinHandle<()>) {
    let database = Cluster::shared().database(name);
    let holder = target(&database);
    holder.open_ledger(BUDGET).await.unwrap();
    let fence = holder.acquire("the first").await.unwrap();
    let mut clock = PgConnection::connect(database.url()).await.unwrap();
    let set = format!("UPDATE turnback.lease SET heartbeat = heartbeat {set}");
    sqlx::raw_sql(AssertSqlSafe(set.clone()))
        .execute(&mut clock)
        .await
        .unwrap();
    let beats = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let mut beat = clock.begin().await.unwrap();
            // The beat and the clock in one: nobody sees the one without the other.
            sqlx::raw_sql(AssertSqlSafe(format!(
                "UPDATE turnback.lease SET heartbeat = clock_timestamp() WHERE epoch = {}; {set}",
                fence.epoch
            )))
            .execute(&mut *beat)
            .await
            .unwrap();
            beat.commit().await.unwrap();
            // Its session stays, for it is what holds the lease.
            let _ = &holder;
        }
    });
    (database, fence, beats)
}

#[tokio::test]
async fn whoever_is_heard_of_keeps_the_lease_when_the_servers_clock_is_set() {
    for (name, set) in [
        ("clock_forward", "- interval '1 hour'"),
        ("clock_back", "+ interval '1 hour'"),
    ] {
        let (database, fence, beats) = held_under_a_clock(name, set).await;
        let refused = target(&database).acquire("the second").await;
        let Err(TargetError::LeaseHeld { holder, seconds }) = refused else {
            panic!("{name}: {refused:?}");
        };
        assert_eq!(holder, "the first");
        assert!((0..=3_700).contains(&seconds), "{name}: {seconds}");
        let epoch = database.execute("SELECT epoch FROM turnback.lease");
        assert_eq!(epoch, fence.epoch.to_string(), "{name}");
        beats.abort();
    }
}

#[tokio::test]
async fn whoever_is_silent_is_succeeded_also_where_the_servers_clock_was_set_back() {
    let database = Cluster::shared().database("silent_back");
    let silent = target(&database);
    silent.open_ledger(BUDGET).await.unwrap();
    let fence = silent.acquire("the first").await.unwrap();
    database.execute("UPDATE turnback.lease SET heartbeat = heartbeat + interval '1 hour'");
    let next = target(&database);
    let taken = next.acquire("the second").await.unwrap();
    assert_eq!(taken.epoch, fence.epoch + 1);
    assert!(matches!(
        silent.heartbeat(fence).await,
        Err(TargetError::Fenced)
    ));
}
