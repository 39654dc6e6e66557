//! The watch over time: what is decided when, and that nothing is decided twice.

use proptest::prelude::*;
use turnback_core::decision::Action;
use turnback_core::guard::Level::{self, Critical, Error, NoData, Pass, Warning};
use turnback_core::guard::Moment;
use turnback_core::state::PhaseState::Contracted;
use turnback_core::watch::{Answer, AnswerRefused, CALM, Next, Waiting};

use super::scene::{Scene, told};
use super::world::{minutes, seconds, standings};

const ASK: &str = "  - { when: { level: warning }, do: ask, deadline: 1m, otherwise: rollback, who: [on-call, team-lead] }\n";

#[test]
fn a_way_back_is_decided_once_and_then_only_one_that_goes_further() {
    let mut scene = Scene::new(
        "\
  - { when: { guard: orphans, level: critical }, do: rollback, scope: all }
  - { when: { level: critical }, do: rollback }
",
    );
    assert_eq!(
        told(&scene.hears(&[("latency", Critical)])),
        ["turn back logins"]
    );
    assert!(scene.hears_for(5, &[("latency", Critical)]).is_empty());
    assert!(scene.hears(&[("login", Critical)]).is_empty());
    assert_eq!(
        told(&scene.hears(&[("orphans", Critical)])),
        ["turn back logins users leaf-tables"]
    );
    assert!(scene.hears_for(5, &[("orphans", Critical)]).is_empty());
    assert_eq!(
        scene.watch.waiting(),
        [Waiting::TurnedBack {
            phases: ["logins", "users", "leaf-tables"]
                .map(str::to_owned)
                .to_vec()
        }]
    );
    scene.watch.turned_back();
    assert!(
        scene
            .hears(&[("orphans", Critical), ("login", Error)])
            .is_empty()
    );
}

#[test]
fn of_two_ways_back_at_once_the_one_that_goes_further_is_taken() {
    let mut scene = Scene::new(
        "\
  - { when: { guard: login }, do: rollback }
  - { when: { guard: orphans }, do: rollback, scope: all }
",
    );
    let next = scene.hears(&[("login", Critical), ("orphans", Critical)]);
    assert_eq!(told(&next), ["turn back logins users leaf-tables"]);
}

#[test]
fn a_question_is_asked_once_and_ends_at_its_deadline_as_the_plan_says() {
    let mut scene = Scene::new(ASK);
    assert_eq!(
        told(&scene.hears(&[("latency", Warning)])),
        ["ask 1: latency"]
    );
    assert!(!scene.watch.may_go_on());
    assert!(scene.hears_for(5, &[("latency", Warning)]).is_empty());
    assert_eq!(
        told(&scene.hears(&[("latency", Warning)])),
        ["1 overdue: rollback", "turn back logins"]
    );
}

#[test]
fn what_a_question_waits_for_is_said_with_its_end() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    let asked = scene.now;
    scene.hears(&[("latency", Warning)]);
    let waiting = scene.watch.waiting();
    assert!(
        matches!(&waiting[..], [Waiting::Answer { question: 1, until: Some(until), .. }] if *until == asked + minutes(1)),
        "{waiting:?}"
    );
    assert_eq!(
        waiting[0].sentence(scene.now),
        "question 1 waits for on-call or team-lead: turn back phase logins? 50s left, then rollback"
    );
}

#[test]
fn what_was_answered_is_not_asked_again_until_it_has_been_calm() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    let next = scene
        .answers(1, Answer::GoOn, "on-call")
        .expect("she may answer");
    assert_eq!(told(&next), ["1 answered GoOn by on-call", "go on"]);
    // It goes on, recovers for a moment, and comes again: nobody is asked.
    assert!(scene.hears_for(20, &[("latency", Warning)]).is_empty());
    assert!(scene.hears_for(5, &[("latency", Pass)]).is_empty());
    assert!(scene.hears_for(5, &[("latency", Warning)]).is_empty());
    // It has been calm, and comes again: that is something else.
    let calm = u32::try_from(CALM.as_secs() / 10).expect("it is short") + 1;
    assert!(scene.hears_for(calm, &[("latency", Pass)]).is_empty());
    assert_eq!(
        told(&scene.hears(&[("latency", Warning)])),
        ["ask 2: latency"]
    );
}

