//! The outbox tells each thing once, in order within an issue, through restarts and between two
//! processes.

use std::time::Duration;

use turnback_core::guard::Moment;
use turnback_core::notify::{Escalation, Message, Rung};
use turnback_engine::delivery::{Fate, Outbox};
use turnback_store::{ControlStore, OutboxState};

use crate::world::World;

const NOW: Moment = Moment(1_000_000);
const LATER: Moment = Moment(1_040_000);

fn message(id: &str, issue: Option<&str>) -> Message {
    Message {
        id: id.to_owned(),
        issue: issue.map(str::to_owned),
        ..Message::test("shop", "postgres://db/shop", "team", NOW)
    }
}

async fn claimed(store: &ControlStore, now: Moment) -> Option<(i64, String)> {
    let claim = store
        .claim("team", now, now + Duration::from_secs(30))
        .await;
    claim
        .expect("it can be claimed")
        .map(|entry| (entry.number, entry.message.id))
}

promises! {
    async fn what_is_told_twice_is_sent_once_also_after_a_restart(world: World) {
        let store = world.open("shop").await;
        assert!(store.put(&message("a", None), "team", NOW).await.unwrap());
        let (number, _) = claimed(&store, NOW).await.expect("it is due");
        store.settle(number, &Fate::Sent, NOW).await.unwrap();
        drop(store);

        let store = world.open("shop").await;
        assert!(!store.put(&message("a", None), "team", LATER).await.unwrap());
        assert_eq!(claimed(&store, LATER).await, None);
        assert!(store.put(&message("a", None), "lead", LATER).await.unwrap());
        let entries = store.outbox(10).await.unwrap();
        assert_eq!(entries[0].state, OutboxState::Sent(NOW));
        assert_eq!(entries[1].state, OutboxState::Waiting(LATER));
    }

    async fn of_two_processes_one_sends_and_the_other_takes_over_when_that_one_died(world: World) {
        let (one, other) = (world.open("shop").await, world.open("shop").await);
        one.put(&message("a", None), "team", NOW).await.unwrap();
        let first = claimed(&one, NOW).await;
        assert!(first.is_some());
        assert_eq!(claimed(&other, NOW).await, None);
        assert_eq!(claimed(&other, LATER).await, first);
    }

    async fn what_did_not_arrive_comes_again_when_it_is_time_and_says_why(world: World) {
        let store = world.open("shop").await;
        store.put(&message("a", None), "team", NOW).await.unwrap();
        let (number, _) = claimed(&store, NOW).await.expect("it is due");
        let reason = "the server is down".to_owned();
        let fate = Fate::Again {
            due: LATER,
            reason: reason.clone(),
        };
        store.settle(number, &fate, NOW).await.unwrap();
        assert_eq!(claimed(&store, NOW).await, None);
        let entry = store.outbox(1).await.unwrap().remove(0);
        assert_eq!((entry.attempts, entry.reason), (1, Some(reason.clone())));
        assert!(claimed(&store, LATER).await.is_some());
        store
            .settle(number, &Fate::GivenUp { reason }, LATER)
            .await
            .unwrap();
        assert!(store.waited_for().await.unwrap().is_empty());
        let entry = store.outbox(1).await.unwrap().remove(0);
        assert_eq!(entry.state, OutboxState::GivenUp(LATER));
    }

    async fn the_end_of_an_issue_is_not_sent_before_its_beginning(world: World) {
        let store = world.open("shop").await;
        for (id, issue) in [("begins", Some("i")), ("over", Some("i")), ("news", None)] {
            store.put(&message(id, issue), "team", NOW).await.unwrap();
        }
        let (number, id) = claimed(&store, NOW).await.expect("it is due");
        assert_eq!(id, "begins");
        // While it is on its way, or waits for another try, only others are sent.
        assert_eq!(claimed(&store, NOW).await.expect("it is due").1, "news");
        assert_eq!(claimed(&store, NOW).await, None);
        store.settle(number, &Fate::Sent, NOW).await.unwrap();
        assert_eq!(claimed(&store, NOW).await.expect("it is due").1, "over");
    }

    async fn a_clock_that_is_set_back_strands_nothing(world: World) {
        let store = world.open("shop").await;
        let tomorrow = NOW + Duration::from_secs(86_400);
        store
            .put(&message("a", None), "team", tomorrow)
            .await
            .unwrap();
        assert!(claimed(&store, tomorrow).await.is_some());
        assert!(claimed(&store, NOW).await.is_some());
    }

    async fn an_issue_is_open_until_its_end_was_told(world: World) {
        let store = world.open("shop").await;
        let begins = message("run-1/ended", Some("run-1"));
        store.put(&begins, "team", NOW).await.unwrap();
        store
            .put(&message("x", Some("other")), "team", NOW)
            .await
            .unwrap();
        let open = store.unresolved("run-").await.unwrap();
        assert_eq!(open, vec![begins.clone()]);
        let over = Message {
            resolved: true,
            id: "run-1/over".to_owned(),
            ..begins
        };
        store.put(&over, "team", NOW).await.unwrap();
        assert!(store.unresolved("run-").await.unwrap().is_empty());
    }

    async fn an_acknowledgement_by_another_process_is_not_lost_in_a_climb(world: World) {
        let (one, other) = (world.open("shop").await, world.open("shop").await);
        let rung = Rung {
            after: Duration::from_secs(1),
            to: vec!["lead".to_owned()],
        };
        let begun = Escalation::new(message("a", Some("i")), vec![rung]);
        one.keep(&begun).await.unwrap();
        let mut climbing = one.issues().await.unwrap().remove(0);
        let mut taken_on = other.issues().await.unwrap().remove(0);
        taken_on.acknowledge("on-call", NOW);
        other.keep(&taken_on).await.unwrap();
        climbing.climb(LATER);
        one.keep(&climbing).await.unwrap();
        // Telling the same issue again does not begin it anew.
        one.keep(&begun).await.unwrap();
        let known = other.issue("i").await.unwrap().expect("it is known");
        assert_eq!((known.climbed, known.is_open()), (1, false));
        assert_eq!(known.acknowledged.expect("somebody has").by, "on-call");
    }
}
