//! Which incidents a journal tells of, when they begin, and how they end.

use turnback_core::guard::Reading;
use turnback_core::hook::{HookMoment, HookOutcome, OnFailure};
use turnback_core::incident::{End, Incident, Kind, Mark, Times, incidents};
use turnback_core::journal::JournalEvent;
use turnback_core::program::Stage;
use turnback_core::recovery::Part;
use turnback_core::state::PhaseState;
use turnback_core::watch::Answer;

use crate::night::Night;

fn found(night: &Night) -> Vec<Incident> {
    incidents(night.entries.clone())
}

fn one(night: &Night) -> Incident {
    let mut found = found(night);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

fn how(incident: &Incident) -> Option<&End> {
    incident.ended.as_ref().map(|ended| &ended.how)
}

#[test]
fn a_night_on_which_nothing_happens_has_no_incidents() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    for _ in 0..5 {
        night.measures("latency", 20.0);
    }
    night.write(JournalEvent::BakePassed {
        phase: "users".to_owned(),
    });
    night.ends("done", 0);
    assert_eq!(found(&night), []);
}

#[test]
fn a_way_back_by_the_watch_is_an_incident_from_the_breach_to_the_old_shape() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.measures("latency", 20.0);
    let first_bad = night.now.0 + 10_000;
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    let decided = night.now;
    night.turns_back("users");
    night.ends("turned back", 5);
    let incident = one(&night);
    assert_eq!(incident.number, 1);
    assert_eq!(incident.plan, "shop");
    let target = incident.target.clone().unwrap_or_default();
    assert!(
        target.contains("db.example") && !target.contains("secret"),
        "{target}"
    );
    assert_eq!(incident.phases, ["users"]);
    assert_eq!(incident.kind, Kind::TurnBack);
    assert_eq!(incident.guard(), Some("latency"));
    assert_eq!(
        (incident.detected, incident.decided),
        (Some(decided), decided)
    );
    assert_eq!(incident.decisions[0].by, "Row 1 of the decisions (line 15)");
    assert!(
        incident.decisions[0]
            .what
            .contains("turn back the current phase")
    );
    // 20 ms until it began, 80 ms for the swap.
    assert_eq!(incident.recovered.map(|at| at.0), Some(decided.0 + 100));
    assert_eq!(how(&incident), Some(&End::TurnedBack));
    // Without samples: since the guard said so.
    let times = Times::of(&incident, None);
    assert_eq!((times.to_detect, times.to_decide), (Some(0), Some(0)));
    assert_eq!((times.to_recover, times.in_all), (Some(100), Some(100)));
    assert!(times.began.0 > first_bad);
}

#[test]
fn what_it_cost_is_summed_from_the_beginning_of_its_phases() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    night.turns_back("users");
    night.ends("turned back", 5);
    let cost = one(&night).cost;
    assert_eq!(cost.rows_written, 20_000);
    let locks: Vec<_> = cost
        .locks
        .iter()
        .map(|l| (l.stage, l.hold_millis))
        .collect();
    assert_eq!(locks, [(Stage::CutOver, 31.0), (Stage::SwapBack, 27.5)]);
    let states: Vec<_> = cost.states.iter().map(|s| (s.state, s.millis)).collect();
    assert_eq!(
        states,
        [
            (PhaseState::Expanding, 20_080),
            (PhaseState::Expanded, 80),
            (PhaseState::CutOver, 20_100),
            (PhaseState::Withdrawing, 80),
        ]
    );
    // The next time begins at nothing.
    night.later(60);
    night.cuts_over("users");
    night.begins("back");
    night.turns_back("users");
    night.ends("turned back", 5);
    assert_eq!(found(&night)[1].cost.rows_written, 20_000);
}