#[test]
fn what_gets_worse_is_asked_again() {
    let mut scene =
        Scene::new("  - { when: { guard: latency }, do: ask, deadline: 1h, otherwise: hold }\n");
    scene.hears(&[("latency", Warning)]);
    scene
        .answers(1, Answer::GoOn, "on-call")
        .expect("anybody may answer");
    assert_eq!(
        told(&scene.hears(&[("latency", Critical)])),
        ["ask 2: latency"]
    );
    scene
        .answers(2, Answer::GoOn, "on-call")
        .expect("anybody may answer");
    assert!(scene.hears(&[("latency", Warning)]).is_empty());
}

#[test]
fn guards_that_come_to_the_same_row_join_its_question() {
    let mut scene = Scene::new(ASK);
    let both = [("latency", Warning), ("login", Warning)];
    assert_eq!(
        told(&scene.hears(&both)),
        ["ask 1: latency", "login joins 1"]
    );
    assert_eq!(
        told(&scene.hears(&[("orphans", Warning)])),
        ["orphans joins 1"]
    );
    assert!(scene.hears(&both).is_empty());
    assert_eq!(
        scene.watch.questions()[0].guards,
        ["latency", "login", "orphans"]
    );
}

#[test]
fn an_answer_counts_only_from_those_who_are_asked() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    assert_eq!(
        scene
            .answers(1, Answer::TurnBack, "visitor")
            .map_err(|e| e.to_string()),
        Err(
            "visitor may not answer this question: the plan names on-call and team-lead".to_owned()
        )
    );
    assert_eq!(
        scene.answers(2, Answer::TurnBack, "on-call"),
        Err(AnswerRefused::NotOpen(2))
    );
    let next = scene
        .answers(1, Answer::TurnBack, "team-lead")
        .expect("he may answer");
    assert_eq!(
        told(&next),
        ["1 answered TurnBack by team-lead", "turn back logins"]
    );
    assert_eq!(
        scene.answers(1, Answer::GoOn, "on-call"),
        Err(AnswerRefused::NotOpen(1))
    );
    assert!(scene.hears_for(9, &[("latency", Warning)]).is_empty());
}

#[test]
fn who_says_hold_has_as_long_as_it_takes() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    let next = scene
        .answers(1, Answer::Hold, "on-call")
        .expect("she may answer");
    assert_eq!(told(&next), ["1 stays open"]);
    assert!(scene.hears_for(100, &[("latency", Warning)]).is_empty());
    assert!(!scene.watch.may_go_on());
    let next = scene
        .answers(1, Answer::GoOn, "team-lead")
        .expect("he may answer");
    assert_eq!(told(&next), ["1 answered GoOn by team-lead", "go on"]);
}

#[test]
fn a_question_whose_guard_passes_again_turns_nothing_back() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    assert_eq!(
        told(&scene.hears_for(6, &[("latency", Pass)])),
        ["1 passed", "go on"]
    );
}

#[test]
fn a_question_whose_guard_fell_silent_ends_as_the_plan_says() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    assert_eq!(
        told(&scene.hears_for(6, &[("latency", NoData)])),
        [
            "hold for latency",
            "1 overdue: rollback",
            "turn back logins"
        ]
    );
}

#[test]
fn a_way_back_overtakes_open_questions() {
    let mut scene = Scene::new(&format!(
        "{ASK}  - {{ when: {{ level: critical }}, do: rollback, scope: previous }}\n"
    ));
    scene.hears(&[("latency", Warning)]);
    assert_eq!(
        told(&scene.hears(&[("login", Critical)])),
        ["1 overtaken", "turn back logins users"]
    );
    assert_eq!(
        scene.answers(1, Answer::GoOn, "on-call"),
        Err(AnswerRefused::NotOpen(1))
    );
}

#[test]
fn a_monitoring_outage_holds_tells_once_and_turns_nothing_back() {
    let mut scene = Scene::new("  - { when: { level: critical }, do: rollback }\n");
    let both = |level| [("latency", level), ("login", level)];
    assert!(scene.hears(&both(Pass)).is_empty());
    assert_eq!(
        told(&scene.hears(&both(Error))),
        ["hold for latency", "hold for login"]
    );
    assert!(scene.hears_for(500, &both(Error)).is_empty());
    assert_eq!(told(&scene.hears(&both(Pass))), ["go on"]);
    // A probe that fails now and then stops the run each time, and is no news.
    assert_eq!(
        told(&scene.hears(&[("login", Error)])),
        ["hold for login again"]
    );
    assert_eq!(told(&scene.hears(&both(Pass))), ["go on"]);
}

