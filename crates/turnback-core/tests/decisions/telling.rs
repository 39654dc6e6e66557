//! What people are told of a watch, from its first question to its last.

use turnback_core::guard::Level::{Critical, Error, Pass, Warning};
use turnback_core::guard::{Level, Moment};
use turnback_core::hook::{HookMoment, HookOutcome, OnFailure};
use turnback_core::journal::JournalEvent;
use turnback_core::notify::{Message, News, Occasion, Severity};
use turnback_core::recovery::Part;
use turnback_core::watch::{Answer, CALM, Next};

use super::scene::Scene;
use super::world::{minutes, verdict};

/// Whoever listens to a run.
struct Ear {
    news: News,
    scene: Scene,
    told: Vec<Message>,
}

impl Ear {
    fn new(decisions: &str) -> Self {
        let mut ear = Self {
            news: News::new("chat", "postgres://db/chat"),
            scene: Scene::new(decisions),
            told: vec![],
        };
        ear.hears(&JournalEvent::RunBegun {
            command: "up".to_owned(),
            plan: "chat".to_owned(),
            epoch: 3,
            target: None,
        });
        ear
    }

    /// What is told of an event.
    fn hears(&mut self, event: &JournalEvent) -> Vec<Message> {
        let told = self.news.hear(event, self.scene.now);
        self.told.extend(told.clone());
        told
    }

    fn watched(&mut self, next: Vec<Next>) -> Vec<Message> {
        next.into_iter()
            .flat_map(|next| {
                let (number, until) = match &next {
                    Next::Ask { question } => (Some(17), self.scene.watch.until(question)),
                    _ => (None, None),
                };
                self.hears(&JournalEvent::Watched {
                    phase: "logins".to_owned(),
                    next: Box::new(next),
                    number,
                    until,
                })
            })
            .collect()
    }

    /// What is told when a guard says this.
    fn says(&mut self, guard: &str, level: Level) -> Vec<Message> {
        let next = self.scene.hears(&[(guard, level)]);
        let event = JournalEvent::GuardSays {
            phase: "logins".to_owned(),
            verdict: verdict(guard, level, self.scene.now),
        };
        let mut told = self.hears(&event);
        told.extend(self.watched(next));
        told
    }

    fn answers(&mut self, answer: Answer) -> Vec<Message> {
        let next = self
            .scene
            .answers(1, answer, "on-call")
            .expect("it is open");
        self.watched(next)
    }

    /// Every issue has one phase and one severity from its beginning to its end, and every
    /// message an id of its own and all its sentences.
    fn is_whole(&self) {
        for (place, message) in self.told.iter().enumerate() {
            for sentence in [
                &message.title,
                &message.happened,
                &message.safe,
                &message.next,
            ] {
                assert!(!sentence.is_empty(), "{message:?}");
            }
            for other in &self.told[..place] {
                assert_ne!(other.id, message.id);
                if message.issue.is_some() && other.issue == message.issue {
                    assert_eq!(
                        (&other.phase, other.severity, other.occasion),
                        (&message.phase, message.severity, message.occasion)
                    );
                    assert!(!other.resolved, "told of after its end: {message:?}");
                }
            }
            if let Some(issue) = &message.issue {
                assert!(issue.starts_with(&News::issues_of("chat")), "{issue}");
            }
        }
    }

    /// Issues that began and are not over.
    fn open(&self) -> usize {
        let over = |issue: &str| {
            self.told
                .iter()
                .any(|message| message.resolved && message.thread() == issue)
        };
        let mut issues: Vec<&str> = self
            .told
            .iter()
            .filter_map(|m| m.issue.as_deref())
            .collect();
        issues.sort_unstable();
        issues.dedup();
        issues.into_iter().filter(|issue| !over(issue)).count()
    }
}

fn one(told: Vec<Message>) -> Message {
    assert_eq!(told.len(), 1, "{told:#?}");
    told.into_iter().next().expect("there is one")
}

