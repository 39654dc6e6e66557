//! The decision matrices of documents that people have written, each as a plan and as a story.

use turnback_core::decision::{Action, By, Decision, Matrix, Otherwise};
use turnback_core::guard::Level;
use turnback_core::guard::Level::{Critical, Error, Warning};
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState::{CutOver, Expanding};

use super::world::{PHASES, decided, indented, matrix, minutes, read, rollback, seconds};

/// The third phase runs, the two before it are cut over.
fn says(matrix: &Matrix, guard: &str, level: Level) -> Decision {
    decided(
        matrix,
        &[CutOver, CutOver, Expanding],
        &[(guard, level)],
        seconds(0),
    )
}

fn with_guards(guards: &str, decisions: &str) -> Matrix {
    let (guards, decisions) = (indented(guards), indented(decisions));
    let text = format!("{PHASES}guards:\n{guards}decisions:\n{decisions}");
    read(&text)
        .unwrap_or_else(|found| panic!("{found:#?}\n{text}"))
        .decisions
}

#[test]
fn ten_percent_of_queries_fail_and_the_current_phase_turns_back_at_once() {
    let matrix = matrix(
        "  - { when: { guard: failed-queries, level: critical }, do: rollback, scope: current }\n",
    );
    let decision = says(&matrix, "failed-queries", Critical);
    assert_eq!(decision.action, rollback(Scope::Current));
    assert_eq!(decision.phases, ["logins"]);
}

#[test]
fn performance_is_half_as_bad_again_and_two_phases_turn_back_after_investigation() {
    let matrix = matrix(
        "  - { when: { guard: latency, level: critical }, do: ask, scope: previous, deadline: 1h, otherwise: rollback }\n",
    );
    let decision = says(&matrix, "latency", Critical);
    let Action::Ask(ask) = &decision.action else {
        panic!("{:?}", decision.action);
    };
    assert_eq!(ask.deadline, minutes(60));
    assert_eq!(ask.otherwise.action(&ask.scope), rollback(Scope::Previous));
    assert_eq!(decision.phases, ["logins", "users"]);
}

#[test]
fn data_is_damaged_and_every_phase_turns_back_at_once() {
    let matrix = matrix(
        "  - { when: { guard: [orphans, disagreement], level: critical }, do: rollback, scope: all }\n",
    );
    for guard in ["orphans", "disagreement"] {
        let decision = says(&matrix, guard, Critical);
        assert_eq!(decision.action, rollback(Scope::All));
        assert_eq!(decision.phases, ["logins", "users", "leaf-tables"]);
    }
}

#[test]
fn nobody_can_log_in_and_a_phase_turns_back_with_all_after_it() {
    let matrix =
        matrix("  - { when: { guard: login, level: critical }, do: rollback, scope: users }\n");
    let decision = says(&matrix, "login", Critical);
    assert_eq!(decision.phases, ["logins", "users"]);
    assert!(!decision.needs_person);
}

#[test]
fn minor_faults_are_fixed_forward() {
    let matrix = matrix("  - { when: { level: warning }, do: fix_forward }\n");
    assert_eq!(says(&matrix, "latency", Warning).action, Action::FixForward);
    // What is not minor is not what the row is about.
    assert_eq!(says(&matrix, "latency", Critical).by, By::Default);
}

#[test]
fn high_is_decided_by_a_person_within_a_quarter_of_an_hour() {
    let matrix = matrix(
        "  - { when: { guard: latency, level: [warning, critical] }, do: ask, deadline: 15m, otherwise: rollback, who: [lead, dba] }\n",
    );
    let decision = says(&matrix, "latency", Warning);
    let Action::Ask(ask) = &decision.action else {
        panic!("{:?}", decision.action);
    };
    assert_eq!(
        (ask.deadline, ask.otherwise),
        (minutes(15), Otherwise::Rollback)
    );
    assert_eq!(ask.who, ["lead", "dba"]);
}

#[test]
fn four_limits_each_turn_back_at_once() {
    let matrix = with_guards(
        "\
  errors: { sql: SELECT share FROM errors, unit: share, critical: 5%, for: 1 of 1 }
  response: { http: { url: \"https://shop.example/\", measure: latency }, critical: \"> 1s\", for: 1 of 1 }
  memory: { sql: SELECT bytes FROM memory, unit: bytes, critical: \"> 512MB\", for: 1 of 1 }
  sync: { command: { run: [check-sync] }, critical: \"> 0\", for: 10 of 10 }
",
        "  - { when: { guard: [errors, response, memory, sync], level: critical }, do: rollback }\n",
    );
    for guard in ["errors", "response", "memory", "sync"] {
        let decision = says(&matrix, guard, Critical);
        assert_eq!(decision.action, rollback(Scope::Current), "{guard}");
        assert_eq!(decision.phases, ["logins"]);
    }
}

#[test]
fn a_whole_document_in_one_matrix_is_read_from_top_to_bottom() {
    let matrix = matrix(
        "\
  - { when: { guard: [orphans, disagreement], level: critical }, do: rollback, scope: all }
  - { when: { guard: login, level: critical }, do: rollback, scope: logins }
  - { when: { guard: failed-queries, level: critical }, do: rollback }
  - { when: { level: critical, at_once: 2 }, do: rollback, scope: previous }
  - { when: { guard: latency, level: critical }, do: ask, scope: previous, deadline: 30m, otherwise: rollback }
  - { when: { level: warning, lasting: 10m }, do: ask, deadline: 15m, otherwise: hold }
  - { when: { level: warning }, do: fix_forward }
  - { when: { level: [no_data, error], lasting: 5m }, do: ask, deadline: 15m, otherwise: hold }
",
    );
    let row = |decision: Decision| match decision.by {
        By::Row { number, line } => {
            assert!(line.is_some(), "a row of a file has a line");
            number
        }
        By::Default | By::Canary => 0,
    };
    let all = [CutOver, CutOver, Expanding];
    assert_eq!(row(says(&matrix, "orphans", Critical)), 1);
    assert_eq!(row(says(&matrix, "login", Critical)), 2);
    assert_eq!(row(says(&matrix, "failed-queries", Critical)), 3);
    let both = [("latency", Critical), ("orphans", Critical)];
    assert_eq!(row(decided(&matrix, &all, &both, seconds(0))), 4);
    assert_eq!(row(says(&matrix, "latency", Critical)), 5);
    let warned = [("latency", Warning)];
    assert_eq!(row(decided(&matrix, &all, &warned, minutes(10))), 6);
    assert_eq!(row(decided(&matrix, &all, &warned, minutes(9))), 7);
    assert_eq!(
        row(decided(&matrix, &all, &[("login", Error)], minutes(5))),
        8
    );
    let young = decided(&matrix, &all, &[("login", Error)], minutes(4));
    assert_eq!((young.by, young.action), (By::Default, Action::Hold));
}
