//! The journal keeps what was written, in order, through a restart, and lets nobody edit it.

use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::edges::Journal;
use turnback_store::ControlStore;

use crate::world::World;

fn became(state: PhaseState) -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: "users".to_owned(),
        state,
    }
}

promises! {
    async fn entries_come_back_in_order_after_a_restart(world: World) {
        let store = world.open("shop").await;
        for state in [PhaseState::Expanding, PhaseState::Expanded] {
            store.append(&became(state)).await.expect("written");
        }
        drop(store);

        let entries = world.open("shop").await.last(10).await.expect("read");
        let numbers: Vec<i64> = entries.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [1, 2]);
        let events: Vec<_> = entries.into_iter().map(|entry| entry.event).collect();
        assert_eq!(
            events,
            [became(PhaseState::Expanding), became(PhaseState::Expanded)]
        );
        let other = world.open("other plan").await.last(10).await.expect("read");
        assert!(other.is_empty(), "plans do not mix");
    }

    async fn of_many_entries_the_last_are_shown(world: World) {
        let store = world.open("shop").await;
        for _ in 0..5 {
            store.append(&became(PhaseState::Expanding)).await.expect("written");
        }
        let entries = store.last(2).await.expect("read");
        let numbers: Vec<i64> = entries.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [4, 5]);
    }

    async fn looking_makes_no_store(world: World) {
        for _ in 0..2 {
            let looked = ControlStore::open_existing(&world.place, "shop").await;
            assert!(looked.expect("it can be looked for").is_none());
        }
        drop(world.open("shop").await);
        let looked = ControlStore::open_existing(&world.place, "shop").await;
        assert!(looked.expect("it can be looked for").is_some());
    }

    async fn nobody_edits_the_journal(world: World) {
        let store = world.open("shop").await;
        store.append(&became(PhaseState::Expanding)).await.expect("written");
        let mut edits = vec![
            "DELETE FROM journal",
            "UPDATE journal SET event = '{}'",
            "DELETE FROM chain",
            "UPDATE chain SET hash = ''",
        ];
        if world.is_postgres() {
            edits.extend(["TRUNCATE journal", "TRUNCATE chain"]);
        }
        for edit in edits {
            let refused = world.hand(edit).await.expect_err(edit);
            assert!(refused.to_string().contains("append-only"), "{refused}");
        }
        assert_eq!(store.last(10).await.expect("read").len(), 1);
    }

    async fn a_store_of_a_later_turnback_is_left_alone(world: World) {
        drop(world.open("shop").await);
        world
            .by_hand(
                "DROP TABLE journal; PRAGMA user_version = 1000",
                "DROP TABLE journal; UPDATE version SET number = 1000",
            )
            .await
            .expect("a later turnback may do that");
        let refused = world.refused().await;
        assert!(refused.contains("a later turnback wrote it"), "{refused}");
        let journal = world.hand("SELECT 1 FROM journal").await;
        assert!(journal.is_err(), "it was written to");
    }

    async fn a_new_store_is_made_once_when_several_open_it_at_once(world: World) {
        let (one, other, third) =
            tokio::join!(world.open("shop"), world.open("shop"), world.open("shop"));
        for store in [&one, &other, &third] {
            store.append(&became(PhaseState::Expanding)).await.expect("written");
        }
        assert_eq!(one.last(10).await.expect("read").len(), 3);
    }
}