#[test]
fn a_hold_is_an_issue_until_nothing_holds_any_more() {
    let mut ear = Ear::new("- { when: { level: error }, do: hold }");
    let hold = one(ear.says("latency", Error));
    assert_eq!(
        (hold.occasion, hold.severity),
        (Occasion::Issue, Severity::Warning)
    );
    assert!(hold.title.contains("guard latency says error"), "{hold:?}");
    let more = one(ear.says("login", Error));
    assert_eq!(
        more.issue, hold.issue,
        "one issue, however many guards hold"
    );
    assert!(
        ear.says("login", Pass).is_empty(),
        "the other one still holds"
    );
    let over = one(ear.says("latency", Pass));
    assert!(over.resolved && over.issue == hold.issue, "{over:?}");
    // It comes and goes: that was told.
    assert!(ear.says("latency", Error).is_empty());
    assert!(ear.says("latency", Pass).is_empty());
    // After a calm it is another issue.
    let calm = CALM.as_secs() / 10 + 1;
    for _ in 0..calm {
        ear.says("latency", Pass);
    }
    let again = one(ear.says("latency", Error));
    assert_ne!(again.issue, hold.issue);
    ear.is_whole();
}

#[test]
fn a_question_says_how_it_is_answered_until_when_and_what_happens_then() {
    let mut ear = Ear::new(
        "- { when: { level: critical }, do: ask, deadline: 15m, otherwise: rollback, who: [on-call, team-lead] }",
    );
    let asked = one(ear.says("latency", Critical));
    assert_eq!(
        (asked.occasion, asked.severity),
        (Occasion::Issue, Severity::Critical)
    );
    let until = ear.scene.now + minutes(15);
    for words in [
        "`turnback answer 17 turn-back`",
        "`go-on`",
        "`hold`",
        "on-call, team-lead",
        "turn back",
        &until.to_string(),
    ] {
        assert!(asked.next.contains(words), "{words}: {}", asked.next);
    }
    let joined = one(ear.says("login", Critical));
    assert_eq!(joined.issue, asked.issue);
    let over = one(ear.answers(Answer::GoOn));
    assert!(over.resolved && over.issue == asked.issue, "{over:?}");
    assert!(
        over.happened.contains("on-call answered: go on"),
        "{over:?}"
    );
    assert_eq!(ear.open(), 0);
    ear.is_whole();
}

#[test]
fn a_question_that_nobody_answers_in_time_is_over_and_the_way_back_is_another_issue() {
    let mut ear =
        Ear::new("- { when: { level: critical }, do: ask, deadline: 1m, otherwise: rollback }");
    let asked = one(ear.says("latency", Critical));
    let told: Vec<Message> = (0..6).flat_map(|_| ear.says("latency", Critical)).collect();
    let [over, back] = &told[..] else {
        panic!("{told:#?}")
    };
    assert!(over.resolved && over.issue == asked.issue);
    assert_eq!(back.title, "Turning back logins");
    assert!(
        back.happened.contains("Nobody answered in time"),
        "{back:?}"
    );
    assert_eq!((back.severity, back.resolved), (Severity::Critical, false));
    assert_eq!(ear.open(), 1);
    let ended = ear.hears(&recovered(None));
    assert!(
        ended[0].resolved && ended[0].issue == back.issue,
        "{ended:#?}"
    );
    assert_eq!(ended[1].occasion, Occasion::After);
    assert!(ended[1].happened.contains("was missed"), "{ended:#?}");
    assert_eq!(ear.open(), 0);
    ear.is_whole();
}