#[test]
fn what_no_row_names_is_asked_about_and_then_held() {
    let mut scene = Scene::new("  - { when: { guard: orphans, level: critical }, do: rollback }\n");
    assert_eq!(
        told(&scene.hears(&[("latency", Warning)])),
        ["tell of latency warning"]
    );
    assert!(scene.hears(&[("latency", Warning)]).is_empty());
    assert_eq!(
        told(&scene.hears(&[("latency", Critical)])),
        ["ask 1: latency"]
    );
    assert_eq!(
        told(&scene.hears_for(90, &[("latency", Critical)])),
        ["1 stays open"]
    );
    assert!(scene.hears_for(500, &[("latency", Pass)]).is_empty());
    let next = scene
        .answers(1, Answer::TurnBack, "on-call")
        .expect("anybody may answer");
    assert_eq!(
        told(&next),
        ["1 answered TurnBack by on-call", "turn back logins"]
    );
}

#[test]
fn a_row_fits_once_it_has_lasted_and_that_is_said_beforehand() {
    let mut scene = Scene::new(
        "  - { when: { level: critical, lasting: 1m }, do: rollback }\n  - { do: continue }\n",
    );
    assert!(scene.hears(&[("latency", Critical)]).is_empty());
    let began = scene.now;
    let waiting = scene.watch.waiting();
    assert!(
        matches!(&waiting[..], [Waiting::Lasting { until, .. }] if *until == began + minutes(1)),
        "{waiting:?}"
    );
    assert!(scene.hears_for(5, &[("latency", Critical)]).is_empty());
    // A break begins the time anew.
    assert!(scene.hears(&[("latency", Warning)]).is_empty());
    assert!(scene.hears_for(6, &[("latency", Critical)]).is_empty());
    assert_eq!(
        told(&scene.hears(&[("latency", Critical)])),
        ["turn back logins"]
    );
}

#[test]
fn time_counts_over_all_levels_that_a_row_names() {
    let mut scene = Scene::new("  - { when: { lasting: 1m }, do: rollback }\n");
    scene.hears_for(4, &[("latency", Warning)]);
    scene.hears(&[("latency", Critical)]);
    assert!(
        scene
            .hears(&[("latency", Warning)])
            .iter()
            .all(|next| !matches!(next, Next::TurnBack { .. }))
    );
    assert_eq!(
        told(&scene.hears(&[("latency", Critical)]))
            .last()
            .map(String::as_str),
        Some("turn back logins")
    );
}

#[test]
fn what_cannot_be_turned_back_waits_for_a_person() {
    let mut scene = Scene::new("  - { when: { level: critical }, do: rollback }\n");
    scene.standings = standings(&[Contracted, Contracted, Contracted]);
    assert_eq!(
        told(&scene.hears(&[("latency", Critical)])),
        ["ask 1: latency"]
    );
    let question = &scene.watch.questions()[0];
    assert_eq!(question.decision.action, Action::Hold);
    assert!(question.decision.because.contains("contracted"));
    assert!(scene.hears_for(100, &[("latency", Pass)]).is_empty());
    assert!(matches!(
        scene.answers(1, Answer::TurnBack, "on-call"),
        Err(AnswerRefused::NoWayBack(_))
    ));
    let next = scene
        .answers(1, Answer::GoOn, "on-call")
        .expect("anybody may answer");
    assert_eq!(told(&next), ["1 answered GoOn by on-call", "go on"]);
}

#[test]
fn a_clock_that_jumps_decides_nothing() {
    let day = seconds(86_400);
    let mut scene = Scene::new(
        "\
  - { when: { guard: latency, lasting: 1m }, do: rollback }
  - { when: { guard: login }, do: ask, deadline: 1m, otherwise: rollback }
  - { do: continue }
",
    );
    let says = [("latency", Critical), ("login", Critical)];
    assert_eq!(told(&scene.hears(&says)), ["ask 1: login"]);
    scene.now = scene.now + day;
    assert!(scene.hears_now(&says).is_empty(), "forward by a day");
    scene.now = Moment(scene.now.0 - 2 * 86_400_000);
    assert!(scene.hears_now(&says).is_empty(), "back by two");
    // Fifty seconds are seen to pass, then the last ten.
    assert!(scene.hears_for(5, &says).is_empty());
    assert_eq!(
        told(&scene.hears(&says)),
        ["1 overtaken", "turn back logins"]
    );
}

