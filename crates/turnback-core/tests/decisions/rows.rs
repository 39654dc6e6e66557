//! How rows fit, what is done where none does, and where there is no way back.

use turnback_core::decision::{Action, By, explain, past_the_irreversible};
use turnback_core::guard::Level::{Critical, Error, NoData, Pass, Warning};
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState::{Contracted, CutOver, Expanded, Pending};

use super::world::{decided, matrix, minutes, plan, rollback, seconds, situation};

#[test]
fn a_row_without_a_level_is_about_breaches_alone() {
    let matrix = matrix("  - { when: { guard: latency }, do: rollback }\n");
    let level = |level| decided(&matrix, &[CutOver], &[("latency", level)], seconds(0)).action;
    assert_eq!(level(Warning), rollback(Scope::Current));
    assert_eq!(level(Critical), rollback(Scope::Current));
    assert_eq!(level(Pass), Action::Continue);
    assert_eq!(level(NoData), Action::Hold);
    assert_eq!(level(Error), Action::Hold);
}

#[test]
fn what_is_critical_and_lacks_nothing_but_time_holds_without_a_question() {
    let matrix = matrix(
        "\
  - { when: { level: critical, lasting: 2m, at_once: 2 }, do: rollback, scope: all }
  - { when: { guard: latency, level: critical, lasting: 5m }, do: rollback }
",
    );
    let decision = |says: &[_], lasting| decided(&matrix, &[CutOver], says, lasting);
    let waits = decision(&[("latency", Critical)], minutes(1));
    assert_eq!((waits.by, waits.action), (By::Default, Action::Hold));
    assert!(
        waits
            .because
            .contains("Row 2 of the decisions is about that once it has lasted, in 4m"),
        "{}",
        waits.because
    );
    // Two at once: the first row is sooner.
    let both = [("latency", Critical), ("login", Critical)];
    let waits = decision(&both, minutes(1));
    assert!(waits.because.contains("Row 1"), "{}", waits.because);
    // No row is about this, however long it lasts.
    let asks = decision(&[("login", Critical)], minutes(60));
    assert_eq!(asks.action.word(), "ask");
}

#[test]
fn phase_and_state_are_those_of_the_phase_that_is_watched() {
    let matrix = matrix(
        "  - { when: { level: critical, phase: [users, logins], state: cut_over }, do: rollback }\n",
    );
    let fits = |states: &[_]| {
        decided(&matrix, states, &[("latency", Critical)], seconds(0)).by != By::Default
    };
    assert!(fits(&[CutOver, CutOver]));
    assert!(!fits(&[CutOver]));
    assert!(!fits(&[CutOver, Expanded]));
}

#[test]
fn at_once_counts_guards_that_fit_the_rest_of_the_row() {
    let matrix = matrix(
        "  - { when: { guard: [latency, login, orphans], level: critical, at_once: 2 }, do: rollback }\n",
    );
    let fits = |says: &[_]| decided(&matrix, &[CutOver], says, seconds(0)).by != By::Default;
    assert!(!fits(&[("latency", Critical)]));
    assert!(!fits(&[("latency", Critical), ("login", Warning)]));
    assert!(!fits(&[
        ("latency", Critical),
        ("failed-queries", Critical)
    ]));
    assert!(fits(&[("latency", Critical), ("login", Critical)]));
}

#[test]
fn what_cannot_be_turned_back_is_held_and_needs_a_person() {
    let matrix = matrix("  - { when: { level: critical }, do: rollback, scope: all }\n");
    let critical = [("latency", Critical)];
    for (states, why) in [
        (&[Pending][..], "has not begun"),
        (&[Contracted], "is contracted"),
        (&[CutOver, CutOver, CutOver, CutOver], "irreversible"),
    ] {
        let decision = decided(&matrix, states, &critical, seconds(0));
        assert_eq!(decision.action, Action::Hold, "{why}");
        assert_eq!(decision.instead_of, Some(rollback(Scope::All)));
        assert!(decision.needs_person && decision.phases.is_empty());
        let expected = if why == "has not begun" {
            "nothing to turn back"
        } else {
            why
        };
        assert!(decision.because.contains(expected), "{}", decision.because);
    }
}

