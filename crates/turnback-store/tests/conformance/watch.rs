//! What a watch keeps is there for whoever asks next, and an answer is taken once.

use serde_json::json;
use turnback_core::guard::{Baseline, Level, Moment, Reading, Sample, Value, Verdict};
use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_core::watch::{Answer, Question};
use turnback_engine::edges::Journal;
use turnback_engine::watch::WatchStore;

use crate::world::World;

const NOW: Moment = Moment(1_763_750_000_000);

/// As a watch asks it.
pub(crate) fn question(id: u32) -> Question {
    let asked = json!({
        "id": id,
        "decision": {
            "guard": "latency",
            "level": "critical",
            "action": { "do": "hold" },
            "by": "default",
            "phases": ["users"],
            "left": [],
            "instead_of": null,
            "needs_person": false,
            "because": "it is slow",
            "situation": { "at": NOW, "phase": "users", "guards": [], "standings": [] },
        },
        "guards": ["latency"],
        "asked": NOW,
        "until_millis": null,
    });
    serde_json::from_value(asked).expect("a question")
}

fn says(guard: &str, level: Level) -> JournalEvent {
    JournalEvent::GuardSays {
        phase: "users".to_owned(),
        verdict: Verdict {
            guard: guard.to_owned(),
            at: NOW,
            level,
            since: NOW,
            value: Some(0.25),
            object: None,
            because: "it was measured".to_owned(),
        },
    }
}

fn became(state: PhaseState) -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: "users".to_owned(),
        state,
    }
}

fn passed() -> JournalEvent {
    JournalEvent::BakePassed {
        phase: "users".to_owned(),
    }
}

promises! {
    async fn samples_of_a_guard_come_back_as_they_were_measured(world: World) {
        let store = world.open("shop").await;
        let sample = |guard: &str, at: u64, reading: Reading| Sample {
            guard: guard.to_owned(),
            at: Moment(NOW.0 + at),
            reading,
        };
        let measured = |value| Reading::Measured(vec![Value { object: None, value }]);
        let samples = [
            sample("latency", 0, measured(0.1)),
            sample("errors", 1, measured(1e300)),
            sample("latency", 2, Reading::NoData),
            sample("latency", 3, Reading::Failed("it was \"down\"".to_owned())),
        ];
        store.keep_samples("users", &samples).await.unwrap();
        store.keep_samples("users", &[]).await.unwrap();
        let of = store.samples_of("shop", "latency", NOW, Moment(NOW.0 + 2)).await;
        assert_eq!(of.unwrap(), [samples[0].clone(), samples[2].clone()]);
        // The end of time is a moment like others.
        let of = store.samples_of("shop", "errors", NOW, Moment(u64::MAX)).await;
        assert_eq!(of.unwrap(), [samples[1].clone()]);
    }

    async fn the_last_baseline_of_a_phase_counts(world: World) {
        let store = world.open("shop").await;
        assert_eq!(store.baseline("users").await.unwrap(), None);
        let series = json!({ "guards": { "latency": {
            "from": NOW, "until": NOW, "unit": "seconds", "objects": [], "unknown": 3,
        } } });
        store.keep_baseline("users", &Baseline::default()).await.unwrap();
        let last: Baseline = serde_json::from_value(series).unwrap();
        store.keep_baseline("users", &last).await.unwrap();
        assert_eq!(store.baseline("users").await.unwrap(), Some(last.clone()));
        assert_eq!(store.baseline_of("shop", "users").await.unwrap(), Some(last));
        assert_eq!(world.open("other").await.baseline("users").await.unwrap(), None);
    }

    async fn an_answer_of_another_process_is_taken_once(world: World) {
        let (run, person) = (world.open("shop").await, world.open("shop").await);
        let number = run.ask("users", &question(1), None).await.unwrap();
        let open = person.open_questions().await.unwrap();
        assert_eq!(open[0].question, question(1));
        assert!(run.answers("users").await.unwrap().is_empty());

        let why = Some("I have looked");
        assert!(person.answer(number, Answer::GoOn, "on-call", why).await.unwrap());
        assert!(!person.answer(number + 1, Answer::GoOn, "on-call", None).await.unwrap());
        let taken = run.answers("users").await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].question, taken[0].answer), (1, Answer::GoOn));
        assert!(run.answers("users").await.unwrap().is_empty());

        run.refuse("users", 1, "on-call may not answer").await.unwrap();
        let seen = person.question(number).await.unwrap().unwrap();
        assert!(seen.taken);
        assert_eq!(seen.refused.as_deref(), Some("on-call may not answer"));
        // Another answer takes the place of the refused one.
        assert!(person.answer(number, Answer::Hold, "team-lead", None).await.unwrap());
        let taken = run.answers("users").await.unwrap();
        assert_eq!((taken[0].by.as_str(), taken[0].answer), ("team-lead", Answer::Hold));
    }

    async fn a_closed_question_takes_no_answer(world: World) {
        let store = world.open("shop").await;
        let first = store.ask("users", &question(1), Some(NOW)).await.unwrap();
        let second = store.ask("users", &question(2), None).await.unwrap();
        store.close("users", Some(1), "it is over").await.unwrap();
        assert!(!store.answer(first, Answer::GoOn, "on-call", None).await.unwrap());
        let closed = store.question(first).await.unwrap().unwrap();
        assert_eq!(closed.closed.as_deref(), Some("it is over"));
        assert_eq!(closed.until, Some(NOW));
        let open = store.open_questions().await.unwrap();
        assert_eq!(open.iter().map(|open| open.number).collect::<Vec<_>>(), [second]);
        store.close("users", None, "the run ended").await.unwrap();
        assert!(store.open_questions().await.unwrap().is_empty());
    }

    async fn what_each_guard_said_last_is_told_in_order(world: World) {
        let store = world.open("shop").await;
        for event in [
            says("latency", Level::Pass),
            says("errors", Level::Pass),
            became(PhaseState::Expanded),
            says("latency", Level::Critical),
        ] {
            store.append(&event).await.unwrap();
        }
        let said = store.about_watch().await.unwrap();
        let events: Vec<_> = said.iter().map(|(_, event)| event.clone()).collect();
        assert_eq!(events, [
            says("errors", Level::Pass),
            became(PhaseState::Expanded),
            says("latency", Level::Critical),
        ]);
        assert!(said.iter().all(|(at, _)| at.0 > NOW.0), "{said:?}");
    }

    async fn a_phase_has_baked_until_its_state_changes(world: World) {
        let store = world.open("shop").await;
        assert!(!store.has_baked("users").await.unwrap());
        store.append(&passed()).await.unwrap();
        assert!(store.has_baked("users").await.unwrap());
        assert!(!store.has_baked("orders").await.unwrap());
        store.append(&became(PhaseState::Pending)).await.unwrap();
        assert!(!store.has_baked("users").await.unwrap());
    }

    async fn steps_that_took_locks_are_told_apart_from_the_rest(world: World) {
        let store = world.open("shop").await;
        store.append(&passed()).await.unwrap();
        assert_eq!(store.about_locks().await.unwrap(), []);
        let entries = store.whole_journal().await.unwrap();
        assert_eq!((entries.entries.len(), entries.unreadable), (1, 0));
    }
}
