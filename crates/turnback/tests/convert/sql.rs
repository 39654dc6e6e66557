//! Phases of the user's own SQL: there, verified, and back.

use crate::world::World;

const SCHEMA: &str = "CREATE TABLE messages (id serial PRIMARY KEY, body text, created_at timestamptz DEFAULT now()); \
     INSERT INTO messages (body) SELECT n::text FROM generate_series(1, 100) n;";

fn world(operations: &str) -> World {
    World::new(
        "sql",
        SCHEMA,
        &format!("  - id: p\n    operations:\n{operations}"),
    )
}

#[test]
fn sql_goes_forward_is_verified_and_turns_back_in_reverse_order() {
    let world = world(
        "      - sql:\n          up: ALTER TABLE messages ADD COLUMN expires_at timestamptz\n          down: ALTER TABLE messages DROP COLUMN expires_at\n          verify: \"SELECT count(*) = 0 FROM messages WHERE expires_at < created_at -- none\"\n\
         \x20     - sql:\n          up: |\n            UPDATE messages SET expires_at = created_at + interval '1 day';\n            CREATE VIEW fresh AS SELECT * FROM messages WHERE expires_at > now();\n          down: DROP VIEW fresh\n          verify: SELECT count(*) = 100 FROM fresh;\n",
    );
    let before = world.db.dump(&["turnback"]);
    world.up();
    assert_eq!(world.sql("SELECT count(*) FROM fresh"), "100");
    world.up();
    world.back();
    assert_eq!(before, world.db.dump(&["turnback"]));
}

#[test]
fn a_verify_that_does_not_hold_needs_a_person_and_leaves_the_way_back_open() {
    for (verify, note) in [
        ("SELECT count(*) = 0 FROM messages", "false"),
        ("SELECT NULL::boolean", "null"),
    ] {
        let world = world(&format!(
            "      - sql:\n          up: ALTER TABLE messages ADD COLUMN a int\n          down: ALTER TABLE messages DROP COLUMN a\n          verify: {verify}\n\
             \x20     - sql: {{ up: ALTER TABLE messages ADD COLUMN b int, down: ALTER TABLE messages DROP COLUMN b }}\n"
        ));
        let before = world.db.dump(&["turnback"]);
        let said = world.must(&["up"], 6);
        assert!(
            said.contains("verify query of operation 1"),
            "{note}: {said}"
        );
        // What came after it was not begun, and so is not undone.
        world.back();
        assert_eq!(before, world.db.dump(&["turnback"]), "{note}");
    }
}

#[test]
fn sql_that_fails_changes_nothing_and_what_went_before_it_turns_back() {
    let world = world(
        "      - sql: { up: ALTER TABLE messages ADD COLUMN a int, down: ALTER TABLE messages DROP COLUMN a }\n\
         \x20     - sql: { up: ALTER TABLE messages ADD COLUMN b int; SELECT 1 / 0, down: ALTER TABLE messages DROP COLUMN b }\n",
    );
    let before = world.db.dump(&["turnback"]);
    let ran = world.run(&["up"]);
    assert_ne!(ran.code, 0);
    assert!(ran.said.contains("division by zero"), "{}", ran.said);
    world.back();
    assert_eq!(before, world.db.dump(&["turnback"]));
}

#[test]
fn sql_outside_a_transaction_runs_statement_by_statement() {
    let world = world(
        "      - sql:\n          transaction: false\n          up: |\n            CREATE INDEX CONCURRENTLY by_body ON messages (body);\n            CREATE INDEX CONCURRENTLY by_time ON messages (created_at);\n          down: |\n            DROP INDEX CONCURRENTLY by_body;\n            DROP INDEX CONCURRENTLY by_time;\n          verify: SELECT count(*) = 2 FROM pg_index WHERE indexrelid IN ('by_body'::regclass, 'by_time'::regclass) AND indisvalid\n",
    );
    let before = world.db.dump(&["turnback"]);
    world.up();
    world.back();
    assert_eq!(before, world.db.dump(&["turnback"]));
}

#[test]
fn sql_marked_irreversible_asks_first_and_is_not_turned_back() {
    let world =
        world("      - sql: { up: DELETE FROM messages WHERE id > 50, irreversible: true }\n");
    world.must(&["up"], 2);
    assert_eq!(world.sql("SELECT count(*) FROM messages"), "100");
    world.must(&["up", "--yes"], 0);
    assert_eq!(world.sql("SELECT count(*) FROM messages"), "50");
    let said = world.must(&["back", "--yes"], 6);
    assert!(said.contains("irreversible"), "{said}");
}

#[test]
fn sql_between_two_conversions_turns_back_with_them() {
    let first = "  - id: p\n    operations:\n      - convert_key: { table: messages, to: uuid }\n\
         \x20 - id: p2\n    operations:\n      - sql: { up: \"CREATE TABLE answers (id serial PRIMARY KEY, message_id uuid REFERENCES messages)\", down: DROP TABLE answers }\n";
    let world = World::new("sql_between", SCHEMA, first);
    let before = crate::journey::Picture::take(&world);
    world.up();
    // A plan grows at its end while it runs.
    world.write_plan(&format!(
        "{first}  - id: p3\n    operations:\n      - convert_key: {{ table: answers, to: uuid }}\n"
    ));
    world.up();
    world.sql("INSERT INTO messages (body) VALUES ('new'); INSERT INTO answers (message_id) SELECT id FROM messages");
    assert_eq!(
        world.sql("SELECT pg_typeof(id) FROM answers LIMIT 1"),
        "uuid"
    );
    world.back();
    let after = crate::journey::Picture::take(&world);
    assert_eq!(before.schema, after.schema);
    assert_eq!(after.rows.len(), before.rows.len() + 1);
}
