//! References of every kind: composite, shared, to oneself, several to one table, moving.

use crate::journey::Journey;

#[test]
fn composite_keys_made_of_references_and_references_to_them_are_converted_and_come_back() {
    Journey {
        name: "composite",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE rooms (id bigserial PRIMARY KEY, topic text UNIQUE); \
             CREATE TABLE members (room_id bigint REFERENCES rooms ON DELETE CASCADE, user_id int REFERENCES users ON DELETE CASCADE, role text, PRIMARY KEY (room_id, user_id)); \
             CREATE INDEX members_by_user ON members (user_id, role); \
             CREATE TABLE marks (id serial PRIMARY KEY, room_id bigint NOT NULL, user_id int NOT NULL, mark text, \
                 FOREIGN KEY (room_id, user_id) REFERENCES members (room_id, user_id) ON DELETE CASCADE ON UPDATE CASCADE); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; INSERT INTO rooms (topic) SELECT 'r' || n FROM generate_series(1, 5) n; \
             INSERT INTO members SELECT rooms.id, users.id, 'seed' FROM rooms, users; \
             INSERT INTO marks (room_id, user_id, mark) SELECT room_id, user_id, 'seed' FROM members;",
        convert: "{ table: users, to: uuid }; { table: rooms, to: uuid }; { table: marks, to: uuid }",
        proof: "SELECT name, topic, role, mark FROM members JOIN users ON users.id = user_id JOIN rooms ON rooms.id = room_id LEFT JOIN marks USING (room_id, user_id) ORDER BY 1, 2, 3, 4",
        writes: &|old, new, n| {
            for (client, who) in [(old, "old"), (new, "new")] {
                client.run(&format!(
                    "INSERT INTO users (name) VALUES ('{who} {n}'); INSERT INTO rooms (topic) VALUES ('{who} {n}'), ('{who} {n} too'); \
                     INSERT INTO members (room_id, user_id, role) SELECT rooms.id, users.id, 'member' FROM rooms, users WHERE topic = '{who} {n}' AND name IN ('{who} {n}', 'u1', 'u2'); \
                     INSERT INTO marks (room_id, user_id, mark) SELECT room_id, user_id, 'm {n}' FROM members WHERE role = 'member'"
                ));
            }
            // A reference of the composite key moves, and the marks follow by ON UPDATE CASCADE.
            for (client, who) in [(old, "new"), (new, "old")] {
                client.run(&format!(
                    "UPDATE members SET role = 'moved', room_id = (SELECT id FROM rooms WHERE topic = '{who} {n} too') \
                     WHERE room_id = (SELECT id FROM rooms WHERE topic = '{who} {n}') AND user_id = (SELECT id FROM users WHERE name = 'u1')"
                ));
                client.gives(
                    &format!("SELECT DISTINCT mark FROM marks JOIN rooms ON rooms.id = room_id WHERE topic = '{who} {n} too'"),
                    &format!("m {n}"),
                );
                client.run(&format!(
                    "INSERT INTO members (room_id, user_id, role) SELECT room_id, user_id, 'upserted' FROM members WHERE role = 'moved' \
                     ON CONFLICT (room_id, user_id) DO UPDATE SET role = excluded.role || ' {n}'"
                ));
            }
            old.refuses("INSERT INTO members (room_id, user_id, role) SELECT room_id, user_id, 'twice' FROM members LIMIT 1", "23505");
            new.refuses("INSERT INTO members (room_id, user_id, role) SELECT room_id, user_id, 'twice' FROM members LIMIT 1", "23505");
            old.refuses(
                "INSERT INTO marks (room_id, user_id) SELECT max(rooms.id), 9 FROM rooms WHERE topic LIKE '%too'",
                "23503",
            );
            new.run(&format!("DELETE FROM rooms WHERE topic = 'new {n}'"));
        },
        keys: &[("users", "id"), ("rooms", "id"), ("marks", "id")],
    }
    .go();
}