#[test]
fn a_watch_that_was_stored_goes_on_where_it_was() {
    let mut scene = Scene::new(ASK);
    scene.hears(&[("latency", Warning)]);
    let stored = serde_json::to_string(&scene.watch).expect("it can be written");
    scene.watch = serde_json::from_str(&stored).expect("it can be read");
    // The process was away for an hour: whoever was asked still has their minute.
    scene.now = scene.now + minutes(60);
    assert!(scene.hears_for(6, &[("latency", Warning)]).is_empty());
    assert_eq!(
        told(&scene.hears(&[("latency", Warning)])),
        ["1 overdue: rollback", "turn back logins"]
    );
}

#[derive(Clone, Debug)]
enum Happens {
    Says(usize, Level),
    Passes(u64),
    Answer(u32, Answer),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        6 => (0usize..3, proptest::sample::select(&Level::ALL[..]))
            .prop_map(|(guard, level)| Happens::Says(guard, level)),
        4 => (0u64..90).prop_map(Happens::Passes),
        1 => (1u32..6, proptest::sample::select(vec![Answer::GoOn, Answer::Hold]))
            .prop_map(|(question, answer)| Happens::Answer(question, answer)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_happens_nothing_is_decided_twice(
        events in prop::collection::vec(happens(), 1..80)
    ) {
        let mut scene = Scene::new(
            "\
  - { when: { guard: orphans, level: critical }, do: rollback, scope: all }
  - { when: { level: critical, lasting: 1m }, do: rollback }
  - { when: { level: critical }, do: ask, deadline: 2m, otherwise: rollback, scope: previous }
  - { when: { level: warning, lasting: 30s }, do: ask, deadline: 1m, otherwise: notify }
",
        );
        let guards = ["orphans", "latency", "login"];
        let mut back: Vec<String> = vec![];
        let (mut asked, mut closed) = (vec![], vec![]);
        let mut stopped = false;
        for event in events {
            let next = match event {
                Happens::Says(guard, level) => scene.hears(&[(guards[guard], level)]),
                Happens::Passes(seconds_on) => {
                    scene.now = scene.now + seconds(seconds_on);
                    scene.hears_now(&[])
                }
                Happens::Answer(question, answer) => {
                    scene.answers(question, answer, "on-call").unwrap_or_default()
                }
            };
            for next in next {
                match next {
                    Next::TurnBack { decision, .. } => {
                        prop_assert!(back.iter().all(|phase| decision.phases.contains(phase)));
                        prop_assert!(decision.phases.len() > back.len());
                        back = decision.phases;
                    }
                    Next::Ask { question } => {
                        prop_assert!(back.is_empty(), "asked while turning back");
                        prop_assert!(!asked.contains(&question.id));
                        asked.push(question.id);
                    }
                    Next::Close { question, .. } => {
                        prop_assert!(asked.contains(&question) && !closed.contains(&question));
                        closed.push(question);
                    }
                    Next::Join { question, .. } | Next::Overdue { question } => {
                        prop_assert!(asked.contains(&question) && !closed.contains(&question));
                    }
                    Next::Hold { .. } => prop_assert!(back.is_empty()),
                    Next::Release => prop_assert!(stopped && back.is_empty()),
                    Next::Tell { .. } | Next::DisableFlags { .. } => {}
                }
            }
            stopped = !scene.watch.may_go_on();
            // It always says what it is waiting for where it does not go on.
            prop_assert!(!stopped || !scene.watch.waiting().is_empty());
        }
    }
}

const DISABLE: &str = "\
  - { when: { guard: login, level: critical }, do: notify, disable_flags: true }
  - { when: { level: critical }, do: rollback, disable_flags: true }
";

#[test]
fn flags_are_disabled_before_anything_else_is_done_and_once() {
    let mut scene = Scene::new(DISABLE);
    let next = scene.hears(&[("latency", Critical), ("login", Critical)]);
    assert_eq!(
        told(&next),
        ["disable flags for latency", "turn back logins"]
    );
    assert!(scene.hears_for(5, &[("latency", Critical)]).is_empty());

    let mut scene = Scene::new(DISABLE);
    let next = scene.hears(&[("login", Critical)]);
    assert_eq!(
        told(&next),
        ["disable flags for login", "tell of login critical"]
    );
    // What a person has enabled since is left to them, until it has been calm.
    assert!(scene.hears_for(5, &[("login", Pass)]).is_empty());
    assert!(scene.hears_for(5, &[("login", Critical)]).is_empty());
    let calm = u32::try_from(CALM.as_secs() / 10).expect("it is short") + 1;
    scene.hears_for(calm, &[("login", Pass)]);
    let next = scene.hears(&[("login", Critical)]);
    assert_eq!(
        told(&next),
        ["disable flags for login", "tell of login critical"]
    );
}
