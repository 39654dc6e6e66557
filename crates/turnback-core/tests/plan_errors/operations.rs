//! What can be wrong with operations and phases.

use super::{code, only, shown};

#[test]
fn a_time_column_needs_keys_that_hold_a_time() {
    assert_eq!(
        code("generate: v7", "generate: v4, v7_from: at"),
        "v7-from-without-v7"
    );
    assert_eq!(code("generate: v7", "v7_from: at"), "v7-from-without-v7");
}

#[test]
fn sql_needs_a_way_back_or_the_word_that_there_is_none() {
    assert_eq!(code(", down: b", ""), "no-way-back");
    assert_eq!(code("down: b", "irreversible: false"), "no-way-back");
    assert_eq!(
        code("down: b", "down: b, irreversible: true"),
        "way-back-of-irreversible"
    );
    assert_eq!(code("down: b", "down: ' '"), "empty-sql");
    assert_eq!(code("down: b", "down: { file: empty.sql }"), "empty-sql");
    assert_eq!(
        only("down: b", "down: { file: down.sql }"),
        (
            "unreadable-file",
            "expected SQL in the file `down.sql`, but it cannot be read: no such file | "
                .to_owned()
        )
    );
}

#[test]
fn a_phase_holds_operations_of_one_kind() {
    let (code_found, message) = only(
        "- sql: { up: a",
        "- convert_key: { table: x, to: uuid }\n      - sql: { up: a",
    );
    assert_eq!(code_found, "mixed-operations");
    assert!(message.contains("split it"), "{message}");
    assert_eq!(
        code("- sql: { up: a, down: b, transaction: true }", "- {}"),
        "empty-operation"
    );
    assert_eq!(
        code(
            "- sql: { up: a",
            "- convert_key: { table: x, to: uuid }\n        sql: { up: a"
        ),
        "several-operations"
    );
    assert_eq!(
        code(
            "\n      - sql: { up: a, down: b, transaction: true }",
            " []"
        ),
        "empty-list"
    );
}

#[test]
fn a_key_is_converted_once() {
    let again = "to: uuid, generate: v7 }\n      - convert_key: { table: public.Users, column: id, to: uuid }";
    assert_eq!(code("to: uuid, generate: v7 }", again), "repeated-key");
}

#[test]
fn phases_wait_for_other_phases_that_exist() {
    assert_eq!(
        only("after: [keys]", "after: [kyes]"),
        (
            "unknown-phase",
            "expected the id of a phase, but there is no phase `kyes` | did you mean `keys`?"
                .to_owned(),
        )
    );
    assert_eq!(code("after: [keys]", "after: [sql]"), "phase-after-itself");
    assert_eq!(
        code("after: [keys]", "after: [keys, keys]"),
        "repeated-after"
    );
    assert_eq!(
        code("id: sql\n    after: [keys]", "id: keys"),
        "duplicate-phase"
    );
    let (code, message) = only("id: keys", "id: keys\n    after: [sql]");
    assert_eq!(code, "phase-cycle");
    assert!(
        message.contains("`keys` waits for `sql` waits for `keys`"),
        "{message}"
    );
}

#[test]
fn each_circle_is_told_once_and_those_that_wait_for_it_are_not() {
    let phase = |id: &str, after: &str| {
        format!(
            "  - {{ id: {id}, after: [{after}], operations: [{{ sql: {{ up: x, down: y }} }}] }}\n"
        )
    };
    let text = format!(
        "version: 1\nname: x\ntarget: ${{DB}}\nphases:\n{}{}{}{}{}{}",
        phase("waits", "a"),
        phase("a", "b"),
        phase("b", "free, c"),
        phase("c", "a"),
        phase("free", ""),
        phase("e", "f") + &phase("f", "e"),
    );
    insta::assert_snapshot!(shown(&text), @r##"
    6:22 phase-cycle <b> expected phases that can be put in order, but found a circle: `a` waits for `b` waits for `c` waits for `a` | leave one of these out of `after`
    10:22 phase-cycle <f> expected phases that can be put in order, but found a circle: `e` waits for `f` waits for `e` | leave one of these out of `after`
    "##);
}

#[test]
fn an_object_to_recreate_is_a_policy_with_its_table_or_a_materialized_view() {
    let with = |objects: &str| {
        only(
            "generate: v7",
            &format!("generate: v7, recreate: [{objects}]"),
        )
    };
    let messages = [
        "{ policy: p, sql: a }",
        "{ on: users, sql: a }",
        "{ policy: p, on: users, materialized_view: m, sql: a }",
        "{ sql: a }",
        "{ materialized_view: m }",
        "{ materialized_view: m, sql: ' ' }",
        "{ materialized_view: m, sql: a }, { materialized_view: public.m, sql: b }",
    ]
    .map(|objects| {
        let (code, message) = with(objects);
        format!("{code}: {message}")
    });
    assert_eq!(
        messages,
        [
            "recreate-what: expected the table of the policy, but found no `on` | add `on:` with the name of the table",
            "recreate-what: expected `on` only with `policy`, but found it without one | a policy is named with `policy:`",
            "recreate-what: expected a policy or a materialized view, but found both | start each object with `- `",
            "recreate-what: expected `policy` or `materialized_view`, but found neither | say which object the SQL makes",
            "missing-key: expected the key `sql` in an object to recreate, but found none | SQL that makes the object, under its own name, where the tables have the new shape.",
            "empty-sql: expected SQL for `sql`, but found only white space | ",
            "repeated-recreate: expected each object once, but materialized view public.m is given twice | ",
        ]
    );
}
