//! Statements and habits of real clients: upserts, `COPY`, `MERGE`, triggers of their own.

use crate::journey::Journey;

#[test]
fn upserts_find_their_row_by_old_and_new_keys_in_every_state() {
    Journey {
        name: "upserts",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE, visits int NOT NULL DEFAULT 0); \
             CREATE TABLE marks (user_id int REFERENCES users, label text, n int, UNIQUE (user_id, label)); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n;",
        convert: "{ table: users, to: uuid }",
        proof: "SELECT name, visits, label, n FROM users LEFT JOIN marks ON user_id = id ORDER BY 1, 2, 3",
        writes: &|old, new, n| {
            let uuid = format!("'00000000-0000-4000-8000-00000000000{n}'");
            let id = 1000 + n;
            for _ in 0..2 {
                old.run(&format!("INSERT INTO users (id, name) VALUES ({id}, 'old {n}') ON CONFLICT (id) DO UPDATE SET visits = users.visits + 1, name = excluded.name"));
                new.run(&format!("INSERT INTO users (id, name) VALUES ({uuid}, 'new {n}') ON CONFLICT (id) DO UPDATE SET visits = users.visits + 1, name = excluded.name"));
                for (client, who) in [(old, "new"), (new, "old")] {
                    client.run(&format!("INSERT INTO users (name) VALUES ('{who} {n}') ON CONFLICT (name) DO UPDATE SET visits = users.visits + 10"));
                    client.run(&format!("INSERT INTO users (id, name) SELECT id, 'other' FROM users WHERE name = '{who} {n}' ON CONFLICT DO NOTHING"));
                    client.run(&format!("INSERT INTO marks (user_id, label, n) SELECT id, 'm', 1 FROM users WHERE name = '{who} {n}' ON CONFLICT (user_id, label) DO UPDATE SET n = marks.n + 1"));
                }
            }
            for client in [old, new] {
                client.gives(&format!("SELECT visits, n FROM users JOIN marks ON user_id = id WHERE name LIKE '%w {n}' OR name LIKE '%d {n}'"), "21|2\n21|2");
            }
        },
        keys: &[("users", "id")],
    }
    .go();
}

#[test]
fn copy_with_a_column_list_fills_both_shapes_before_and_after_the_cut_over() {
    let world = crate::world::World::new(
        "copy",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, parent_id int REFERENCES notes, body text);",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n      - convert_key: { table: notes, to: uuid }\n",
    );
    let copy = |text: &str| {
        let file = world.plan_file().with_file_name("copy.sql");
        std::fs::write(&file, text).expect("a file can be written");
        world.db.psql_file(&file);
    };
    world.expand("p");
    // The child stands before its parent.
    copy(
        "COPY users (id, name) FROM stdin;\n7\ta\n8\tb\n\\.\nCOPY notes (id, user_id, parent_id, body) FROM stdin;\n1\t7\t2\tx\n2\t8\t\\N\ty\n\\.\n",
    );
    world.sql("SELECT setval('users_id_seq', 100), setval('notes_id_seq', 100)");
    let uuid = |n: u32| format!("00000000-0000-4000-8000-00000000000{n}");
    world.up();
    copy(&format!(
        "COPY users (id, name) FROM stdin;\n{}\tc\n{}\td\n\\.\nCOPY notes (id, user_id, parent_id, body) FROM stdin;\n{}\t{}\t{}\tz\n{}\t{}\t\\N\tw\n\\.\n",
        uuid(1),
        uuid(2),
        uuid(3),
        uuid(1),
        uuid(4),
        uuid(4),
        uuid(2)
    ));
    let proof = "SELECT name, n.body, p.body FROM notes n JOIN users ON users.id = user_id LEFT JOIN notes p ON p.id = n.parent_id ORDER BY 1";
    let rows = "a|x|y\nb|y|\nc|z|w\nd|w|";
    world.through("public").gives(proof, rows);
    world.through("public_base").gives(proof, rows);
    world.back();
    world.through("public").gives(proof, rows);
}