#[test]
fn a_key_shared_by_a_reference_is_converted_with_whatever_points_at_it() {
    Journey {
        name: "shared",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text); \
             CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio text); \
             CREATE TABLE pictures (profile_id int NOT NULL REFERENCES profiles ON DELETE CASCADE, file text); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; \
             INSERT INTO profiles SELECT id, 'bio of ' || name FROM users; INSERT INTO pictures SELECT user_id, bio FROM profiles;",
        convert: "{ table: users, to: uuid }",
        proof: "SELECT name, bio, file FROM users LEFT JOIN profiles ON user_id = id LEFT JOIN pictures ON profile_id = user_id ORDER BY 1, 2, 3",
        writes: &|old, new, n| {
            for (client, who) in [(old, "old"), (new, "new")] {
                client.run(&format!(
                    "WITH u AS (INSERT INTO users (name) VALUES ('{who} {n}') RETURNING id) SELECT id FROM u; \
                     INSERT INTO profiles (user_id, bio) SELECT id, 'bio {n}' FROM users WHERE name = '{who} {n}'; \
                     INSERT INTO pictures (profile_id, file) SELECT user_id, 'file {n}' FROM profiles WHERE bio = 'bio {n}' AND user_id = (SELECT id FROM users WHERE name = '{who} {n}')"
                ));
            }
            old.refuses(
                &format!("INSERT INTO profiles (user_id, bio) SELECT id, 'twice' FROM users WHERE name = 'new {n}'"),
                "23505",
            );
        },
        keys: &[("users", "id")],
    }
    .go();
}

#[test]
fn rows_that_refer_to_their_own_table_are_converted_and_written_in_any_order() {
    Journey {
        name: "own_table",
        schema: "CREATE TABLE nodes (id serial PRIMARY KEY, parent_id int REFERENCES nodes ON DELETE SET NULL, root_id int REFERENCES nodes, name text UNIQUE); \
             INSERT INTO nodes (id, parent_id, root_id, name) SELECT n, nullif(n / 2, 0), 1, 'n' || n FROM generate_series(1, 40) n; \
             SELECT setval('nodes_id_seq', 100);",
        convert: "{ table: nodes, to: uuid }",
        proof: "SELECT c.name, p.name, r.name FROM nodes c LEFT JOIN nodes p ON p.id = c.parent_id LEFT JOIN nodes r ON r.id = c.root_id ORDER BY 1",
        writes: &|old, new, n| {
            let id = |i: u32| 1000 * n + i;
            let uuid = |i: u32| format!("'00000000-0000-4000-8000-{:012}'", 1000 * n + i);
            // Child and parent, parent and child, and a row that names itself, in one statement.
            old.run(&format!(
                "INSERT INTO nodes (id, parent_id, root_id, name) VALUES ({a}, {b}, {b}, 'old child {n}'), ({b}, NULL, {b}, 'old parent {n}'), ({c}, {b}, {c}, 'old later {n}')",
                a = id(1), b = id(2), c = id(3)
            ));
            new.run(&format!(
                "INSERT INTO nodes (id, parent_id, root_id, name) VALUES ({a}, {b}, {b}, 'new child {n}'), ({b}, NULL, {b}, 'new parent {n}'), ({c}, {b}, {c}, 'new later {n}')",
                a = uuid(1), b = uuid(2), c = uuid(3)
            ));
            for (client, who) in [(old, "old"), (new, "new")] {
                client.gives(
                    &format!("SELECT p.name || ', ' || (c.root_id = p.id) FROM nodes c JOIN nodes p ON p.id = c.parent_id WHERE c.name = '{who} child {n}'"),
                    &format!("{who} parent {n}, true"),
                );
                client.gives(&format!("SELECT root_id = id FROM nodes WHERE name = '{who} later {n}'"), "t");
            }
            // In a data-modifying WITH, the child sees nothing of the parent.
            old.run(&format!(
                "WITH p AS (INSERT INTO nodes (id, name) VALUES ({b}, 'with old {n}') RETURNING id) INSERT INTO nodes (parent_id, name) SELECT id, 'with old child {n}' FROM p",
                b = id(4)
            ));
            new.run(&format!(
                "WITH p AS (INSERT INTO nodes (name) VALUES ('with new {n}') RETURNING id) INSERT INTO nodes (parent_id, name) SELECT id, 'with new child {n}' FROM p"
            ));
            old.gives(&format!("SELECT p.name FROM nodes c JOIN nodes p ON p.id = c.parent_id WHERE c.name = 'with new child {n}'"), &format!("with new {n}"));
            // Moves, through one shape what the other one wrote.
            old.run(&format!("UPDATE nodes SET parent_id = (SELECT id FROM nodes WHERE name = 'old later {n}') WHERE name = 'new child {n}'"));
            new.run(&format!("UPDATE nodes SET parent_id = id WHERE name = 'old child {n}'"));
            new.run(&format!("UPDATE nodes SET parent_id = NULL WHERE name = 'new later {n}'"));
            new.gives(&format!("SELECT p.name FROM nodes c JOIN nodes p ON p.id = c.parent_id WHERE c.name = 'new child {n}'"), &format!("old later {n}"));
            old.gives(&format!("SELECT parent_id = id FROM nodes WHERE name = 'old child {n}'"), "t");
            old.gives(&format!("SELECT parent_id IS NULL FROM nodes WHERE name = 'new later {n}'"), "t");
            // What is gone through one shape is forgotten by the other.
            old.run(&format!("DELETE FROM nodes WHERE name = 'with old {n}'"));
            new.gives(&format!("SELECT parent_id IS NULL FROM nodes WHERE name = 'with old child {n}'"), "t");
            for client in [old, new] {
                client.refuses(&format!("DELETE FROM nodes WHERE name = 'old parent {n}'"), "23503");
            }
        },
        keys: &[("nodes", "id")],
    }
    .go();
}

