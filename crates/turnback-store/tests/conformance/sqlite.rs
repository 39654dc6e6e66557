//! What is true of files alone: they may be from before there were other places.

use std::path::Path;

use turnback_core::guard::Moment;
use turnback_core::journal::JournalEvent;
use turnback_core::notify::Message;
use turnback_core::state::PhaseState;
use turnback_engine::delivery::Outbox;
use turnback_engine::edges::Journal;
use turnback_store::{ControlStore, StorePlace};

use crate::world::World;

const JOURNAL: &str = include_str!("../../src/schema/journal.sqlite.sql");
const OUTBOX: &str = include_str!("../../src/schema/outbox.sqlite.sql");
const WATCH: &str = include_str!("../../src/schema/watch.sqlite.sql");

fn event() -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: "users".to_owned(),
        state: PhaseState::Expanding,
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_made_is_named() {
    let place = StorePlace::from(Path::new("/proc/none/turnback.db"));
    let opened = ControlStore::open(&place, "shop").await;
    let error = opened.err().expect("nothing can be made there").to_string();
    assert!(error.contains("/proc/none"), "{error}");
}

/// Makes a file as an earlier turnback left it, with so many entries.
async fn earlier(steps: &[&str], entries: usize) -> World {
    let world = World::sqlite();
    let event = serde_json::to_string(&event()).unwrap();
    let entry = format!("INSERT INTO journal (plan, event) VALUES ('shop', '{event}');");
    let version = format!("PRAGMA user_version = {};", steps.len());
    let script = format!("{}{}{version}", steps.concat(), entry.repeat(entries));
    world.make(&script).await;
    world
}

#[tokio::test]
async fn a_store_of_the_first_schema_gets_what_it_lacks_and_keeps_its_journal() {
    let world = earlier(&[JOURNAL], 1).await;
    let (one, other) = tokio::join!(world.open("shop"), world.open("shop"));
    let message = Message::test("shop", "postgres://db/shop", "team", Moment(1_000_000));
    let (first, second) = (Moment(1_000_000), Moment(1_000_001));
    assert!(one.put(&message, "team", first).await.unwrap());
    assert!(!other.put(&message, "team", second).await.unwrap());
    let kept = one.last(10).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].event, event());
}

#[tokio::test]
async fn a_file_from_before_there_was_a_chain_is_chained_as_it_is_found() {
    let world = earlier(&[JOURNAL, OUTBOX, WATCH], 3).await;
    let store = world.open("shop").await;
    store.append(&event()).await.unwrap();
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_whole(), "{verified:?}");
    assert_eq!((verified.entries, verified.found_until), (4, Some(3)));
}