#[test]
fn a_question_that_stays_open_says_so_and_is_over_when_it_is_answered() {
    let mut ear =
        Ear::new("- { when: { level: critical }, do: ask, deadline: 1m, otherwise: rollback }");
    ear.says("latency", Critical);
    let stays = one(ear.answers(Answer::Hold));
    assert!(
        !stays.resolved && stays.title.contains("stays open"),
        "{stays:?}"
    );
    let told = ear.answers(Answer::TurnBack);
    assert!(told[0].resolved && told[0].issue == stays.issue);
    assert!(told[1].happened.contains("on-call"), "{told:#?}");
    ear.is_whole();
}

#[test]
fn the_end_of_a_run_ends_what_it_held_for_and_asked() {
    let mut ear = Ear::new(
        "- { when: { level: critical }, do: ask, deadline: 1h, otherwise: hold }
         - { when: { level: error }, do: hold }",
    );
    ear.says("latency", Critical);
    ear.says("login", Error);
    assert_eq!(ear.open(), 2);
    let told = ear.hears(&JournalEvent::RunEnded {
        outcome: "stopped as asked".to_owned(),
        exit_code: 4,
    });
    let over: Vec<bool> = told.iter().map(|message| message.resolved).collect();
    assert_eq!(over, [true, true, false], "{told:#?}");
    assert_eq!(ear.open(), 1, "the run itself is to be gone on with");
    ear.is_whole();
}

#[test]
fn without_a_control_store_it_is_said_that_nobody_can_answer() {
    let mut ear =
        Ear::new("- { when: { level: critical }, do: ask, deadline: 15m, otherwise: hold }");
    let next = ear.scene.hears(&[("latency", Critical)]);
    let told = one(ear.hears(&JournalEvent::Watched {
        phase: "logins".to_owned(),
        next: Box::new(next[0].clone()),
        number: None,
        until: None,
    }));
    assert!(told.title.contains("nobody can answer"), "{told:?}");
    assert!(
        told.next.contains("15 min") && told.next.contains("hold"),
        "{told:?}"
    );
}

#[test]
fn what_a_guard_says_is_told_once_where_it_goes_on_and_is_over_when_it_passes() {
    let mut ear = Ear::new("- { when: { level: warning }, do: fix_forward }");
    let told = one(ear.says("latency", Warning));
    assert_eq!(
        (told.occasion, told.severity),
        (Occasion::Issue, Severity::Warning)
    );
    assert!(told.next.contains("a fix is due"), "{told:?}");
    assert!(ear.says("latency", Warning).is_empty());
    let over = one(ear.says("latency", Pass));
    assert!(over.resolved && over.issue == told.issue);
    ear.is_whole();
}

#[test]
fn a_baseline_and_a_bake_are_told_from_beginning_to_end() {
    let mut ear = Ear::new("- { when: { level: error }, do: hold }");
    let baseline = one(ear.hears(&JournalEvent::BaselineTaken {
        phase: "logins".to_owned(),
        guards: vec!["latency".to_owned()],
        from: Moment(0),
        until: Moment(900_000),
    }));
    assert!(baseline.happened.contains("15 min"), "{baseline:?}");
    let begun = one(ear.hears(&JournalEvent::BakeBegun {
        phase: "logins".to_owned(),
        millis: 1_800_000,
    }));
    assert!(begun.title.contains("30 min"), "{begun:?}");
    ear.says("latency", Error);
    let progress = ear.news.progress(ear.scene.now).expect("it bakes");
    assert!(
        progress.happened.contains("it bakes")
            && progress.happened.contains("guard latency says error"),
        "{progress:?}"
    );
    ear.says("latency", Pass);
    let passed = one(ear.hears(&JournalEvent::BakePassed {
        phase: "logins".to_owned(),
    }));
    assert_eq!(
        (passed.occasion, passed.severity),
        (Occasion::After, Severity::Info)
    );
    assert_eq!(ear.news.progress(ear.scene.now), None);
    ear.is_whole();
}

