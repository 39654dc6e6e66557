//! A store that is copied says the same in its new place, and goes on from there.

use turnback_core::guard::{Moment, Reading, Sample};
use turnback_core::journal::JournalEvent;
use turnback_core::notify::{Escalation, Message};
use turnback_engine::delivery::{Fate, Outbox};
use turnback_engine::edges::Journal;
use turnback_engine::watch::WatchStore;
use turnback_store::{ControlStore, NewToken};

use crate::watch::question;
use crate::world::World;

const NOW: Moment = Moment(1_763_750_000_000);

fn passed(phase: &str) -> JournalEvent {
    JournalEvent::BakePassed {
        phase: phase.to_owned(),
    }
}

fn message(id: &str) -> Message {
    Message {
        id: id.to_owned(),
        ..Message::test("shop", "postgres://db/shop", "team", NOW)
    }
}

/// Something in every table of the store's own.
async fn lived_in(world: &World) -> ControlStore {
    let store = world.open("shop").await;
    // More than are read at a time.
    for number in 0..1_100 {
        store
            .append(&passed(&format!("phase {number}")))
            .await
            .unwrap();
    }
    world
        .open("another plan")
        .await
        .append(&passed("users"))
        .await
        .unwrap();
    for id in ["b", "a"] {
        store.put(&message(id), "team", NOW).await.unwrap();
        store
            .keep(&Escalation::new(message(id), vec![]))
            .await
            .unwrap();
    }
    store.settle(1, &Fate::Sent, NOW).await.unwrap();
    let sample = Sample {
        guard: "latency".to_owned(),
        at: NOW,
        reading: Reading::NoData,
    };
    store.keep_samples("users", &[sample]).await.unwrap();
    store.ask("users", &question(1), None).await.unwrap();
    store.ask("users", &question(2), Some(NOW)).await.unwrap();
    store.close("users", Some(1), "it is over").await.unwrap();
    let token = NewToken {
        name: "on-call".to_owned(),
        role: "viewer".to_owned(),
        fingerprint: "a sum".to_owned(),
        made_at: NOW,
        expires_at: None,
    };
    store.make_token(&token).await.unwrap();
    store
}

/// Copies from one to another and on, and compares the three.
async fn copied_on(from: World, to: World, back: World) {
    let store = lived_in(&from).await;
    let there = to.open("shop").await;
    let copied = store.copy_to(&there).await.unwrap();
    assert!(copied.journal.is_whole(), "{:?}", copied.journal);
    assert_eq!(copied.journal.entries, 1_101);
    let once_more = back.open("shop").await;
    assert_eq!(there.copy_to(&once_more).await.unwrap(), copied);
    for copy in [&there, &once_more] {
        assert_eq!(copy.head().await.unwrap(), store.head().await.unwrap());
        assert_eq!(copy.last(5).await.unwrap(), store.last(5).await.unwrap());
        assert_eq!(
            copy.outbox(9).await.unwrap(),
            store.outbox(9).await.unwrap()
        );
        assert_eq!(copy.issues().await.unwrap(), store.issues().await.unwrap());
        for number in [1, 2] {
            assert_eq!(
                copy.question(number).await.unwrap(),
                store.question(number).await.unwrap()
            );
        }
        assert_eq!(copy.tokens().await.unwrap(), store.tokens().await.unwrap());
        // It goes on where the other ended.
        copy.append(&passed("orders")).await.unwrap();
        assert_eq!(copy.last(1).await.unwrap()[0].number, 1_102);
        assert!(copy.verify(None).await.unwrap().is_whole());
        assert_eq!(copy.ask("users", &question(3), None).await.unwrap(), 3);
    }
    // Into what holds something nothing is copied.
    let refused = store.copy_to(&there).await.unwrap_err().to_string();
    assert!(refused.contains("something in it already"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_copied_into_a_database_and_back_into_a_file() {
    copied_on(World::sqlite(), World::postgres(), World::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_copied_into_another() {
    copied_on(World::postgres(), World::postgres(), World::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_edited_is_copied_as_it_is_and_shows_there_too() {
    let (from, to) = (World::sqlite(), World::postgres());
    let store = from.open("shop").await;
    for phase in ["a", "b", "c"] {
        store.append(&passed(phase)).await.unwrap();
    }
    from.edit("UPDATE journal SET plan = 'x' WHERE number = 2")
        .await;
    let copied = store.copy_to(&to.open("shop").await).await.unwrap();
    assert!(!copied.journal.is_whole(), "{:?}", copied.journal);
}
