//! The journal keeps what was written, in order, through a restart, and lets nobody edit it.

use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::edges::Journal;
use turnback_store::SqliteStore;

fn became(state: PhaseState) -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: "users".to_owned(),
        state,
    }
}

#[tokio::test]
async fn entries_come_back_in_order_after_a_restart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("deep").join("turnback.db");
    let store = SqliteStore::open(&path, "shop")
        .await
        .expect("a new file is made");
    store
        .append(&became(PhaseState::Expanding))
        .await
        .expect("written");
    store
        .append(&became(PhaseState::Expanded))
        .await
        .expect("written");
    drop(store);

    let store = SqliteStore::open(&path, "shop")
        .await
        .expect("the file is opened again");
    let events: Vec<_> = store
        .last(10)
        .await
        .expect("read")
        .into_iter()
        .map(|entry| entry.event)
        .collect();
    assert_eq!(
        events,
        [became(PhaseState::Expanding), became(PhaseState::Expanded)]
    );
    let other = SqliteStore::open(&path, "other plan")
        .await
        .expect("opened");
    assert!(
        other.last(10).await.expect("read").is_empty(),
        "plans do not mix"
    );
}

#[tokio::test]
async fn nobody_edits_the_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("turnback.db");
    let store = SqliteStore::open(&path, "shop").await.expect("opened");
    store
        .append(&became(PhaseState::Expanding))
        .await
        .expect("written");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display()))
        .await
        .expect("opened");
    for sql in ["DELETE FROM journal", "UPDATE journal SET event = '{}'"] {
        let refused = sqlx::raw_sql(sql).execute(&pool).await.expect_err(sql);
        assert!(refused.to_string().contains("append-only"), "{refused}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let error = SqliteStore::open(std::path::Path::new("/proc/none/turnback.db"), "shop")
        .await
        .err()
        .expect("nothing can be made there");
    assert!(error.to_string().contains("/proc/none"), "{error}");
}

#[tokio::test]
async fn a_file_of_a_later_turnback_is_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("turnback.db");
    drop(SqliteStore::open(&path, "shop").await.expect("opened"));
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", path.display()))
        .await
        .expect("opened");
    sqlx::raw_sql("DROP TABLE journal; PRAGMA user_version = 1000")
        .execute(&pool)
        .await
        .expect("a later turnback may do that");
    let refused = SqliteStore::open(&path, "shop").await.err();
    let refused = refused.expect("it cannot be used").to_string();
    assert!(refused.contains("a later turnback wrote it"), "{refused}");
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'journal'",
    )
    .fetch_one(&pool)
    .await
    .expect("it can be read");
    assert_eq!(tables, 0, "it was written to");
}
