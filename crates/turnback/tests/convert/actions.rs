//! What foreign keys do and refuse, through either shape, as on a table that was never touched.

use crate::journey::{Journey, Picture};
use crate::world::World;

#[test]
fn deletes_cascade_clear_and_are_refused_through_either_shape() {
    Journey {
        name: "actions",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE posts (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, title text); \
             CREATE TABLE likes (post_id int REFERENCES posts ON DELETE CASCADE, user_id int REFERENCES users ON DELETE SET NULL, label text); \
             CREATE TABLE bills (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE RESTRICT, label text); \
             CREATE TABLE logs (user_id int REFERENCES users, label text); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; INSERT INTO posts (user_id, title) SELECT id, name FROM users; \
             INSERT INTO likes SELECT id, user_id, title FROM posts;",
        convert: "{ table: users, to: uuid }; { table: posts, to: uuid }; { table: bills, to: uuid }",
        proof: "SELECT name, title, l.label, b.label FROM users LEFT JOIN posts p ON p.user_id = users.id LEFT JOIN likes l ON post_id = p.id LEFT JOIN bills b ON b.user_id = users.id ORDER BY 1, 2, 3, 4",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                let user = |name: &str| format!("(SELECT id FROM users WHERE name = '{name} {who} {n}')");
                other.run(&format!(
                    "INSERT INTO users (name) SELECT w || ' {who} {n}' FROM unnest(ARRAY['gone', 'liker', 'debtor', 'logged']) w; \
                     INSERT INTO posts (user_id, title) VALUES ({gone}, 'gone {who} {n}'), ({debtor}, 'stays {who} {n}'); \
                     INSERT INTO likes (post_id, user_id, label) SELECT posts.id, {liker}, title FROM posts WHERE title IN ('gone {who} {n}', 'stays {who} {n}'); \
                     INSERT INTO bills (user_id, label) VALUES ({debtor}, 'bill'); INSERT INTO logs (user_id, label) VALUES ({logged}, 'log {who} {n}')",
                    gone = user("gone"), liker = user("liker"), debtor = user("debtor"), logged = user("logged")
                ));
                client.run(&format!("DELETE FROM users WHERE name = 'gone {who} {n}'"));
                for both in [client, other] {
                    both.gives(&format!("SELECT title FROM posts WHERE title LIKE '%{who} {n}'"), &format!("stays {who} {n}"));
                    both.gives(&format!("SELECT label, user_id IS NULL FROM likes WHERE label LIKE '%{who} {n}'"), &format!("stays {who} {n}|f"));
                }
                client.run(&format!("DELETE FROM users WHERE name = 'liker {who} {n}'"));
                other.gives(&format!("SELECT user_id IS NULL FROM likes WHERE label LIKE '%{who} {n}'"), "t");
                client.refuses(&format!("DELETE FROM users WHERE name = 'debtor {who} {n}'"), "23503");
                client.refuses(&format!("DELETE FROM users WHERE name = 'logged {who} {n}'"), "23503");
                client.refuses(&format!("UPDATE posts SET user_id = NULL WHERE title = 'stays {who} {n}'"), "23502");
                client.refuses("INSERT INTO posts (title) VALUES ('of nobody')", "23502");
            }
            old.refuses("INSERT INTO posts (user_id, title) VALUES (999999, 'of a missing user')", "23503");
            old.refuses("UPDATE likes SET user_id = 999999", "23503");
            new.refuses("INSERT INTO posts (user_id, title) VALUES (gen_random_uuid(), 'of a missing user')", "23503");
            new.refuses("UPDATE likes SET user_id = gen_random_uuid()", "23503");
            old.refuses("INSERT INTO users (id, name) SELECT id, 'twice' FROM users LIMIT 1", "23505");
            new.refuses("INSERT INTO users (id, name) SELECT id, 'twice' FROM users LIMIT 1", "23505");
            old.gives("SELECT count(*) FROM turnback.promise", "0");
            new.run("DELETE FROM logs");
        },
        keys: &[("users", "id"), ("posts", "id"), ("bills", "id")],
    }
    .go();
}

#[test]
fn foreign_keys_of_one_column_take_their_turns_as_they_did() {
    // The cascade is the elder, whatever their names: it leaves nothing for the other to refuse.
    Journey {
        name: "turns",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE posts (id serial PRIMARY KEY, user_id int, title text); \
             ALTER TABLE posts ADD CONSTRAINT z_first FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE; \
             ALTER TABLE posts ADD CONSTRAINT a_second FOREIGN KEY (user_id) REFERENCES users ON DELETE RESTRICT; \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 3) n; INSERT INTO posts (user_id, title) SELECT id, name FROM users;",
        convert: "{ table: users, to: uuid }; { table: posts, to: uuid }",
        proof: "SELECT name, title FROM users LEFT JOIN posts ON user_id = users.id ORDER BY 1, 2",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                let name = format!("goes {who} {n}");
                other.run(&format!(
                    "INSERT INTO users (name) VALUES ('{name}'); \
                     INSERT INTO posts (user_id, title) SELECT id, name FROM users WHERE name = '{name}'"
                ));
                client.run(&format!("DELETE FROM users WHERE name = '{name}'"));
                for both in [client, other] {
                    both.gives(&format!("SELECT count(*) FROM posts WHERE title = '{name}'"), "0");
                }
            }
        },
        keys: &[("users", "id"), ("posts", "id")],
    }
    .go();
}

