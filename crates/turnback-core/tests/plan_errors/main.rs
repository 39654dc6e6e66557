//! Everything that can be wrong with a plan, rule by rule, and all at once.

mod guards;
mod operations;
mod outward;

use turnback_core::diagnostic::Diagnostic;
use turnback_core::plan::{PlanSource, parse};

fn errors(text: &str) -> Vec<Diagnostic> {
    let source = PlanSource {
        file_name: "turnback.yaml",
        text,
        env: &|name| (name == "DB").then(|| "postgres://app:pw@db/chat".to_owned()),
        read_file: &|path| match path {
            "empty.sql" => Ok(" \n".to_owned()),
            _ => Err("no such file".to_owned()),
        },
        target_override: None,
    };
    match parse(&source) {
        Ok(parsed) => panic!("nothing wrong with this? {parsed:#?}"),
        Err(found) => found,
    }
}

/// One line for each: place, code, message, what is underlined, help.
fn shown(text: &str) -> String {
    errors(text)
        .iter()
        .map(|e| {
            let help = e
                .help
                .as_ref()
                .map(|help| format!(" | {help}"))
                .unwrap_or_default();
            format!(
                "{}:{} {} <{}> {}{help}\n",
                e.span.line,
                e.span.column,
                e.code,
                &text[e.span.range()],
                e.message
            )
        })
        .collect()
}

/// The only error in a plan of which one part is replaced.
fn only(part: &str, replacement: &str) -> (&'static str, String) {
    let good = "version: 1\nname: chat\ntarget: ${DB}\nschema: public\nsettings: { workers: 2, lock_timeout: 1s }\nphases:\n  - id: keys\n    operations:\n      - convert_key: { table: users, column: id, to: uuid, generate: v7 }\n    bake: 30m\n  - id: sql\n    after: [keys]\n    operations:\n      - sql: { up: a, down: b, transaction: true }\n";
    assert!(good.contains(part), "{part}");
    let bad = good.replacen(part, replacement, 1);
    let found = errors(&bad);
    assert_eq!(found.len(), 1, "{replacement}: {found:#?}");
    let help = found[0].help.clone().unwrap_or_default();
    (found[0].code, format!("{} | {help}", found[0].message))
}

fn code(part: &str, replacement: &str) -> &'static str {
    only(part, replacement).0
}

