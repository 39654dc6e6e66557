//! How rows are written, and everything that can be wrong with them.

use turnback_core::decision::{Action, Condition};
use turnback_core::guard::Level;
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState;

use super::world::{GUARDS, PHASES, indented, matrix, minutes, read};

/// One line for each error: line, rule, what is underlined, help.
fn wrong(decisions: &str) -> String {
    let text = format!("{PHASES}{GUARDS}decisions:\n{}", indented(decisions));
    let before = format!("{PHASES}{GUARDS}decisions:\n").lines().count();
    let found = match read(&text) {
        Ok(plan) => panic!("nothing wrong with this? {:#?}", plan.decisions),
        Err(found) => found,
    };
    found
        .iter()
        .map(|error| {
            let help = error
                .help
                .as_ref()
                .map_or(String::new(), |help| format!(" | {help}"));
            format!(
                "{}:{} {} <{}>{help}\n",
                error.span.line - before,
                error.span.column,
                error.code,
                &text[error.span.range()]
            )
        })
        .collect()
}

#[test]
fn one_is_written_as_one_and_several_as_a_list() {
    let one = matrix(
        "  - { when: { guard: latency, level: critical, phase: users, state: cut_over }, do: hold }\n",
    );
    let several = matrix(
        "  - { when: { guard: [latency], level: [critical], phase: [users], state: [cut_over] }, do: hold }\n",
    );
    assert_eq!(one, several);
    assert_eq!(
        one.rows[0].when,
        Condition {
            guards: vec!["latency".to_owned()],
            levels: vec![Level::Critical],
            lasting: None,
            at_once: None,
            phases: vec!["users".to_owned()],
            states: vec![PhaseState::CutOver],
        }
    );
}

#[test]
fn every_action_is_read() {
    let matrix = matrix(
        "\
  - { when: { level: critical }, do: rollback, scope: previous }
  - { when: { level: warning, lasting: 2h }, do: ask, deadline: 15m, otherwise: fix_forward, scope: logins, who: [on-call] }
  - { when: { level: warning }, do: fix_forward }
  - { when: { level: error }, do: hold }
  - { when: { level: no_data }, do: notify }
  - { when: { level: pass }, do: continue }
",
    );
    let words: Vec<_> = matrix.rows.iter().map(|row| row.action.word()).collect();
    assert_eq!(
        words,
        [
            "rollback",
            "ask",
            "fix_forward",
            "hold",
            "notify",
            "continue"
        ]
    );
    let Action::Ask(ask) = &matrix.rows[1].action else {
        panic!("{:?}", matrix.rows[1]);
    };
    assert_eq!(ask.scope, Scope::From("logins".to_owned()));
    assert_eq!(ask.deadline, minutes(15));
    assert_eq!(matrix.rows[1].when.lasting, Some(minutes(120)));
}

#[test]
fn a_row_is_shown_as_it_can_be_read_again() {
    let rows = "\
  - { when: { guard: [latency, login], level: critical, lasting: 1m30s, at_once: 2, phase: users, state: [expanded, cut_over] }, do: rollback, scope: all }
  - { when: { level: [warning, no_data] }, do: ask, scope: current, deadline: 15m, otherwise: hold, who: [on-call, team-lead] }
  - { do: notify }
";
    let read = matrix(rows);
    let shown: String = read
        .rows
        .iter()
        .map(|row| format!("  - {{ {row} }}\n"))
        .collect();
    assert_eq!(shown, indented(rows));
}

#[test]
fn names_that_the_plan_does_not_have_are_errors() {
    assert_eq!(
        wrong(
            "\
  - { when: { guard: latncy, phase: user }, do: rollback, scope: login }
  - { when: { level: no-data, state: cutover }, do: rolback }
"
        ),
        "\
1:22 unknown-guard <latncy> | did you mean `latency`?
1:37 unknown-phase <user> | did you mean `users`?
1:66 unknown-phase <login> | did you mean `logins`?
2:22 bad-choice <no-data> | did you mean `no_data`?
2:38 bad-choice <cutover> | did you mean `cut_over`?
2:53 bad-choice <rolback>
"
    );
}