#[test]
fn several_nullable_references_to_one_table_are_set_moved_and_cleared_through_either_shape() {
    Journey {
        name: "several",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE tasks (id serial PRIMARY KEY, title text UNIQUE, author_id int REFERENCES users, reviewer_id int REFERENCES users ON DELETE SET NULL, closer_id int REFERENCES users); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; \
             INSERT INTO tasks (title, author_id, reviewer_id, closer_id) SELECT 't' || n, n % 10 + 1, nullif(n % 4, 0), NULL FROM generate_series(1, 40) n;",
        convert: "{ table: users, to: uuid }; { table: tasks, to: uuid }",
        proof: "SELECT title, a.name, r.name, c.name FROM tasks LEFT JOIN users a ON a.id = author_id LEFT JOIN users r ON r.id = reviewer_id LEFT JOIN users c ON c.id = closer_id ORDER BY 1",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                let user = |name: &str| format!("(SELECT id FROM users WHERE name = '{name}')");
                client.run(&format!(
                    "INSERT INTO tasks (title, author_id, reviewer_id, closer_id) VALUES ('{who} {n}', {}, {}, NULL), ('{who} {n} empty', NULL, NULL, NULL), ('{who} {n} full', {}, {}, {})",
                    user("u1"), user("u2"), user("u3"), user("u4"), user("u5")
                ));
                other.run(&format!("UPDATE tasks SET author_id = NULL, reviewer_id = {}, closer_id = {} WHERE title = '{who} {n}'", user("u6"), user("u7")));
                client.gives(
                    &format!("SELECT coalesce(a.name, '-'), r.name, c.name FROM tasks LEFT JOIN users a ON a.id = author_id LEFT JOIN users r ON r.id = reviewer_id LEFT JOIN users c ON c.id = closer_id WHERE title = '{who} {n}'"),
                    "-|u6|u7",
                );
                client.run(&format!("UPDATE tasks SET author_id = closer_id, closer_id = author_id WHERE title = '{who} {n} full'"));
                other.gives(&format!("SELECT a.name FROM tasks JOIN users a ON a.id = author_id WHERE title = '{who} {n} full'"), "u5");
                other.run(&format!("UPDATE tasks SET author_id = {} WHERE title = '{who} {n} empty'", user("u8")));
                client.run(&format!("UPDATE tasks SET title = title || '!' WHERE title = '{who} {n} empty'"));
            }
        },
        keys: &[("users", "id"), ("tasks", "id")],
    }
    .go();
}

#[test]
fn a_key_that_changes_takes_its_references_along_in_both_shapes() {
    Journey {
        name: "key_update",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users ON UPDATE CASCADE, body text); \
             CREATE TABLE loose (user_id int REFERENCES users ON UPDATE SET NULL ON DELETE SET NULL, body text); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; \
             INSERT INTO notes (user_id, body) SELECT id, name FROM users;",
        convert: "{ table: users, to: uuid }",
        proof: "SELECT name, notes.body, loose.body FROM users LEFT JOIN notes ON notes.user_id = users.id LEFT JOIN loose ON loose.user_id = users.id ORDER BY 1, 2, 3",
        writes: &|old, new, n| {
            for who in ["old", "new"] {
                old.run(&format!(
                    "INSERT INTO users (name) VALUES ('{who} {n}'); INSERT INTO notes (user_id, body) SELECT id, 'n1' FROM users WHERE name = '{who} {n}'; \
                     INSERT INTO loose SELECT id, '{who} {n}' FROM users WHERE name = '{who} {n}'"
                ));
            }
            old.run(&format!("UPDATE users SET id = id + 5000 WHERE name = 'old {n}'"));
            new.run(&format!("UPDATE users SET id = gen_random_uuid() WHERE name = 'new {n}'"));
            for (client, who) in [(old, "new"), (new, "old"), (old, "old"), (new, "new")] {
                client.gives(
                    &format!("SELECT body FROM notes WHERE user_id = (SELECT id FROM users WHERE name = '{who} {n}')"),
                    "n1",
                );
                client.gives(&format!("SELECT user_id IS NULL FROM loose WHERE body = '{who} {n}'"), "t");
            }
        },
        keys: &[("users", "id")],
    }
    .go();
}