#[test]
fn a_really_bad_plan_is_told_everything_at_once() {
    let text = r#"version: 2
nam: chat
target: postgres://app:${PASSWORT}@${HOST}/chat
settings:
  workers: 0
  lock_timeout: 100
  batch_time: soon
  lock_attempts: many
phases:
  - id: Users
    after: [nobody, Users]
    operations:
      - convert_key: { table: "a b", to: uid, generate: v8 }
      - sql: { up: SELECT 1 }
  - id: empty
    operations: []
  - id: empty
    after: [ring]
    operation:
      - sql: { up: x, down: y }
    bake: 90
  - id: ring
    after: [gnir]
    operations:
      - convert_key: { table: users, to: uuid, v7_from: at }
      - convert_key: { table: public.users, to: uuid }
  - id: gnir
    after: [ring]
    operations:
      - sql: { up: { file: nowhere.sql }, down: "", irreversible: yes }
      - sql: { up: x, down: y, irreversible: true }
"#;
    insta::assert_snapshot!(shown(text), @r##"
    1:10 bad-version <2> expected the number 1 as version, but found `2` | this program reads version 1 of the format
    2:1 unknown-key <nam> expected a key of a plan, but found `nam` | did you mean `name`?
    3:24 unset-variable <${PASSWORT}> expected the environment variable `PASSWORT` to have a value, but it is not set or empty | set `PASSWORT`, or pass --target postgres://…
    3:36 unset-variable <${HOST}> expected the environment variable `HOST` to have a value, but it is not set or empty | set `HOST`, or pass --target postgres://…
    5:12 out-of-range <0> expected a whole number from 1 to 64, but found `0`
    6:17 wrong-type <100> expected a duration such as `200ms`, `10s`, `1h30m` or `2d`, but found the number `100` | add the unit: `100s`, `100m`, …
    7:15 bad-duration <soon> expected a duration such as `200ms`, `10s`, `1h30m` or `2d`, but found `soon` | whole numbers with the units d, h, m, s, ms, the greatest first
    8:18 wrong-type <many> expected a whole number from 1 to 100000, but found the text `many`
    10:9 bad-phase-id <Users> expected the id of a phase, but found `Users` | lower-case letters, digits, `-` and `_`, starting with a letter, at most 40 of them
    11:13 unknown-phase <nobody> expected the id of a phase, but there is no phase `nobody`
    11:21 phase-after-itself <Users> expected another phase, but found `Users` waiting for itself
    13:31 bad-name <"a b"> expected a name as in SQL, but found `a b`: a name with other characters than letters, digits, `_` and `$` needs double quotes | names are written as in SQL: users, billing.invoices, '"Order"', '"My Schema"."T"'
    13:42 bad-choice <uid> expected `uuid`, but found `uid`
    13:57 bad-choice <v8> expected one of `v4` and `v7`, but found `v8`
    14:9 mixed-operations <sql> expected another `convert_key` operation, but found `sql`: a phase holds one kind | split it: give each kind a phase of its own
    14:16 no-way-back <up> expected `down`, the way back, but found none | write `down`, or say `irreversible: true` if there is no way back
    16:17 empty-list <[]> expected at least one operation, but found an empty list
    17:9 duplicate-phase <empty> expected an id of its own for each phase, but found `empty` again
    19:5 unknown-key <operation> expected a key of a phase, but found `operation` | did you mean `operations`?
    21:11 wrong-type <90> expected a duration such as `200ms`, `10s`, `1h30m` or `2d`, but found the number `90` | add the unit: `90s`, `90m`, …
    23:13 phase-cycle <gnir> expected phases that can be put in order, but found a circle: `ring` waits for `gnir` waits for `ring` | leave one of these out of `after`
    25:48 v7-from-without-v7 <v7_from> expected `v7_from` only with `generate: v7`, but found it with v4 keys, which hold no time | add `generate: v7`, or leave `v7_from` out
    26:31 repeated-key <public.users> expected each key once, but the key of public.users is converted twice
    30:28 unreadable-file <nowhere.sql> expected SQL in the file `nowhere.sql`, but it cannot be read: no such file
    30:49 empty-sql <""> expected SQL for `down`, but found only white space
    30:67 wrong-type <yes> expected `true` or `false`, but found the text `yes`
    31:32 way-back-of-irreversible <irreversible> expected either `down` or `irreversible: true`, but found both
    "##);
}

#[test]
fn unknown_keys_are_errors_with_the_nearest_known_one() {
    assert!(
        only("schema:", "shema:")
            .1
            .contains("did you mean `schema`?")
    );
    assert!(
        only("workers:", "worker:")
            .1
            .contains("did you mean `workers`?")
    );
    assert!(only("bake:", "bak:").1.contains("did you mean `bake`?"));
    assert!(
        only("generate:", "genrate:")
            .1
            .contains("did you mean `generate`?")
    );
    assert!(
        only("transaction:", "transactions:")
            .1
            .contains("did you mean `transaction`?")
    );
    let (code, message) = only("bake: 30m", "guards: 30m");
    assert_eq!(code, "unknown-key");
    assert!(
        message.contains("a phase has the keys `id`, `after`, `operations`, `bake` and `canary`"),
        "{message}"
    );
}

#[test]
fn a_key_that_is_written_twice_points_at_both() {
    let text = "version: 1\nversion: 1\n";
    let found = errors(text);
    let twice = found
        .iter()
        .find(|e| e.code == "duplicate-key")
        .expect("one is written twice");
    assert_eq!((twice.span.line, twice.related[0].span.line), (2, 1));
}

#[test]
fn missing_keys_are_named() {
    for key in ["version: 1\n", "name: chat\n"] {
        assert_eq!(code(key, ""), "missing-key");
    }
    assert_eq!(code("table: users, ", ""), "missing-key");
    assert_eq!(code("to: uuid, ", ""), "missing-key");
    assert_eq!(code("up: a, ", ""), "missing-key");
    assert_eq!(code("up: a", "up: {}"), "missing-key");
}

#[test]
fn a_missing_target_says_how_to_give_one() {
    let (code, message) = only("target: ${DB}\n", "");
    assert_eq!(code, "missing-target");
    assert!(message.contains("write `target: ${DATABASE_URL}`, or pass --target postgres://…"));
}

#[test]
fn bad_targets_are_refused_without_being_quoted() {
    for (target, expected) in [
        ("${NOT_SET}", "unset-variable"),
        ("postgres://${DB", "bad-variable"),
        ("postgres://${D-B}/s3cret", "bad-variable"),
        ("postgres://app:s3cret@${}/x", "bad-variable"),
        ("mysql://app:s3cret@db/x", "bad-target"),
        ("s3cret", "bad-target"),
        ("postgres://", "bad-target"),
        ("5432", "wrong-type"),
        ("[s3cret]", "wrong-type"),
    ] {
        let (code, message) = only("target: ${DB}", &format!("target: {target}"));
        assert_eq!(code, expected, "{target}");
        assert!(
            !message.contains("s3cret") && !message.contains("5432"),
            "{message}"
        );
    }
    assert!(
        only("${DB}", "postgres://${DB_HOST}/x")
            .1
            .contains("`DB_HOST`")
    );
}

#[test]
fn every_unset_variable_is_named() {
    let text = "version: 1\nname: x\ntarget: postgres://${A}:${DB}@${B}/${A_1}\nphases: [{ id: a, operations: [{ sql: { up: x, down: y } }] }]\n";
    insta::assert_snapshot!(shown(text), @r##"
    3:20 unset-variable <${A}> expected the environment variable `A` to have a value, but it is not set or empty | set `A`, or pass --target postgres://…
    3:31 unset-variable <${B}> expected the environment variable `B` to have a value, but it is not set or empty | set `B`, or pass --target postgres://…
    3:36 unset-variable <${A_1}> expected the environment variable `A_1` to have a value, but it is not set or empty | set `A_1`, or pass --target postgres://…
    "##);
}

#[test]
fn wrong_types_say_what_was_expected_and_found() {
    for (part, replacement, message) in [
        (
            "name: chat",
            "name: 12",
            "expected the name of the plan, but found the number `12` | put it in quotes",
        ),
        (
            "name: chat",
            "name: true",
            "expected the name of the plan, but found `true` | put it in quotes",
        ),
        (
            "name: chat",
            "name:",
            "expected the name of the plan, but found nothing | ",
        ),
        (
            "name: chat",
            "name: [a]",
            "expected the name of the plan, but found a list | ",
        ),
        (
            "workers: 2",
            "workers: '2'",
            "expected a whole number from 1 to 64, but found the text `2` | ",
        ),
        (
            "transaction: true",
            "transaction: yes",
            "expected `true` or `false`, but found the text `yes` | ",
        ),
        (
            "after: [keys]",
            "after: keys",
            "expected a list of phase ids, but found the text `keys` | write [keys]",
        ),
        (
            "bake: 30m",
            "bake: 30",
            "expected a duration such as `200ms`, `10s`, `1h30m` or `2d`, but found the number `30` | add the unit: `30s`, `30m`, …",
        ),
    ] {
        assert_eq!(only(part, replacement), ("wrong-type", message.to_owned()));
    }
    assert_eq!(
        code("{ workers: 2, lock_timeout: 1s }", "fast"),
        "wrong-type"
    );
    assert_eq!(
        code("{ up: a, down: b, transaction: true }", "DELETE FROM a"),
        "wrong-type"
    );
}

#[test]
fn numbers_and_durations_have_limits() {
    for workers in ["0", "-1", "65", "1.5", "99999999999999", "0x2"] {
        assert_eq!(
            code("workers: 2", &format!("workers: {workers}")),
            "out-of-range"
        );
    }
    for duration in ["m", "30 m", "1m1h", "-5s", "1.5h", "99999999999999999999d"] {
        assert_eq!(
            code("bake: 30m", &format!("bake: {duration}")),
            "bad-duration"
        );
    }
    for duration in ["0s", "366d"] {
        assert_eq!(
            code("bake: 30m", &format!("bake: {duration}")),
            "out-of-range"
        );
    }
    assert_eq!(code("lock_timeout: 1s", "lock_timeout: 2m"), "out-of-range");
}

#[test]
fn versions_names_and_ids_have_rules() {
    assert_eq!(code("version: 1", "version: 2"), "bad-version");
    assert_eq!(code("version: 1", "version: '1'"), "bad-version");
    assert_eq!(code("name: chat", "name: ''"), "bad-plan-name");
    assert_eq!(code("name: chat", "name: ' chat'"), "bad-plan-name");
    for id in [
        "Sql",
        "1a",
        "a b",
        "ä",
        "''",
        "a2345678901234567890123456789012345678901",
    ] {
        assert_eq!(
            code("id: sql", &format!("id: {id}")),
            "bad-phase-id",
            "{id}"
        );
    }
    for name in ["a b", "'\"a'", "a.b.c", "a.", "''"] {
        assert_eq!(
            code("table: users", &format!("table: {name}")),
            "bad-name",
            "{name}"
        );
    }
    assert_eq!(code("column: id", "column: a.id"), "bad-name");
    assert_eq!(code("schema: public", "schema: a-b"), "bad-name");
}

#[test]
fn words_are_chosen_from_those_that_exist() {
    assert_eq!(
        only("to: uuid", "to: uid").1,
        "expected `uuid`, but found `uid` | "
    );
    assert_eq!(only("generate: v7", "generate: v1").0, "bad-choice");
}

#[test]
fn what_yaml_can_do_and_a_plan_cannot_is_refused() {
    for (text, expected) in [
        ("", "empty-file"),
        ("# only a comment\n", "empty-file"),
        ("---\n", "empty-file"),
        ("- a\n", "wrong-type"),
        ("just text", "wrong-type"),
        ("version: 1\n\tname: x\n", "syntax"),
        ("name: 'x\n", "syntax"),
        ("name: a: b\n", "syntax"),
        ("[[[[", "syntax"),
        ("\u{0}", "syntax"),
    ] {
        let found = errors(text);
        assert_eq!(found.len(), 1, "{text:?} {found:#?}");
        assert_eq!(found[0].code, expected, "{text:?} {found:#?}");
    }
    assert_eq!(code("name: chat", "name: &n chat"), "anchor");
    assert_eq!(code("name: chat", "name: *n"), "alias");
    assert_eq!(code("name: chat", "name: !!str chat"), "tag");
    assert_eq!(
        code(
            "transaction: true }\n",
            "transaction: true }\n---\nversion: 1\n"
        ),
        "several-documents"
    );
    assert_eq!(code("workers: 2", "? [a, b]\n  : 3"), "wrong-type");
}

#[test]
fn syntax_errors_say_what_to_do_about_tabs_and_colons() {
    assert_eq!(
        errors("phases:\n\t- id: x\n")[0].help.as_deref(),
        Some("YAML indents with spaces, never with tabs")
    );
    let tab = &errors("version: 1\n\tname: x\n")[0];
    assert_eq!((tab.span.line, tab.span.column), (2, 1));
    let colon = errors("name: a: b\n");
    assert!(
        colon[0]
            .help
            .as_deref()
            .is_some_and(|help| help.contains("quotes")),
        "{colon:#?}"
    );
}
