//! The hash chain of a journal in a real file: under writers at once, and under every hand that
//! edits it.

use std::path::{Path, PathBuf};

use sqlx::SqlitePool;
use turnback_core::chain::{Finding, Verification};
use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::edges::Journal;
use turnback_store::SqliteStore;

struct World {
    #[expect(dead_code, reason = "removed when it is dropped")]
    directory: tempfile::TempDir,
    path: PathBuf,
    store: SqliteStore,
}

fn event(number: usize) -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: format!("phase {number}"),
        state: PhaseState::Expanded,
    }
}

impl World {
    async fn of(entries: usize) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("journal.db");
        let store = SqliteStore::open(&path, "shop").await.expect("opened");
        let world = Self {
            directory,
            path,
            store,
        };
        for number in 1..=entries {
            world.append(number).await;
        }
        world
    }

    async fn append(&self, number: usize) {
        let written = self.store.append(&event(number)).await;
        written.expect("an entry is written");
    }

    /// What somebody does who has the file, and knows of its triggers.
    async fn edit(&self, sql: &'static str) {
        let pool = raw(&self.path).await;
        for trigger in ["journal_kept", "journal_stays", "chain_kept", "chain_stays"] {
            let drop = sqlx::AssertSqlSafe(format!("DROP TRIGGER {trigger}"));
            sqlx::raw_sql(drop).execute(&pool).await.expect("dropped");
        }
        sqlx::raw_sql(sql).execute(&pool).await.expect(sql);
        pool.close().await;
    }

    async fn verify(&self) -> Verification {
        self.store.verify(None).await.expect("the file is read")
    }

    /// What is found beside that the triggers are gone.
    async fn findings(&self) -> Vec<Finding> {
        let mut findings = self.verify().await.findings;
        let unguarded = findings.pop();
        assert!(
            matches!(unguarded, Some(Finding::Unguarded { .. })),
            "{findings:?}"
        );
        findings
    }
}

async fn raw(path: &Path) -> SqlitePool {
    let url = format!("sqlite://{}", path.display());
    SqlitePool::connect(&url).await.expect("the file is opened")
}