#[test]
fn a_hold_that_becomes_a_question_that_becomes_a_way_back_is_one_incident() {
    let mut night = Night::deciding(
        "- { when: { level: critical }, do: ask, deadline: 15m, otherwise: rollback, who: [on-call] }
         - { when: { level: warning }, do: hold }",
    );
    night.cuts_over("users");
    night.measures("latency", 200.0);
    night.measures("latency", 200.0);
    let held = night.now;
    night.measures("latency", 700.0);
    night.measures("latency", 700.0);
    let asked = night.now;
    night.later(25);
    night.answers("on-call", Answer::TurnBack);
    let answered = night.now;
    night.turns_back("users");
    night.ends("turned back", 5);
    let incident = one(&night);
    assert_eq!(incident.kind, Kind::TurnBack);
    assert_eq!(incident.opened, held);
    assert_eq!(incident.decided, answered);
    let whats: Vec<&str> = incident.decisions.iter().map(|d| &*d.what).collect();
    assert_eq!(whats.len(), 3, "{whats:?}");
    assert!(
        whats[0].starts_with("hold") && whats[1].starts_with("ask on-call"),
        "{whats:?}"
    );
    assert_eq!(incident.decisions[2].by, "on-call, who answered question 1");
    let question = &incident.questions[0];
    assert_eq!((question.at, question.closed), (asked, Some(answered)));
    assert_eq!(question.by.as_deref(), Some("on-call"));
    assert_eq!(how(&incident), Some(&End::TurnedBack));
}

#[test]
fn a_hold_ends_when_nothing_holds_any_more_and_the_next_is_another() {
    let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
    night.cuts_over("users");
    for value in [700.0, 700.0, 20.0, 20.0, 20.0] {
        night.measures("latency", value);
    }
    let first = one(&night);
    assert_eq!((first.kind, how(&first)), (Kind::Hold, Some(&End::WentOn)));
    assert!(first.recovered.is_some());
    for value in [700.0, 700.0] {
        night.measures("latency", value);
    }
    let both = found(&night);
    assert_eq!(both.len(), 2, "{both:#?}");
    assert_eq!(both[0], first, "what is over does not change");
    assert!(!both[1].is_over());
}

#[test]
fn a_question_that_is_answered_with_go_on_ends_the_incident() {
    let mut night = Night::deciding(
        "- { when: { level: critical }, do: ask, deadline: 15m, otherwise: rollback }",
    );
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 700.0);
    night.later(5);
    night.answers("team-lead", Answer::GoOn);
    let incident = one(&night);
    assert_eq!(
        (incident.kind, how(&incident)),
        (Kind::Question, Some(&End::WentOn))
    );
    let question = &incident.questions[0];
    assert_eq!(question.by.as_deref(), Some("team-lead"));
    assert_eq!(question.how.as_deref(), Some("team-lead answered: go on."));
}

#[test]
fn a_deadline_that_passes_decides_and_says_so() {
    let mut night = Night::deciding(
        "- { when: { level: critical }, do: ask, deadline: 30s, otherwise: rollback }",
    );
    night.cuts_over("users");
    for _ in 0..6 {
        night.measures("latency", 700.0);
    }
    night.turns_back("users");
    night.ends("turned back", 5);
    let incident = one(&night);
    assert_eq!(incident.decisions[1].by, "the deadline of question 1");
    assert!(incident.questions[0].by.is_none());
    let times = Times::of(&incident, None);
    assert_eq!(times.to_decide, Some(30_000));
}

#[test]
fn turning_back_by_hand_is_an_incident_and_going_back_nowhere_is_none() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.begins("back");
    night.ends("nothing to turn back: no phase has gone forward", 2);
    assert_eq!(found(&night), []);
    night.cuts_over("users");
    night.ends("done", 0);
    night.later(3_600);
    let typed = night.now;
    night.begins("back");
    night.turns_back("users");
    night.ends("turned back", 5);
    let incident = one(&night);
    assert_eq!((incident.kind, incident.opened), (Kind::TurnBack, typed));
    assert_eq!(incident.trigger, None);
    assert!(incident.title().contains("a person turned back"));
    let times = Times::of(&incident, None);
    assert_eq!((times.to_detect, times.to_recover), (None, Some(100)));
}