#[test]
fn a_phase_that_has_not_begun_does_not_turn_back_the_one_before_it() {
    let matrix = matrix("  - { when: { level: critical }, do: rollback }\n");
    let mut situation = situation(&[CutOver, Pending], &[("latency", Critical)], seconds(0));
    situation.phase = "users".to_owned();
    let decision = turnback_core::decision::decide(&matrix, &situation, &situation.guards[0]);
    assert_eq!(decision.action, Action::Hold);
    assert!(
        decision.because.contains("users has not begun"),
        "{}",
        decision.because
    );
}

#[test]
fn as_much_as_can_be_turned_back_is_and_the_rest_needs_a_person() {
    let matrix = matrix("  - { when: { level: critical }, do: rollback, scope: all }\n");
    let states = [Contracted, CutOver, CutOver];
    let decision = decided(&matrix, &states, &[("orphans", Critical)], seconds(0));
    assert_eq!(decision.action, rollback(Scope::All));
    assert_eq!(decision.phases, ["logins", "users"]);
    assert_eq!(decision.left, ["leaf-tables"]);
    assert!(decision.needs_person);
}

#[test]
fn an_explanation_says_why_each_row_before_does_not_fit() {
    let plan = plan(
        "\
  - { when: { guard: orphans }, do: rollback, scope: all }
  - { when: { level: [warning, error] }, do: notify }
  - { when: { phase: logins }, do: hold }
  - { when: { state: expanded }, do: hold }
  - { when: { level: critical, lasting: 5m }, do: rollback }
  - { when: { level: critical, at_once: 2 }, do: rollback }
  - { do: fix_forward }
",
    );
    let situation = situation(&[CutOver, CutOver], &[("latency", Critical)], seconds(90));
    let explained = explain(&plan.decisions, &situation, &situation.guards[0]);
    let reasons: Vec<_> = explained
        .before
        .iter()
        .map(|row| format!("{} {}", row.number, row.because))
        .collect();
    assert_eq!(
        reasons,
        [
            "1 it is about the guard orphans, not latency",
            "2 it is about warning or error, not critical",
            "3 it is about phase logins, not users",
            "4 it is about a phase that is expanded, not cut over",
            "5 it must have lasted 5m, and has 1m30s",
            "6 it takes 2 guards at once, and there is one, latency",
        ]
    );
    assert_eq!(explained.row.as_deref(), Some("do: fix_forward"));
    assert_eq!(explained.decision.action, Action::FixForward);
    assert!(
        explained
            .decision
            .because
            .contains("Row 7 of the decisions (line"),
        "{}",
        explained.decision.because
    );
}

#[test]
fn a_row_that_goes_past_the_irreversible_is_found_beforehand() {
    let found = past_the_irreversible(&plan(
        "\
  - { when: { level: critical, phase: users }, do: rollback, scope: all }
  - { when: { level: critical }, do: rollback, scope: users }
  - { when: { level: warning }, do: hold }
",
    ));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].object.starts_with("row 2 of the decisions (line"));
    assert!(found[0].reason.contains("no way back past phase clean-up"));
}

#[test]
fn a_decision_in_a_record_is_read_again_as_it_was() {
    let matrix = matrix(
        "  - { when: { level: critical, lasting: 90s }, do: ask, deadline: 15m, otherwise: rollback, scope: users, who: [lead] }\n",
    );
    let states = [CutOver, CutOver, CutOver];
    let decision = decided(&matrix, &states, &[("latency", Critical)], minutes(2));
    let record = serde_json::to_value(&decision).expect("it can be written");
    assert_eq!(record["action"]["do"], "ask");
    assert_eq!(record["action"]["deadline"], "15m");
    assert_eq!(record["action"]["scope"], "users");
    let read = serde_json::from_value(record).expect("it can be read");
    assert_eq!(decision, read);
    let text = serde_json::to_string(&matrix).expect("it can be written");
    assert_eq!(matrix, serde_json::from_str(&text).expect("it can be read"));
}

#[test]
fn a_row_that_disables_flags_says_so_wherever_it_is_shown() {
    let matrix = matrix("  - { when: { level: critical }, do: hold, disable_flags: true }\n");
    let decision = decided(&matrix, &[CutOver], &[("latency", Critical)], seconds(0));
    assert!(decision.disable_flags);
    assert!(
        decision
            .because
            .contains("disable every flag, and hold, and tell"),
        "{}",
        decision.because
    );
    assert_eq!(
        matrix.rows[0].to_string(),
        "when: { level: critical }, do: hold, disable_flags: true"
    );
    let plain = decided(&matrix, &[CutOver], &[("latency", Warning)], seconds(0));
    assert!(!plain.disable_flags);
}