#[tokio::test]
async fn what_was_written_is_whole_and_its_head_is_found_again_later() {
    let world = World::of(5).await;
    let head = world.store.head().await.expect("read");
    assert_eq!(head.expect("there is one").number, 5);
    for number in 6..=9 {
        world.append(number).await;
    }
    let verified = world.store.verify(head).await.expect("read");
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.entries, verified.found_until), (9, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_append_at_once_make_one_chain() {
    let world = World::of(0).await;
    let mut writers = Vec::new();
    for writer in 0..4 {
        // Each with connections of its own, as another process has.
        let plan = format!("plan {writer}");
        let store = SqliteStore::open(&world.path, &plan).await.expect("opened");
        writers.push(tokio::spawn(async move {
            for number in 0..25 {
                let written = store.append(&event(number)).await;
                written.expect("an entry is written");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("it comes to its end");
    }
    let verified = world.verify().await;
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!(verified.entries, 100);
}

#[tokio::test]
async fn an_edited_entry_is_found() {
    let world = World::of(5).await;
    world
        .edit("UPDATE journal SET event = replace(event, 'phase 3', 'phase 7') WHERE number = 3")
        .await;
    let changed = [Finding::Changed { from: 3, to: 3 }];
    assert_eq!(world.findings().await, changed);
    // Going on does not heal it.
    world.append(6).await;
    assert_eq!(world.findings().await, changed);
}

#[tokio::test]
async fn an_edited_time_or_plan_is_found() {
    let world = World::of(5).await;
    world
        .edit("UPDATE journal SET at = '2020-01-01T00:00:00.000Z' WHERE number = 2")
        .await;
    assert_eq!(
        world.findings().await,
        [Finding::Changed { from: 2, to: 2 }]
    );
    let world = World::of(5).await;
    world
        .edit("UPDATE journal SET plan = 'another', event = 5 WHERE number = 4")
        .await;
    assert_eq!(
        world.findings().await,
        [Finding::Changed { from: 4, to: 4 }]
    );
}

#[tokio::test]
async fn a_removed_entry_is_found() {
    let world = World::of(5).await;
    world
        .edit("DELETE FROM journal WHERE number = 3; DELETE FROM chain WHERE number = 3")
        .await;
    assert_eq!(
        world.findings().await,
        [Finding::Missing { from: 3, to: 3 }]
    );
}

#[tokio::test]
async fn a_removed_end_is_found_by_the_head_and_by_the_head_that_a_person_kept() {
    let world = World::of(5).await;
    let head = world.store.head().await.expect("read");
    world
        .edit("DELETE FROM journal WHERE number > 3; DELETE FROM chain WHERE number > 3")
        .await;
    let found = world.findings().await;
    assert_eq!(found[0], Finding::Missing { from: 4, to: 5 });
    assert!(matches!(found[1], Finding::NotTheHead { .. }), "{found:?}");
    // Whoever knows of the head, too, is found by whoever has it in a report.
    let pool = raw(&world.path).await;
    sqlx::raw_sql(
        "UPDATE chain_head SET (number, hash) = (SELECT number, hash FROM chain WHERE number = 3); \
         UPDATE sqlite_sequence SET seq = 3 WHERE name = 'journal'",
    )
    .execute(&pool)
    .await
    .expect("edited");
    assert_eq!(world.findings().await, []);
    let found = world.store.verify(head).await.expect("read").findings;
    assert!(
        matches!(found[0], Finding::NotAsKept { kept } if Some(kept) == head),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_removed_end_shows_in_what_is_written_after() {
    let world = World::of(5).await;
    world
        .edit(
            "DELETE FROM journal WHERE number > 3; DELETE FROM chain WHERE number > 3; \
             UPDATE sqlite_sequence SET seq = 3 WHERE name = 'journal'",
        )
        .await;
    world.append(4).await;
    assert_eq!(
        world.findings().await,
        [Finding::Changed { from: 4, to: 4 }]
    );
}

#[tokio::test]
async fn entries_that_changed_places_are_found() {
    let world = World::of(5).await;
    world
        .edit(
            "UPDATE journal SET number = -2 WHERE number = 2; \
             UPDATE journal SET number = 2 WHERE number = 4; \
             UPDATE journal SET number = 4 WHERE number = -2",
        )
        .await;
    let changed = |number| Finding::Changed {
        from: number,
        to: number,
    };
    assert_eq!(world.findings().await, [changed(2), changed(4)]);
}

#[tokio::test]
async fn an_entry_written_past_the_chain_is_found_also_when_the_chain_went_on() {
    let world = World::of(3).await;
    world
        .edit("INSERT INTO journal (plan, event) VALUES ('shop', '{\"event\":\"run_ended\"}')")
        .await;
    let unchained = [Finding::Unchained { from: 4, to: 4 }];
    assert_eq!(world.findings().await, unchained);
    world.append(5).await;
    assert_eq!(world.findings().await, unchained);
    assert_eq!(world.verify().await.entries, 5);
}

#[tokio::test]
async fn a_file_from_before_there_was_a_chain_is_chained_as_it_is_found() {
    let world = World::of(3).await;
    // As a file of the schema before was.
    world
        .edit(
            "DROP TABLE chain; DROP TABLE chain_head; PRAGMA user_version = 3; \
             CREATE TRIGGER journal_kept BEFORE UPDATE ON journal \
             BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END; \
             CREATE TRIGGER journal_stays BEFORE DELETE ON journal \
             BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;",
        )
        .await;
    let store = SqliteStore::open(&world.path, "shop")
        .await
        .expect("opened");
    store.append(&event(4)).await.expect("written");
    let verified = store.verify(None).await.expect("read");
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.entries, verified.found_until), (4, Some(3)));
}

#[tokio::test]
async fn a_chain_that_is_gone_is_found_and_holds_no_append_up() {
    let world = World::of(3).await;
    world
        .edit("DELETE FROM chain; DELETE FROM chain_head")
        .await;
    assert_eq!(
        world.findings().await,
        [Finding::Unchained { from: 1, to: 3 }]
    );
    world.append(4).await;
    // Chained again, as found: that is what it says, and no more.
    let verified = world.verify().await;
    assert_eq!(verified.found_until, Some(3));
}