#[test]
fn a_way_back_that_was_killed_goes_on_as_the_same_incident() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    // Killed; and started again by hand, twice.
    night.later(60);
    night.begins("back");
    night.ends("stopped: the server does not answer", 4);
    assert!(matches!(
        how(&one(&night)),
        Some(End::RunEnded { exit_code: 4, .. })
    ));
    night.later(60);
    night.begins("back");
    night.turns_back("users");
    night.ends("turned back", 5);
    let incident = one(&night);
    assert_eq!(how(&incident), Some(&End::TurnedBack));
    assert_eq!(incident.decisions.len(), 3);
    let times = Times::of(&incident, None);
    assert_eq!(times.to_recover, Some(120_100));
}

#[test]
fn a_hold_whose_run_was_stopped_goes_on_where_a_person_turns_back() {
    let held = |then: &dyn Fn(&mut Night)| {
        let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
        night.cuts_over("users");
        night.measures("latency", 700.0);
        night.measures("latency", 900.0);
        night.ends("stopped at a safe point", 4);
        night.later(60);
        then(&mut night);
        one(&night)
    };
    let back = held(&|night| {
        night.begins("back");
        night.turns_back("users");
        night.ends("turned back", 5);
    });
    assert_eq!(
        (back.kind, how(&back)),
        (Kind::TurnBack, Some(&End::TurnedBack))
    );
    assert_eq!(back.guard(), Some("latency"));
    let up = held(&|night| {
        night.begins("up");
        night.ends("done", 0);
    });
    assert_eq!(up.kind, Kind::Hold);
    assert!(matches!(how(&up), Some(End::RunEnded { exit_code: 4, .. })));
}

#[test]
fn a_run_that_ends_without_a_word_ends_its_hold() {
    let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    let last = night.now;
    night.later(600);
    night.begins("up");
    let incident = one(&night);
    assert_eq!(how(&incident), Some(&End::Unknown));
    assert_eq!(incident.ended.map(|ended| ended.at), Some(last));
}

#[test]
fn the_old_shape_first_and_the_rest_later_is_one_incident() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.ends("done", 0);
    night.begins("back");
    night.did("users", Stage::SwapBack, "swap back", 0, 20.0);
    night.becomes("users", PhaseState::Withdrawing);
    night.ends("done", 5);
    let first = one(&night);
    night.later(3_600);
    night.begins("back");
    night.becomes("users", PhaseState::Pending);
    night.ends("done", 5);
    let whole = one(&night);
    assert_eq!(first.recovered, whole.recovered);
    assert!(whole.last_entry > first.last_entry);
    // After that, a way back is another.
    night.cuts_over("users");
    night.begins("back");
    night.turns_back("users");
    night.ends("done", 5);
    assert_eq!(found(&night).len(), 2);
}

#[test]
fn incidents_are_numbered_over_all_plans_and_numbers_stay() {
    let mut night = Night::deciding("- { when: { level: critical }, do: hold }");
    for plan in ["shop", "billing", "shop"] {
        night.of_plan(plan);
        night.begins("back");
        night.turns_back("users");
        night.ends("turned back", 5);
    }
    let all = found(&night);
    let numbered: Vec<_> = all.iter().map(|i| (i.number, i.plan.as_str())).collect();
    assert_eq!(numbered, [(1, "shop"), (2, "billing"), (3, "shop")]);
    for entries in 0..night.entries.len() {
        let earlier = incidents(night.entries[..entries].to_vec());
        for (one, same) in earlier.iter().zip(&all) {
            assert_eq!((one.number, one.opened), (same.number, same.opened));
        }
    }
}

