//! What a schema looks like, and who still uses it.

use crate::schema::World;

const USERS: &str = "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n";

/// pgroll #375, #888: a primary key that other tables reference cannot change its type.
#[test]
fn a_primary_key_changes_its_type_with_every_foreign_key_that_points_at_it() {
    let world = World::new(
        "referenced",
        "CREATE TABLE users (id serial PRIMARY KEY, name text, boss_id int REFERENCES users); \
         CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, body text); \
         CREATE TABLE members (user_id int REFERENCES users, room text, PRIMARY KEY (user_id, room)); \
         INSERT INTO users (name, boss_id) VALUES ('a', NULL), ('b', 1); \
         INSERT INTO notes (user_id, body) VALUES (1, 'x'), (2, 'y'); INSERT INTO members VALUES (2, 'r');",
        USERS,
    );
    let who = "SELECT u.name, b.name, n.body, m.room FROM users u LEFT JOIN users b ON b.id = u.boss_id \
               LEFT JOIN notes n ON n.user_id = u.id LEFT JOIN members m ON m.user_id = u.id ORDER BY 1";
    let before = world.sql(who);
    world.up();
    world.contract();
    assert_eq!(world.sql(who), before);
    assert_eq!(
        world.sql(
            "SELECT string_agg(attrelid::regclass || '.' || attname || ' ' || atttypid::regtype, ', ' ORDER BY attrelid::regclass::text, attname) \
             FROM pg_attribute WHERE attrelid IN ('users'::regclass, 'notes'::regclass, 'members'::regclass) AND attname IN ('id', 'boss_id', 'user_id') \
             AND (attrelid, attname) <> ('notes'::regclass, 'id')"
        ),
        "members.user_id uuid, notes.user_id uuid, users.boss_id uuid, users.id uuid"
    );
    assert_eq!(
        world.sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'users'::regclass AND convalidated"),
        "3"
    );
    world.sql(
        "DELETE FROM members; UPDATE users SET boss_id = NULL; DELETE FROM users WHERE name = 'a'",
    );
    assert_eq!(
        world.sql("SELECT body FROM notes"),
        "y",
        "ON DELETE CASCADE"
    );
}

/// pgroll #374: no way back once a migration is complete.
#[test]
fn a_phase_that_is_cut_over_and_in_use_turns_back() {
    let world = World::new(
        "complete",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); \
         CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text); \
         INSERT INTO users (name) VALUES ('before');",
        USERS,
    );
    let before = world.sql("SELECT table_name, column_name, data_type, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2");
    world.up();
    world.sql(
        "INSERT INTO users (name) VALUES ('after'); \
         INSERT INTO notes (user_id, body) SELECT id, 'written as uuid' FROM users WHERE name = 'after'",
    );
    world.back();
    assert_eq!(
        world.sql("SELECT table_name, column_name, data_type, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"),
        before
    );
    assert_eq!(
        world.sql("SELECT users.id, name, body FROM users LEFT JOIN notes ON user_id = users.id ORDER BY 1"),
        "1|before|\n2|after|written as uuid"
    );
}

/// pgroll #1035: `GENERATED ALWAYS` identity keys break the backfill.
#[test]
fn keys_that_are_generated_always_are_filled_and_written_through_both_shapes() {
    let world = World::new(
        "always",
        "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text); \
         CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint REFERENCES users, body text); \
         INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 100) n; \
         INSERT INTO notes (user_id, body) SELECT n, 'b' FROM generate_series(1, 100) n;",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n      - convert_key: { table: notes, to: uuid }\n",
    );
    world.expand("p");
    assert_eq!(
        world.sql("SELECT count(*) FROM users WHERE id_turnback_new IS NULL"),
        "0"
    );
    for (n, path) in ["public", "public_p, public"].into_iter().enumerate() {
        world.through(path).run(&format!(
            "INSERT INTO users (name) VALUES ('new {n}'); \
             INSERT INTO notes (user_id, body) SELECT id, 'new {n}' FROM users WHERE name = 'new {n}'"
        ));
    }
    world.up();
    for path in ["public", "public_p, public", "public_base, public"] {
        world.through(path).gives(
            "SELECT name, body FROM users JOIN notes ON user_id = users.id WHERE body <> 'b' ORDER BY 1",
            "new 0|new 0\nnew 1|new 1",
        );
    }
    world.back();
    assert_eq!(
        world.sql("SELECT DISTINCT attidentity FROM pg_attribute WHERE attrelid IN ('users'::regclass, 'notes'::regclass) AND attname = 'id'"),
        "a"
    );
}

/// pgroll #956: no plan, no dry run.
#[test]
fn the_plan_shows_every_statement_before_anything_is_changed() {
    let world = World::new(
        "dry_run",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) VALUES ('a');",
        USERS,
    );
    let before = world.db.dump(&[]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let printed = words(&world.must(&["plan", "--sql"], 0));
    assert_eq!(world.db.dump(&[]), before, "a plan changes nothing");
    world.up();
    // The program that ran, and that would turn back, is kept in the ledger.
    let kept = world.sql(
        "SELECT string_agg(replace(statement #>> '{}', E'\\n', ' '), E'\\n') FROM turnback.phase, \
         LATERAL (SELECT jsonb_path_query(program::jsonb, '$.**.transaction.statements[*]') AS statement \
                  UNION ALL SELECT jsonb_path_query(program::jsonb, '$.**.online.statement')) all_of_them",
    );
    assert!(kept.lines().count() > 10, "{kept}");
    for statement in kept.lines() {
        assert!(
            printed.contains(&words(statement)),
            "{statement}\nis not in\n{printed}"
        );
    }
}

