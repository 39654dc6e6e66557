//! The hash chain of a journal: under writers at once, and under every hand that edits it.

use turnback_core::chain::{Finding, Head, Verification};
use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::edges::Journal;

use crate::world::World;

/// Takes back the highest number that an entry ever had.
const SQLITE_FORGETS: &str = "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'journal'";
const POSTGRES_FORGETS: &str = "UPDATE journal_highest SET number = 3";

fn event(number: usize) -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: format!("phase {number}"),
        state: PhaseState::Expanded,
    }
}

async fn append(world: &World, number: usize) {
    let written = world.open("shop").await.append(&event(number)).await;
    written.expect("an entry is written");
}

/// Writes so many entries.
async fn written(world: &World, entries: usize) {
    let store = world.open("shop").await;
    for number in 1..=entries {
        let written = store.append(&event(number)).await;
        written.expect("an entry is written");
    }
}

async fn head(world: &World) -> Option<Head> {
    world.open("shop").await.head().await.expect("it is read")
}

async fn verify(world: &World, elsewhere: Option<Head>) -> Verification {
    let verified = world.open("shop").await.verify(elsewhere).await;
    verified.expect("it is read")
}

/// What is found beside that the triggers are gone.
async fn findings(world: &World) -> Vec<Finding> {
    let mut findings = verify(world, None).await.findings;
    let unguarded = findings.pop();
    assert!(
        matches!(unguarded, Some(Finding::Unguarded { .. })),
        "{findings:?}"
    );
    findings
}

promises! {
    async fn what_was_written_is_whole_and_its_head_is_found_again_later(world: World) {
        written(&world, 5).await;
        let head = head(&world).await;
        assert_eq!(head.expect("there is one").number, 5);
        for number in 6..=9 {
            append(&world, number).await;
        }
        let verified = verify(&world, head).await;
        assert!(verified.is_whole(), "{verified:?}");
        assert_eq!((verified.entries, verified.found_until), (9, None));
    }

    async fn writers_that_append_at_once_make_one_chain(world: World) {
        let mut writers = Vec::new();
        for writer in 0..4 {
            // Each with connections of its own, as another process has.
            let plan = format!("plan {writer}");
            let store = world.open(&plan).await;
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
        let verified = verify(&world, None).await;
        assert!(verified.is_whole(), "{verified:?}");
        assert_eq!(verified.entries, 100);
    }

    async fn an_edited_entry_is_found(world: World) {
        written(&world, 5).await;
        world
            .edit("UPDATE journal SET event = replace(event, 'phase 3', 'phase 7') WHERE number = 3")
            .await;
        let changed = [Finding::Changed { from: 3, to: 3 }];
        assert_eq!(findings(&world).await, changed);
        // Going on does not heal it.
        append(&world, 6).await;
        assert_eq!(findings(&world).await, changed);
    }

    async fn an_edited_time_or_plan_is_found(world: World) {
        written(&world, 5).await;
        world
            .edit("UPDATE journal SET at = '2020-01-01T00:00:00.000Z' WHERE number = 2")
            .await;
        assert_eq!(
            findings(&world).await,
            [Finding::Changed { from: 2, to: 2 }]
        );
        world
            .hand("UPDATE journal SET plan = 'another', event = 5 WHERE number = 4")
            .await
            .expect("edited");
        let changed = |number| Finding::Changed {
            from: number,
            to: number,
        };
        assert_eq!(findings(&world).await, [changed(2), changed(4)]);
    }

    async fn a_removed_entry_is_found(world: World) {
        written(&world, 5).await;
        world
            .edit("DELETE FROM journal WHERE number = 3; DELETE FROM chain WHERE number = 3")
            .await;
        assert_eq!(
            findings(&world).await,
            [Finding::Missing { from: 3, to: 3 }]
        );
    }

    async fn a_removed_end_is_found_by_the_head_and_by_the_head_that_a_person_kept(world: World) {
        written(&world, 5).await;
        let head = head(&world).await;
        world
            .edit("DELETE FROM journal WHERE number > 3; DELETE FROM chain WHERE number > 3")
            .await;
        let found = findings(&world).await;
        assert_eq!(found[0], Finding::Missing { from: 4, to: 5 });
        assert!(matches!(found[1], Finding::NotTheHead { .. }), "{found:?}");
        // Whoever knows of the head, too, is found by whoever has it in a report.
        let head_of_three =
            "UPDATE chain_head SET (number, hash) = (SELECT number, hash FROM chain WHERE number = 3)";
        world
            .by_hand(
                &format!("{head_of_three}; {SQLITE_FORGETS}"),
                &format!("{head_of_three}; {POSTGRES_FORGETS}"),
            )
            .await
            .expect("edited");
        assert_eq!(findings(&world).await, []);
        let found = verify(&world, head).await.findings;
        assert!(
            matches!(found[0], Finding::NotAsKept { kept } if Some(kept) == head),
            "{found:?}"
        );
    }

    async fn a_removed_end_shows_in_what_is_written_after(world: World) {
        written(&world, 5).await;
        let end = "DELETE FROM journal WHERE number > 3; DELETE FROM chain WHERE number > 3";
        world
            .edit_each(
                &format!("{end}; {SQLITE_FORGETS}"),
                &format!("{end}; {POSTGRES_FORGETS}"),
            )
            .await;
        append(&world, 4).await;
        assert_eq!(
            findings(&world).await,
            [Finding::Changed { from: 4, to: 4 }]
        );
    }

    async fn entries_that_changed_places_are_found(world: World) {
        written(&world, 5).await;
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
        assert_eq!(findings(&world).await, [changed(2), changed(4)]);
    }

    async fn an_entry_written_past_the_chain_is_found_also_when_the_chain_went_on(world: World) {
        written(&world, 3).await;
        world
            .edit("INSERT INTO journal (plan, event) VALUES ('shop', '{\"event\":\"run_ended\"}')")
            .await;
        let unchained = [Finding::Unchained { from: 4, to: 4 }];
        assert_eq!(findings(&world).await, unchained);
        append(&world, 5).await;
        assert_eq!(findings(&world).await, unchained);
        assert_eq!(verify(&world, None).await.entries, 5);
    }

    async fn a_chain_that_is_gone_is_found_and_holds_no_append_up(world: World) {
        written(&world, 3).await;
        world
            .edit("DELETE FROM chain; DELETE FROM chain_head")
            .await;
        assert_eq!(
            findings(&world).await,
            [Finding::Unchained { from: 1, to: 3 }]
        );
        append(&world, 4).await;
        // Chained again, as found: that is what it says, and no more.
        let verified = verify(&world, None).await;
        assert_eq!(verified.found_until, Some(3));
    }

    async fn what_was_written_is_summed_as_it_was_written(world: World) {
        // Keys in this order, numbers and escapes as they are: no database may write it anew.
        let event = JournalEvent::PhaseBecame {
            phase: "Zoë's \"users\" \\ \u{1f980} 1.0".to_owned(),
            state: PhaseState::Expanded,
        };
        let store = world.open("a plan with ' in it").await;
        store.append(&event).await.expect("written");
        assert!(verify(&world, None).await.is_whole());
        assert_eq!(store.last(1).await.expect("read")[0].event, event);
    }
}
