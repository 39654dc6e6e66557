//! `check`: go or no-go, object by object, and `up` heeds it.

use serde_json::Value;

use crate::world::{TWO_PHASES, World};

#[test]
fn a_clean_schema_is_go() {
    let world = World::chat("go", TWO_PHASES);
    let said = world.must(&["check"], 0);
    let last = said.lines().last().unwrap_or("");
    assert!(last.starts_with("go: 0 no-go"), "{said}");
    let json = world.json("check", 0);
    assert_eq!(json["go"], Value::Bool(true));
}

#[test]
fn what_each_guard_measures_now_is_told_and_what_cannot_be_measured_warned_of() {
    let guards = "
guards:
  well: { sql: SELECT 7, critical: \"> 10\" }
  beyond: { sql: \"SELECT tablename::text, 20 FROM pg_tables WHERE schemaname = 'public'\", critical: \"> 10\" }
  broken: { sql: SELECT nonsense, critical: \"> 10\" }
  keys: { probe: invalid_foreign_keys, critical: \"> 0\" }
";
    let world = World::chat("measured", &format!("{TWO_PHASES}{guards}"));
    let said = world.json("check", 0);
    let of = |guard: &str| -> (String, String) {
        let all = said["findings"].as_array().expect("a list");
        let found = all.iter().find(|f| f["object"] == format!("guard {guard}"));
        let found = found.unwrap_or_else(|| panic!("nothing of {guard} in {said:#}"));
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        (text("weight"), text("reason"))
    };
    let (weight, reason) = of("well");
    assert_eq!(
        (weight.as_str(), reason.contains("measures 7 now")),
        ("note", true),
        "{reason}"
    );
    let (weight, reason) = of("beyond");
    assert_eq!(
        (weight.as_str(), reason.contains("critical already")),
        ("warning", true),
        "{reason}"
    );
    let (weight, reason) = of("broken");
    assert_eq!(
        (weight.as_str(), reason.contains("nonsense")),
        ("warning", true),
        "{reason}"
    );
    assert_eq!(of("keys").0, "note");
}

/// SQL that puts something in the way, and the object that must be named.
const IN_THE_WAY: [(&str, &str); 8] = [
    (
        "CREATE MATERIALIZED VIEW seen AS SELECT id FROM users",
        "materialized view public.seen",
    ),
    (
        "CREATE POLICY mine ON conversations USING (owner_id = 1)",
        "policy mine on public.conversations",
    ),
    (
        "ALTER TABLE users ADD half integer GENERATED ALWAYS AS (id / 2) STORED",
        "column public.users.half",
    ),
    (
        "ALTER TABLE users ADD CONSTRAINT small CHECK (id < 1000000)",
        "small",
    ),
    (
        "CREATE TABLE visits (user_id integer NOT NULL REFERENCES users, at date) PARTITION BY RANGE (user_id)",
        "table public.visits",
    ),
    (
        "CREATE PUBLICATION outgoing FOR TABLE users (id)",
        "publication outgoing",
    ),
    (
        "CREATE INDEX odd ON messages ((sender_id % 2))",
        "index public.odd",
    ),
    (
        "CREATE RULE quiet AS ON DELETE TO audit_logs DO INSTEAD NOTHING",
        "rule quiet on public.audit_logs",
    ),
];

#[test]
fn what_cannot_be_carried_is_named_with_a_remedy_and_up_leaves_the_database_alone() {
    for (sql, object) in IN_THE_WAY {
        let world = World::chat("no_go", TWO_PHASES);
        // Column lists of publications came with PostgreSQL 15.
        let old = world.db.execute("SHOW server_version_num").as_str() < "150000";
        if old && sql.starts_with("CREATE PUBLICATION") {
            continue;
        }
        world.db.execute(sql);
        let before = world.db.dump(&[]);

        let json = world.json("check", 3);
        assert_eq!(json["go"], Value::Bool(false), "{sql}");
        let named = json["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|finding| {
                finding["weight"] == "no_go"
                    && finding["object"]
                        .as_str()
                        .is_some_and(|found| found.contains(object))
            });
        let named = named.unwrap_or_else(|| panic!("{object} is not named: {json:#}"));
        for part in ["code", "reason", "remedy"] {
            assert_ne!(named[part], "", "{part} of {named}");
        }
        let said = world.must(&["check"], 3);
        assert!(said.contains("NO-GO") && said.contains(object), "{said}");
        let last = said.lines().last().unwrap_or("");
        assert!(last.starts_with("no-go: "), "{said}");

        let up = world.run(&["up", "--yes"]);
        assert_eq!(up.code, 3, "{sql}: {up:#?}");
        assert!(
            up.err.contains(object) && up.err.contains("Nothing was touched"),
            "{up:#?}"
        );
        assert_eq!(before, world.db.dump(&[]), "{sql}: up touched something");
    }
}

#[test]
fn the_heaviest_findings_come_first() {
    let world = World::chat("order", TWO_PHASES);
    world
        .db
        .execute("CREATE MATERIALIZED VIEW seen AS SELECT id FROM users");
    let json = world.json("check", 3);
    let weights: Vec<&str> = json["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["weight"].as_str())
        .collect();
    let rank = |weight: &&str| match *weight {
        "no_go" => 0,
        "warning" => 1,
        _ => 2,
    };
    assert!(weights.is_sorted_by_key(rank), "{weights:?}");
}

#[test]
fn sql_without_a_way_back_is_told_in_plain_words_and_needs_a_yes() {
    let world = World::chat(
        "no_way_back",
        "
  - id: tidy
    operations:
      - sql: { up: DROP INDEX conversations_title_idx, irreversible: true }
",
    );
    for command in ["check", "plan"] {
        let said = world.must(&[command], 0);
        assert!(said.contains("no way back"), "{command}: {said}");
    }
    let before = world.db.dump(&[]);
    let up = world.run(&["up"]);
    assert_eq!(up.code, 2, "{up:#?}");
    assert!(
        up.err.contains("phase tidy cannot be turned back"),
        "{up:#?}"
    );
    assert_eq!(before, world.db.dump(&[]), "nobody said yes");
    world.must(&["up", "--yes"], 0);
}

#[test]
fn a_wrong_plan_is_told_with_its_line_and_column() {
    let world = World::chat(
        "wrong",
        "
  - id: users
    operations:
      - convert_key: { table: user, to: uuid }
",
    );
    for command in ["check", "plan", "up"] {
        let ran = world.run(&[command]);
        assert_eq!(ran.code, 2, "{command}: {ran:#?}");
        assert!(
            ran.err.contains("turnback.yaml:7:31") && ran.err.contains("users"),
            "{command}: {ran:#?}"
        );
    }
}

#[test]
fn a_database_that_cannot_be_reached_is_no_stack_trace() {
    let world = World::chat("nobody_home", TWO_PHASES);
    let ran = world.run_on("postgres://postgres:hush-hush@127.0.0.1:1/gone", &["check"]);
    assert_eq!(ran.code, 4, "{ran:#?}");
    assert!(
        ran.err.contains("127.0.0.1:1/gone") && !ran.err.contains("hush"),
        "{ran:#?}"
    );
}

#[test]
fn references_that_nobody_declared_are_warned_of_with_what_their_values_say() {
    let world = World::chat("undeclared", TWO_PHASES);
    world.db.execute(
        "INSERT INTO users (email, name) SELECT n::text, n::text FROM generate_series(1, 20) n;
         CREATE TABLE visits (id bigint PRIMARY KEY, user_id integer, message_count integer);
         INSERT INTO visits SELECT id, id FROM users;
         CREATE TABLE notes (id bigint PRIMARY KEY, subject_type text, subject_id bigint);
         INSERT INTO notes SELECT id, 'User', id FROM users;
         CREATE TABLE imports (id bigint PRIMARY KEY, user_id bigint);
         INSERT INTO imports SELECT id, id + 1000000000 FROM users;",
    );
    let said = world.json("check", 0);
    let all = said["findings"].as_array().expect("a list");
    let loose: Vec<(&str, &str, &Value)> = all
        .iter()
        .filter(|finding| finding["code"] == "undeclared-reference")
        .filter_map(|found| {
            let text = |key: &str| found[key].as_str();
            Some((text("object")?, text("reason")?, &found["phases"]))
        })
        .collect();
    let [note, visit] = loose.as_slice() else {
        panic!("{loose:#?}")
    };
    assert_eq!(note.0, "column public.notes.subject_id");
    assert!(note.1.contains("rows of public.users"), "{}", note.1);
    assert_eq!(visit.0, "column public.visits.user_id");
    assert!(
        visit.1.contains("values looked at are keys there"),
        "{}",
        visit.1
    );
    assert_eq!(visit.2, &serde_json::json!(["users"]));
    world
        .db
        .execute("ALTER TABLE visits ADD FOREIGN KEY (user_id) REFERENCES users");
    let said = world.must(&["check"], 0);
    assert!(!said.contains("visits.user_id"), "{said}");
}