#[test]
fn a_question_needs_an_end() {
    assert_eq!(
        wrong("  - { when: { level: warning }, do: ask }\n"),
        "\
1:37 endless-question <ask> | write `otherwise: rollback`, or hold, fix_forward, notify or continue
1:37 endless-question <ask> | a question that nobody answers must end: `deadline: 15m`
"
    );
}

#[test]
fn keys_stand_only_where_they_mean_something() {
    assert_eq!(
        wrong(
            "\
  - { when: { level: error }, do: hold, scope: all }
  - { when: { level: critical }, do: rollback, deadline: 5m, otherwise: hold, who: [on-call] }
  - { when: { level: [warning, warning] }, do: notify }
  - { when: { guard: [] }, do: notify }
  - { when: { level: error }, do: continue, disable_flags: true }
"
        ),
        "\
1:41 misplaced-key <scope>
2:48 misplaced-key <deadline>
2:62 misplaced-key <otherwise>
2:79 misplaced-key <who>
3:32 repeated-name <warning>
4:22 empty-list <[]>
5:45 misplaced-key <disable_flags>
"
    );
}

#[test]
fn a_row_that_can_never_fit_is_an_error() {
    let idle = |decisions: &str| {
        let shown = wrong(decisions);
        assert!(shown.contains("idle-decision"), "{shown}");
        shown.split(':').next().map(str::to_owned)
    };
    // Covered by one row, by its more general guard, level, phase and state.
    assert_eq!(
        idle(
            "  - { when: { level: critical }, do: hold }\n  - { when: { guard: latency, level: critical, phase: users, state: cut_over }, do: rollback }\n"
        ),
        Some("2".to_owned())
    );
    // Covered by two together.
    assert_eq!(
        idle(
            "  - { when: { level: critical }, do: hold }\n  - { when: { level: warning }, do: hold }\n  - { when: { guard: orphans }, do: rollback }\n"
        ),
        Some("3".to_owned())
    );
    // Covered by guards that together are all.
    assert_eq!(
        idle(
            "  - { when: { guard: [orphans, disagreement, latency] }, do: hold }\n  - { when: { guard: [failed-queries, login] }, do: hold }\n  - { do: notify }\n"
        ),
        Some("3".to_owned())
    );
    // Longer lasting and more at once come too late.
    assert_eq!(
        idle(
            "  - { when: { lasting: 1m }, do: hold }\n  - { when: { level: critical, lasting: 5m }, do: rollback }\n"
        ),
        Some("2".to_owned())
    );
    assert_eq!(
        idle(
            "  - { when: { at_once: 2 }, do: hold }\n  - { when: { at_once: 3 }, do: rollback }\n"
        ),
        Some("2".to_owned())
    );
    // More guards than there are.
    assert_eq!(
        idle("  - { when: { guard: [latency, login], at_once: 3 }, do: rollback }\n"),
        Some("1".to_owned())
    );
}

#[test]
fn a_row_that_can_fit_is_none() {
    for decisions in [
        "  - { when: { lasting: 5m }, do: rollback }\n  - { do: hold }\n",
        "  - { when: { at_once: 2 }, do: rollback }\n  - { do: hold }\n",
        // Time at a level counts from that level on: the second may have lasted, the first not.
        "  - { when: { level: critical, lasting: 1m }, do: rollback }\n  - { when: { lasting: 5m }, do: hold }\n",
        "  - { when: { guard: latency, at_once: 1 }, do: hold }\n  - { when: { level: critical }, do: rollback }\n",
        "  - { do: hold }\n  - { when: { level: error }, do: notify }\n",
    ] {
        matrix(decisions);
    }
}