#[test]
fn merge_into_public_writes_both_shapes_before_and_after_the_cut_over() {
    let world = crate::world::World::new(
        "merge",
        "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); CREATE TABLE notes (user_id int REFERENCES users, body text); \
         INSERT INTO users (name) VALUES ('a'), ('b'), ('c'); INSERT INTO notes VALUES (1, 'x');",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    if world.sql("SELECT current_setting('server_version_num')::int >= 150000") == "f" {
        println!("skipped: MERGE came with PostgreSQL 15");
        return;
    }
    let merge = |n: u32| {
        world.sql(&format!(
            "MERGE INTO notes USING users ON user_id = users.id WHEN MATCHED THEN UPDATE SET body = body || '{n}', user_id = (SELECT id FROM users WHERE name = 'c') \
             WHEN NOT MATCHED AND name = 'b' THEN INSERT (user_id, body) VALUES (users.id, 'merged {n}')"
        ));
    };
    let proof = "SELECT name, body FROM notes JOIN users ON id = user_id ORDER BY 1, 2";
    world.expand("p");
    merge(1);
    world.through("public_p").gives(proof, "b|merged 1\nc|x1");
    world.up();
    merge(2);
    let rows = "c|merged 12\nc|x12";
    world.through("public").gives(proof, rows);
    world.through("public_base").gives(proof, rows);
    world.back();
    world.through("public").gives(proof, rows);
}

#[test]
fn the_tables_own_triggers_see_and_set_keys_of_the_shape_that_public_shows() {
    Journey {
        name: "triggers",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE log (at serial, event text, who text, label text); \
             CREATE TABLE notes (id serial PRIMARY KEY, owner_id int REFERENCES users, reader_id int REFERENCES users, body text); \
             CREATE FUNCTION set_owner() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 IF NEW.owner_id IS NULL THEN SELECT u.id INTO NEW.owner_id FROM public.users u WHERE u.name = 'default'; END IF; \
                 IF NEW.body = 'private' THEN NEW.reader_id := NULL; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER a_set_owner BEFORE INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION set_owner(); \
             CREATE FUNCTION write_log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
                 INSERT INTO public.log (event, who, label) VALUES (TG_OP, NEW.owner_id::text, NEW.body); RETURN NULL; END $$; \
             CREATE TRIGGER z_log AFTER INSERT OR UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION write_log(); \
             INSERT INTO users (name) VALUES ('default'), ('a'), ('b'); INSERT INTO notes (body) SELECT 'seed ' || n FROM generate_series(1, 20) n;",
        convert: "{ table: users, to: uuid }; { table: notes, to: uuid }",
        proof: "SELECT body, o.name, r.name FROM notes LEFT JOIN users o ON o.id = owner_id LEFT JOIN users r ON r.id = reader_id ORDER BY 1",
        writes: &|old, new, n| {
            let logged = old.run("SELECT count(*) FROM log WHERE label LIKE 'seed%'");
            assert_eq!(logged, "20", "the backfill fires no trigger of the table's own");
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                let user = |name: &str| format!("(SELECT id FROM users WHERE name = '{name}')");
                client.run(&format!(
                    "INSERT INTO notes (owner_id, reader_id, body) VALUES ({}, {}, '{who} {n} given'), (NULL, {}, '{who} {n} owned')",
                    user("a"), user("b"), user("b")
                ));
                other.gives(&format!("SELECT o.name, r.name FROM notes JOIN users o ON o.id = owner_id JOIN users r ON r.id = reader_id WHERE body = '{who} {n} given'"), "a|b");
                other.gives(&format!("SELECT o.name FROM notes JOIN users o ON o.id = owner_id WHERE body = '{who} {n} owned'"), "default");
                other.run(&format!("UPDATE notes SET owner_id = {} WHERE body = '{who} {n} owned'", user("b")));
                client.gives(&format!("SELECT o.name FROM notes JOIN users o ON o.id = owner_id WHERE body = '{who} {n} owned'"), "b");
                other.run(&format!("UPDATE notes SET owner_id = NULL WHERE body = '{who} {n} owned'"));
                client.gives(&format!("SELECT o.name FROM notes JOIN users o ON o.id = owner_id WHERE body = '{who} {n} owned'"), "default");
                client.run(&format!("UPDATE notes SET body = 'private' WHERE body = '{who} {n} owned'"));
                other.gives("SELECT count(*) FROM notes WHERE body = 'private' AND reader_id IS NOT NULL", "0");
                client.run(&format!("UPDATE notes SET body = '{who} {n} private' WHERE body = 'private'"));
            }
            // The log holds keys as public shows them.
            let shape = if n == 1 { "^[0-9]+$" } else { "^[0-9a-f-]{36}$" };
            old.gives(&format!("SELECT count(*) FROM log WHERE label ~ '^(old|new) {n}' AND who !~ '{shape}'"), "0");
        },
        keys: &[("users", "id"), ("notes", "id")],
    }
    .go();
}

#[test]
fn rows_that_replication_writes_reach_both_shapes() {
    Journey {
        name: "replica",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE notes (user_id int REFERENCES users, body text); \
             INSERT INTO users (name) VALUES ('a'), ('b'); INSERT INTO notes VALUES (1, 'seed');",
        convert: "{ table: users, to: uuid }",
        proof: "SELECT name, body FROM notes LEFT JOIN users ON id = user_id ORDER BY 2",
        writes: &|old, new, n| {
            for (client, who) in [(old, "old"), (new, "new")] {
                client.run(&format!(
                    "SET session_replication_role = replica; INSERT INTO notes (user_id, body) SELECT id, '{who} {n}' FROM users WHERE name = 'a'; \
                     UPDATE notes SET user_id = (SELECT id FROM users WHERE name = 'b') WHERE body = '{who} {n}'"
                ));
            }
        },
        keys: &[("users", "id")],
    }
    .go();
}
