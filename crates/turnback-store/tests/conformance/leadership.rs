//! One controller leads at a time, and what another writes in its name is refused.

use std::time::{Duration, Instant};

use turnback_core::guard::Moment;
use turnback_core::journal::JournalEvent;
use turnback_core::notify::Message;
use turnback_engine::delivery::Outbox;
use turnback_engine::edges::Journal;
use turnback_engine::leadership::{Lead, Leadership};
use turnback_engine::watch::WatchStore;
use turnback_store::ControlStore;

use crate::world::World;

/// Longer than anything in these tests takes.
const LONG: Duration = Duration::from_secs(3600);

fn passed() -> JournalEvent {
    JournalEvent::BakePassed {
        phase: "users".to_owned(),
    }
}

async fn leads(store: &ControlStore, holder: &str, epoch: Option<i64>, lasting: Duration) -> i64 {
    match store.lead(holder, epoch, lasting).await.unwrap() {
        Lead::Leading { epoch } => epoch,
        other @ Lead::Following { .. } => panic!("{other:?}"),
    }
}

promises! {
    async fn one_leads_and_the_others_are_told_who(world: World) {
        let (one, other) = (world.open("shop").await, world.open("shop").await);
        assert_eq!(one.leader().await.unwrap(), None);
        let first = leads(&one, "one", None, LONG).await;
        let followed = other.lead("other", None, LONG).await.unwrap();
        let Lead::Following { holder, left } = followed else {
            panic!("{followed:?}");
        };
        assert_eq!(holder, "one");
        assert!(left > Duration::ZERO && left <= LONG, "{left:?}");
        // It renews its own; by its name alone it would not: it may have been started anew.
        assert_eq!(leads(&one, "one", Some(first), LONG).await, first);
        let renamed = one.lead("one", None, LONG).await.unwrap();
        assert!(matches!(renamed, Lead::Following { .. }), "{renamed:?}");
        let leader = other.leader().await.unwrap().expect("one leads");
        assert_eq!((leader.holder.as_str(), leader.epoch), ("one", first));
        // It leads since it began to, however often it renewed that.
        let began = leader.since.expect("it is taken down");
        let behind = "UPDATE controller SET since = since - 60000";
        world.hand(behind).await.unwrap();
        leads(&one, "one", Some(first), LONG).await;
        let since = other.leader().await.unwrap().and_then(|leader| leader.since);
        assert_eq!(since, Some(Moment(began.0 - 60_000)));
        // Each plan has its own.
        leads(&world.open("another plan").await, "other", None, LONG).await;
    }

    async fn of_many_that_begin_at_once_one_leads(world: World) {
        let mut attempts = Vec::new();
        for number in 0..6 {
            let store = world.open("shop").await;
            attempts.push(tokio::spawn(async move {
                store.lead(&format!("controller {number}"), None, LONG).await.unwrap()
            }));
        }
        let mut leading = 0;
        for attempt in attempts {
            let lead = attempt.await.unwrap();
            leading += usize::from(matches!(lead, Lead::Leading { epoch: 1 }));
        }
        assert_eq!(leading, 1);
    }

    async fn a_lead_whose_time_ran_out_or_that_was_given_up_is_taken_over(world: World) {
        let (one, other) = (world.open("shop").await, world.open("shop").await);
        let first = leads(&one, "one", None, Duration::ZERO).await;
        assert_eq!(one.leader().await.unwrap(), None);
        // Nobody came meanwhile: it is the same lead.
        assert_eq!(leads(&one, "one", Some(first), Duration::ZERO).await, first);
        let second = leads(&other, "other", None, LONG).await;
        assert_eq!(second, first + 1);
        let late = one.lead("one", Some(first), LONG).await.unwrap();
        assert!(matches!(late, Lead::Following { .. }), "{late:?}");
        let since = other.leader().await.unwrap().and_then(|leader| leader.since);
        assert!(since.is_some_and(|since| since.0 > 1_700_000_000_000), "{since:?}");
        // What is given up late takes nothing from the next.
        one.resign(first).await.unwrap();
        assert!(other.leader().await.unwrap().is_some());
        other.resign(second).await.unwrap();
        assert_eq!(leads(&one, "one", None, LONG).await, second + 1);
    }

    async fn a_lead_from_a_clock_that_was_set_back_is_over(world: World) {
        let store = world.open("shop").await;
        leads(&store, "one", None, Duration::from_secs(8)).await;
        let later = "UPDATE controller SET renewed_at = renewed_at + 86400000, \
                     until = until + 86400000";
        world.hand(later).await.unwrap();
        let deadline = Instant::now() + LONG;
        loop {
            match store.lead("other", None, LONG).await.unwrap() {
                Lead::Leading { epoch } => break assert_eq!(epoch, 2),
                // Whether it is heard of is found out first.
                Lead::Following { left, .. } => tokio::time::sleep(left).await,
            }
            assert!(Instant::now() < deadline, "nobody leads");
        }
    }

    async fn a_leader_that_renews_keeps_its_lead_when_the_clock_is_set(world: World) {
        let (one, other) = (world.open("shop").await, world.open("shop").await);
        let lasting = Duration::from_secs(8);
        let first = leads(&one, "one", None, lasting).await;
        for hours in [-1, 1, -1, 1] {
            // As a clock shows it that was set by as much.
            let set = format!(
                "UPDATE controller SET renewed_at = renewed_at + {0}, until = until + {0}",
                hours * 3_600_000
            );
            world.hand(&set).await.unwrap();
            let followed = other.lead("other", None, lasting).await.unwrap();
            let Lead::Following { holder, left } = followed else {
                panic!("{followed:?}");
            };
            assert_eq!(holder, "one");
            assert!(left > Duration::ZERO && left <= lasting, "{left:?}");
            assert_eq!(leads(&one, "one", Some(first), lasting).await, first);
        }
    }

    async fn what_is_written_under_a_lead_that_has_passed_is_refused(world: World) {
        let (one, other) = (world.open("shop").await, world.open("shop").await);
        let first = leads(&one, "one", None, Duration::ZERO).await;
        let old = one.under(first);
        old.append(&passed()).await.unwrap();
        let second = leads(&other, "other", None, LONG).await;

        let refused = old.append(&passed()).await.unwrap_err().to_string();
        assert!(refused.contains("other leads now"), "{refused}");
        let message = Message::test("shop", "postgres://db/shop", "team", Moment(1));
        assert!(old.put(&message, "team", Moment(1)).await.is_err());
        assert!(old.answers("users").await.is_err());
        assert!(old.close("users", None, "late").await.is_err());
        // Who leads writes, and so does whoever writes in no leader's name: people's answers do.
        other.under(second).append(&passed()).await.unwrap();
        one.append(&passed()).await.unwrap();
        let verified = one.verify(None).await.unwrap();
        assert!(verified.is_whole(), "{verified:?}");
        assert_eq!(verified.entries, 3);
    }
}