#[test]
fn parts_hooks_and_validation_are_kept_with_their_objectives() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.measures("latency", 700.0);
    night.measures("latency", 900.0);
    night.write(JournalEvent::RecoveryBegun {
        phases: vec!["users".to_owned()],
        because: "latency said critical".to_owned(),
    });
    night.write(JournalEvent::HookRan {
        phase: "users".to_owned(),
        on_failure: OnFailure::Continue,
        outcome: HookOutcome {
            hook: "stop the api".to_owned(),
            when: HookMoment::StopServices,
            millis: 900,
            failure: Some("it ended with exit code 1".to_owned()),
            output: "no such service".to_owned(),
        },
    });
    night.turns_back("users");
    for (part, millis, objective) in [(Part::Database, 100, 1_000), (Part::Validate, 9_000, 5_000)]
    {
        night.write(JournalEvent::RecoveryPart {
            part,
            millis,
            objective_millis: Some(objective),
            failure: None,
        });
    }
    night.write(JournalEvent::Validated {
        promise: "every foreign key is valid".to_owned(),
        holds: Some(true),
        evidence: "7 of 7".to_owned(),
    });
    night.write(JournalEvent::RecoveryEnded {
        millis: 9_500,
        objective_millis: Some(10_000),
        failure: None,
    });
    night.ends("turned back", 5);
    let incident = one(&night);
    assert_eq!(incident.objectives(), (2, 3));
    assert_eq!(incident.recovery.parts[0].part, Part::Database);
    assert_eq!(incident.hooks[0].outcome.output, "no such service");
    assert_eq!(incident.validation[0].holds, Some(true));
    assert_eq!(how(&incident), Some(&End::TurnedBack));
    let marks: Vec<Mark> = incident.timeline.iter().map(|line| line.mark).collect();
    assert!(marks.contains(&Mark::Decision) && marks.contains(&Mark::Bad));
}

#[test]
fn a_way_back_that_did_not_come_to_its_good_end_says_so() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    night.begins("back");
    night.write(JournalEvent::RecoveryBegun {
        phases: vec!["users".to_owned()],
        because: "a person said so".to_owned(),
    });
    night.turns_back("users");
    night.write(JournalEvent::RecoveryEnded {
        millis: 500,
        objective_millis: None,
        failure: Some("validation: 3 orphans in orders".to_owned()),
    });
    night.ends("validation failed", 6);
    let incident = one(&night);
    assert!(incident.recovered.is_some(), "the database is back");
    assert!(matches!(
        how(&incident),
        Some(End::RunEnded { exit_code: 6, .. })
    ));
    assert_eq!(incident.decisions[0].because, "a person said so");
}

#[test]
fn a_guard_that_measures_nothing_holds_and_is_an_incident_too() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("users");
    for _ in 0..3 {
        night.reads("latency", Reading::Failed("connection refused".to_owned()));
    }
    let incident = one(&night);
    assert_eq!(incident.kind, Kind::Hold);
    assert!(
        incident.decisions[0].by.contains("default"),
        "{incident:#?}"
    );
}

#[test]
fn a_way_back_of_which_only_a_part_is_done_has_not_recovered() {
    let mut night = Night::deciding("- { when: { level: critical }, do: rollback }");
    night.cuts_over("leaf-tables");
    night.ends("done", 0);
    night.cuts_over("users");
    night.ends("done", 0);
    night.begins("back");
    night.write(JournalEvent::RecoveryBegun {
        phases: vec!["users".to_owned(), "leaf-tables".to_owned()],
        because: "a person said so".to_owned(),
    });
    night.turns_back("users");
    night.ends("stopped: the server does not answer", 4);
    assert_eq!(one(&night).recovered, None);
    night.begins("back");
    night.turns_back("leaf-tables");
    night.ends("turned back", 5);
    let incident = one(&night);
    assert!(incident.recovered.is_some());
    assert_eq!(how(&incident), Some(&End::TurnedBack));
}