#[test]
fn a_hook_that_fails_is_an_issue_until_it_works() {
    let mut ear = Ear::new("- { when: { level: error }, do: hold }");
    let ran = |failure: Option<&str>| JournalEvent::HookRan {
        phase: "logins".to_owned(),
        on_failure: OnFailure::Continue,
        outcome: HookOutcome {
            hook: "stop the api".to_owned(),
            when: HookMoment::StopServices,
            millis: 5,
            failure: failure.map(str::to_owned),
            output: "what it printed".to_owned(),
        },
    };
    assert!(ear.hears(&ran(None)).is_empty());
    let failed = one(ear.hears(&ran(Some("it ended with exit code 1"))));
    assert_eq!(
        (failed.occasion, failed.severity),
        (Occasion::Issue, Severity::Warning)
    );
    assert!(failed.happened.contains("exit code 1") && failed.next.contains("goes on"));
    let works = one(ear.hears(&ran(None)));
    assert!(works.resolved && works.issue == failed.issue);
    ear.is_whole();
}

#[test]
fn a_way_back_that_does_not_end_well_stays_an_issue() {
    let mut ear = Ear::new("- { when: { level: critical }, do: rollback }");
    let back = one(ear.says("latency", Critical));
    let begun = one(ear.hears(&JournalEvent::RecoveryBegun {
        phases: vec!["logins".to_owned()],
        because: "guard latency says critical".to_owned(),
    }));
    assert_eq!((begun.occasion, begun.issue), (Occasion::Before, None));
    let part = |failure: Option<&str>| JournalEvent::RecoveryPart {
        part: Part::StartServices,
        millis: 1,
        objective_millis: None,
        failure: failure.map(str::to_owned),
    };
    assert!(ear.hears(&part(None)).is_empty());
    let failed = one(ear.hears(&part(Some("the api does not start"))));
    assert_eq!(failed.issue, back.issue);
    let line = |holds| JournalEvent::Validated {
        promise: "every foreign key is valid".to_owned(),
        holds,
        evidence: "2 of 9 are not".to_owned(),
    };
    assert!(ear.hears(&line(Some(true))).is_empty());
    assert!(
        one(ear.hears(&line(Some(false))))
            .happened
            .contains("2 of 9")
    );
    assert!(
        one(ear.hears(&line(None)))
            .title
            .contains("could not be found out")
    );
    let ended = one(ear.hears(&recovered(Some("the api does not start"))));
    assert!(!ended.resolved && ended.issue == back.issue, "{ended:?}");
    assert!(ended.next.contains("turnback repair"), "{ended:?}");
    assert_eq!(ear.open(), 1);
    ear.is_whole();
}

#[test]
fn people_hear_that_flags_were_disabled_and_why_they_could_not_be() {
    let mut ear = Ear::new("- { when: { level: critical }, do: hold, disable_flags: true }");
    let disabled = |flags: &[&str], failure: Option<&str>| JournalEvent::FlagsDisabled {
        flags: flags.iter().map(|key| (*key).to_owned()).collect(),
        failure: failure.map(str::to_owned),
    };
    let told = one(ear.hears(&disabled(&["banner", "users-uuid"], None)));
    assert_eq!(
        (told.occasion, told.severity),
        (Occasion::During, Severity::Critical)
    );
    assert!(told.happened.contains("banner, users-uuid"), "{told:?}");
    assert!(told.next.contains("turnback flag enable"), "{told:?}");
    let none = one(ear.hears(&disabled(&[], None)));
    assert!(none.happened.contains("none was enabled"), "{none:?}");
    let failed = one(ear.hears(&disabled(&[], Some("the control store does not answer"))));
    assert!(failed.happened.contains("does not answer"), "{failed:?}");
    assert!(
        failed.next.contains("turnback flag disable-all"),
        "{failed:?}"
    );
    ear.is_whole();
}

fn recovered(failure: Option<&str>) -> JournalEvent {
    JournalEvent::RecoveryEnded {
        millis: 65_000,
        objective_millis: Some(60_000),
        failure: failure.map(str::to_owned),
    }
}