/// pgroll #725: several pending migrations drop the schema that the live application uses.
#[test]
fn a_later_phase_leaves_the_version_schema_that_an_application_uses() {
    let world = World::new(
        "pending",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE rooms (id serial PRIMARY KEY, topic text); \
         CREATE TABLE members (user_id int REFERENCES users, room_id int REFERENCES rooms, PRIMARY KEY (user_id, room_id)); \
         INSERT INTO users (name) VALUES ('a'); INSERT INTO rooms (topic) VALUES ('t'); INSERT INTO members VALUES (1, 1);",
        "  - id: p1\n    operations:\n      - convert_key: { table: users, to: uuid }\n\
         \x20 - id: p2\n    operations:\n      - convert_key: { table: rooms, to: uuid }\n\
         \x20 - id: p3\n    operations:\n      - sql: { up: 'ALTER TABLE rooms ADD note text', down: 'ALTER TABLE rooms DROP note' }\n",
    );
    let works = |paths: &[&str], stop: &str| {
        for (n, path) in paths.iter().enumerate() {
            let client = world.through(path);
            let name = format!("{stop} {n}");
            client.run(&format!(
                "INSERT INTO users (name) VALUES ('{name}'); INSERT INTO rooms (topic) VALUES ('{name}'); \
                 INSERT INTO members (user_id, room_id) SELECT users.id, rooms.id FROM users, rooms WHERE name = '{name}' AND topic = '{name}'"
            ));
            for path in paths {
                world.through(path).gives(
                    &format!("SELECT topic FROM members JOIN users ON users.id = user_id JOIN rooms ON rooms.id = room_id WHERE name = '{name}'"),
                    &name,
                );
            }
        }
    };
    let (base, one, two) = (
        "public_base, public",
        "public_p1, public",
        "public_p2, public",
    );
    world.must(&["up", "--to", "p1"], 0);
    works(&[base, one, "public"], "one");
    // All that is pending at once.
    world.up();
    works(&[base, one, two, "public"], "all");
    world.must(&["back", "--scope", "p2", "--yes"], 5);
    works(&[base, one, "public"], "back");
}

/// pgroll #352, #830: order against the table's own triggers.
#[test]
fn the_tables_own_triggers_see_what_the_client_wrote_and_have_the_last_word() {
    let world = World::new(
        "order",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) VALUES ('given'), ('chosen'); \
         CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users, body text); \
         CREATE TABLE seen (at serial, what text); \
         CREATE FUNCTION choose() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN \
             INSERT INTO seen (what) SELECT TG_NAME || ' ' || name FROM users WHERE id = NEW.user_id; \
             IF NEW.body = 'change' THEN NEW.user_id := (SELECT id FROM users WHERE name = 'chosen'); END IF; RETURN NEW; END $$; \
         CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN \
             INSERT INTO seen (what) SELECT TG_NAME || ' ' || name FROM users WHERE id = NEW.user_id; RETURN NULL; END $$; \
         CREATE TRIGGER \"0 first\" BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION choose(); \
         CREATE TRIGGER aaa AFTER INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION look();",
        USERS,
    );
    let read = |paths: &[&str], name: &str| {
        for path in paths {
            world.through(path).gives(
                "SELECT name FROM notes JOIN users ON users.id = user_id",
                name,
            );
        }
    };
    let writes = |paths: &[&str]| {
        for path in paths {
            for (body, name) in [("keep", "given"), ("change", "chosen")] {
                let client = world.through(path);
                world.sql("DELETE FROM seen; DELETE FROM notes");
                client.run(&format!(
                    "INSERT INTO notes (user_id, body) SELECT id, '{body}' FROM users WHERE name = 'given'"
                ));
                assert_eq!(
                    world.sql("SELECT string_agg(what, ', ' ORDER BY at) FROM seen"),
                    format!("0 first given, aaa {name}"),
                    "{body} through {path}"
                );
                read(paths, name);
            }
            // This names no reference, and the table's own trigger moves it all the same.
            world.sql("DELETE FROM notes");
            let client = world.through(path);
            client.run(
                "INSERT INTO notes (user_id, body) SELECT id, 'keep' FROM users WHERE name = 'given'",
            );
            read(paths, "given");
            client.run("UPDATE notes SET body = 'change'");
            read(paths, "chosen");
        }
    };
    writes(&["public"]);
    world.expand("p");
    writes(&["public", "public_p, public"]);
    world.up();
    writes(&["public", "public_p, public", "public_base, public"]);
    world.back();
    writes(&["public"]);
}

/// Bytebase, `restore.go`: a data rollback overwrites rows that were changed since.
#[test]
fn the_way_back_keeps_every_row_as_it_was_last_written() {
    let world = World::new(
        "changed_since",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); \
         CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users, body text); \
         INSERT INTO users (name) VALUES ('a'), ('b'); INSERT INTO notes (user_id, body) VALUES (1, 'moved'), (1, 'edited'), (1, 'gone'), (1, 'same');",
        USERS,
    );
    world.up();
    // Half of it by the new version, half by the old one.
    world.through("public_p, public").run(
        "UPDATE notes SET user_id = (SELECT id FROM users WHERE name = 'b') WHERE body = 'moved'; \
         DELETE FROM notes WHERE body = 'gone'",
    );
    world.through("public_base, public").run(
        "UPDATE notes SET body = 'edited since' WHERE body = 'edited'; UPDATE users SET name = 'A' WHERE name = 'a'",
    );
    world.back();
    assert_eq!(
        world.sql("SELECT notes.id, users.id, name, body FROM notes JOIN users ON users.id = user_id ORDER BY 1"),
        "1|2|b|moved\n2|1|A|edited since\n4|1|A|same"
    );
}