#[test]
fn writes_that_contradict_each_other_are_refused_and_those_that_agree_are_taken() {
    let world = crate::world::World::new(
        "contradiction",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE notes (user_id int REFERENCES users, body text); \
         INSERT INTO users (name) VALUES ('a'), ('b'); INSERT INTO notes VALUES (1, 'n');",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    let both = |old: &str, new: &str| {
        let client = world.through("public");
        for sql in [
            format!(
                "INSERT INTO notes (user_id, user_id_turnback_{new}) SELECT a.{old}, b.{} FROM users a, users b WHERE a.name = 'a' AND b.name = 'b'",
                if new == "new" {
                    "id_turnback_new"
                } else {
                    "id_turnback_old"
                }
            ),
            format!(
                "UPDATE notes SET user_id = (SELECT id FROM users WHERE name = 'b'), user_id_turnback_{new} = NULL"
            ),
        ] {
            let answer = client.state(&sql);
            assert!(
                answer.starts_with("23000 turnback: public.notes.user_id")
                    && answer.ends_with("were both written and do not name the same row"),
                "{answer}\n{sql}"
            );
        }
        client.run(&format!(
            "INSERT INTO notes (user_id, user_id_turnback_{new}, body) SELECT id, id_turnback_{new}, 'agreed' FROM users WHERE name = 'b'"
        ));
    };
    world.expand("p");
    both("id", "new");
    world.up();
    both("id", "old");
    assert_eq!(
        world.sql("SELECT count(*) FROM notes JOIN users ON id = user_id WHERE body = 'agreed' AND name = 'b'"),
        "2"
    );
}

#[test]
fn a_new_key_that_changes_after_the_way_back_takes_its_references_along_as_its_foreign_keys_did() {
    let world = World::new(
        "kept_actions",
        "CREATE TABLE users (id serial PRIMARY KEY, tenant int NOT NULL DEFAULT 1, name text UNIQUE, boss int REFERENCES users ON UPDATE CASCADE, UNIQUE (tenant, id)); \
         CREATE TABLE posts (user_id int REFERENCES users ON UPDATE CASCADE, label text); \
         CREATE TABLE likes (user_id int REFERENCES users ON UPDATE SET NULL, label text); \
         CREATE TABLE bills (user_id int REFERENCES users, label text); \
         CREATE TABLE seats (tenant int NOT NULL, user_id int NOT NULL, label text, FOREIGN KEY (tenant, user_id) REFERENCES users (tenant, id) ON UPDATE CASCADE); \
         INSERT INTO users (name) VALUES ('ann'), ('bea'); UPDATE users SET boss = 1; \
         INSERT INTO posts VALUES (1, 'post'); INSERT INTO likes VALUES (1, 'like'); INSERT INTO bills VALUES (2, 'bill'); INSERT INTO seats VALUES (1, 1, 'seat');",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    let before = Picture::take(&world).schema;
    let proof = "SELECT u.name, b.name, u.tenant, p.label, l.label, s.label FROM users u JOIN users b ON b.id = u.boss \
         LEFT JOIN posts p ON p.user_id = u.id LEFT JOIN likes l ON l.user_id = u.id LEFT JOIN seats s ON s.user_id = u.id AND s.tenant = u.tenant ORDER BY 1";
    world.up();
    world.must(&["back", "--keep-new-shape", "--yes"], 5);
    let (old, new) = (
        world.through("public"),
        world.through("public_p, public_base, public"),
    );
    new.run("UPDATE users SET id = gen_random_uuid() WHERE name = 'ann'");
    for shape in [&old, &new] {
        shape.gives(proof, "ann|ann|1|post||seat\nbea|ann|1|||");
    }
    // Both halves of one reference at once.
    new.run("UPDATE users SET id = gen_random_uuid(), tenant = 2 WHERE name = 'ann'");
    for shape in [&old, &new] {
        shape.gives(proof, "ann|ann|2|post||seat\nbea|ann|1|||");
    }
    new.refuses(
        "UPDATE users SET id = gen_random_uuid() WHERE name = 'bea'",
        "23503",
    );
    world.must(&["back", "--yes"], 5);
    old.gives(proof, "ann|ann|2|post||seat\nbea|ann|1|||");
    assert_eq!(before, Picture::take(&world).schema);
}
