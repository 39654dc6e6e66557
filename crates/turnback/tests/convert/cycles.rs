//! Tables that refer to each other, and references written before the row they name.

use crate::journey::Journey;

#[test]
fn a_cycle_of_deferred_references_that_must_be_there_is_written_in_any_order() {
    Journey {
        name: "cycle",
        schema: "CREATE TABLE teams (id serial PRIMARY KEY, name text UNIQUE, captain_id int NOT NULL); \
             CREATE TABLE players (id serial PRIMARY KEY, name text UNIQUE, team_id int NOT NULL REFERENCES teams DEFERRABLE INITIALLY DEFERRED); \
             ALTER TABLE teams ADD FOREIGN KEY (captain_id) REFERENCES players DEFERRABLE INITIALLY DEFERRED; \
             INSERT INTO teams (name, captain_id) SELECT 't' || n, n FROM generate_series(1, 20) n; \
             INSERT INTO players (name, team_id) SELECT 'p' || n, n FROM generate_series(1, 20) n;",
        convert: "{ table: teams, to: uuid }; { table: players, to: uuid }",
        proof: "SELECT t.name, c.name, p.name FROM teams t JOIN players c ON c.id = captain_id LEFT JOIN players p ON p.team_id = t.id ORDER BY 1, 2, 3",
        writes: &|old, new, n| {
            let id = |i: u32| 1000 * n + i;
            let uuid = |i: u32| format!("'00000000-0000-4000-8000-{:012}'", 1000 * n + i);
            // The team first, whose captain is not there yet; then the captain.
            old.run(&format!(
                "INSERT INTO teams (id, name, captain_id) VALUES ({t}, 'old {n}', {p}); INSERT INTO players (id, name, team_id) VALUES ({p}, 'old {n}', {t})",
                t = id(1), p = id(2)
            ));
            new.run(&format!(
                "INSERT INTO teams (id, name, captain_id) VALUES ({t}, 'new {n}', {p}); INSERT INTO players (id, name, team_id) VALUES ({p}, 'new {n}', {t})",
                t = uuid(1), p = uuid(2)
            ));
            // The captain first, and several who name the same team that is not there yet.
            old.run(&format!(
                "INSERT INTO players (id, name, team_id) VALUES ({p}, 'old b{n}', {t}), ({q}, 'old c{n}', {t}); INSERT INTO teams (id, name, captain_id) VALUES ({t}, 'old b{n}', {q})",
                t = id(3), p = id(4), q = id(5)
            ));
            new.run(&format!(
                "INSERT INTO players (id, name, team_id) VALUES ({p}, 'new b{n}', {t}), ({q}, 'new c{n}', {t}); INSERT INTO teams (id, name, captain_id) VALUES ({t}, 'new b{n}', {q})",
                t = uuid(3), p = uuid(4), q = uuid(5)
            ));
            // Moved to a captain who comes only then.
            old.run(&format!(
                "UPDATE teams SET captain_id = {p} WHERE name = 'new {n}'; INSERT INTO players (id, name, team_id) SELECT {p}, 'old late {n}', id FROM teams WHERE name = 'new {n}'",
                p = id(6)
            ));
            new.run(&format!(
                "UPDATE teams SET captain_id = {p} WHERE name = 'old {n}'; INSERT INTO players (id, name, team_id) SELECT {p}, 'new late {n}', id FROM teams WHERE name = 'old {n}'",
                p = uuid(6)
            ));
            for client in [old, new] {
                client.gives(&format!("SELECT c.name FROM teams t JOIN players c ON c.id = captain_id WHERE t.name = 'new {n}'"), &format!("old late {n}"));
                client.gives(&format!("SELECT c.name FROM teams t JOIN players c ON c.id = captain_id WHERE t.name = 'old b{n}'"), &format!("old c{n}"));
                client.gives(&format!("SELECT count(*) FROM teams t JOIN players p ON p.team_id = t.id WHERE t.name = 'new b{n}'"), "2");
            }
            // A row that never comes: refused at the end, and the promise is forgotten with it.
            old.refuses(&format!("UPDATE teams SET captain_id = 999999 WHERE name = 'old {n}'"), "23503");
            new.refuses(&format!("UPDATE teams SET captain_id = gen_random_uuid() WHERE name = 'old {n}'"), "23503");
            old.gives("SELECT count(*) FROM turnback.promise", "0");
        },
        keys: &[("teams", "id"), ("players", "id")],
    }
    .go();
}

#[test]
fn a_cycle_of_nullable_references_is_converted_and_comes_back() {
    Journey {
        name: "nullable_cycle",
        schema: "CREATE TABLE accounts (id serial PRIMARY KEY, name text, main_card_id int); \
             CREATE TABLE cards (id serial PRIMARY KEY, account_id int REFERENCES accounts ON DELETE CASCADE, number text); \
             CREATE TABLE shops (id serial PRIMARY KEY, card_id int REFERENCES cards, account_id int REFERENCES accounts); \
             ALTER TABLE accounts ADD FOREIGN KEY (main_card_id) REFERENCES cards ON DELETE SET NULL; \
             INSERT INTO accounts (name) SELECT 'a' || n FROM generate_series(1, 20) n; INSERT INTO cards (account_id, number) SELECT id, name FROM accounts; \
             UPDATE accounts SET main_card_id = id WHERE id % 2 = 0; INSERT INTO shops (card_id, account_id) SELECT id, account_id FROM cards WHERE id < 5;",
        convert: "{ table: accounts, to: uuid }; { table: cards, to: uuid }; { table: shops, to: uuid }",
        proof: "SELECT a.name, m.number, c.number, count(shops.id) FROM accounts a LEFT JOIN cards m ON m.id = main_card_id LEFT JOIN cards c ON c.account_id = a.id LEFT JOIN shops ON shops.card_id = c.id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!(
                    "INSERT INTO accounts (name) VALUES ('{who} {n}'); INSERT INTO cards (account_id, number) SELECT id, '{who} {n}' FROM accounts WHERE name = '{who} {n}'; \
                     UPDATE accounts SET main_card_id = cards.id FROM cards WHERE number = '{who} {n}' AND name = '{who} {n}'"
                ));
                other.gives(&format!("SELECT number FROM cards JOIN accounts ON main_card_id = cards.id WHERE name = '{who} {n}'"), &format!("{who} {n}"));
                other.run(&format!("DELETE FROM cards WHERE number = '{who} {n}'"));
                client.gives(&format!("SELECT main_card_id IS NULL FROM accounts WHERE name = '{who} {n}'"), "t");
            }
        },
        keys: &[("accounts", "id"), ("cards", "id"), ("shops", "id")],
    }
    .go();
}

#[test]
fn promises_are_kept_through_the_tables_own_triggers_and_forgotten_with_a_savepoint() {
    Journey {
        name: "promises",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users DEFERRABLE INITIALLY DEFERRED, seen int NOT NULL DEFAULT 0); \
             CREATE TABLE pictures (profile_id int REFERENCES profiles DEFERRABLE INITIALLY DEFERRED, file text); \
             CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.seen := NEW.seen + 1; RETURN NEW; END $$; \
             CREATE TRIGGER seen BEFORE INSERT OR UPDATE ON profiles FOR EACH ROW EXECUTE FUNCTION seen(); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 5) n; INSERT INTO profiles (user_id) SELECT id FROM users;",
        convert: "{ table: users, to: uuid }",
        proof: "SELECT name, seen, file FROM users LEFT JOIN profiles ON user_id = id LEFT JOIN pictures ON profile_id = user_id ORDER BY 1, 3",
        writes: &|old, new, n| {
            let (id, uuid) = (1000 * n, format!("'00000000-0000-4000-8000-{:012}'", 1000 * n));
            // Grandchild, child, parent.
            old.run(&format!("INSERT INTO pictures (profile_id, file) VALUES ({id}, 'a{n}'); INSERT INTO profiles (user_id) VALUES ({id}); INSERT INTO users (id, name) VALUES ({id}, 'old {n}')"));
            new.run(&format!("INSERT INTO pictures (profile_id, file) VALUES ({uuid}, 'b{n}'); INSERT INTO profiles (user_id) VALUES ({uuid}); INSERT INTO users (id, name) VALUES ({uuid}, 'new {n}')"));
            let other_uuid = uuid.replace("8000-0", "8000-1");
            for (client, key) in [(old, (id + 1).to_string()), (new, other_uuid)] {
                client.gives(&format!("SELECT name, seen FROM pictures JOIN profiles ON user_id = profile_id JOIN users ON id = user_id WHERE file IN ('a{n}', 'b{n}') ORDER BY 1"), &format!("new {n}|1\nold {n}|1"));
                client.run(&format!("UPDATE profiles SET seen = 0 WHERE user_id = (SELECT id FROM users WHERE name = 'old {n}')"));
                // A promise made under a savepoint is forgotten with it, and made anew.
                client.run(&format!(
                    "BEGIN; SAVEPOINT s; INSERT INTO profiles (user_id) VALUES ({key}); ROLLBACK TO s; \
                     INSERT INTO profiles (user_id) VALUES ({key}); INSERT INTO users (id, name) VALUES ({key}, 'after ' || {key}); COMMIT"
                ));
            }
            old.gives("SELECT count(*) FROM turnback.promise", "0");
        },
        keys: &[("users", "id")],
    }
    .go();
}

#[test]
fn a_reference_of_several_columns_that_is_all_or_nothing_is_set_and_cleared_as_one() {
    Journey {
        name: "match_full",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE rooms (id serial PRIMARY KEY, topic text); \
             CREATE TABLE members (user_id int REFERENCES users ON DELETE CASCADE, room_id int REFERENCES rooms, PRIMARY KEY (user_id, room_id)); \
             CREATE TABLE marks (mark text, user_id int, room_id int, FOREIGN KEY (user_id, room_id) REFERENCES members MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE); \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 5) n; INSERT INTO rooms (topic) SELECT 'r' || n FROM generate_series(1, 5) n; \
             INSERT INTO members SELECT users.id, rooms.id FROM users, rooms; INSERT INTO marks SELECT 'seed', user_id, room_id FROM members;",
        convert: "{ table: users, to: uuid }; { table: rooms, to: uuid }",
        proof: "SELECT mark, name, topic FROM marks LEFT JOIN members USING (user_id, room_id) LEFT JOIN users ON users.id = user_id LEFT JOIN rooms ON rooms.id = room_id ORDER BY 1, 2, 3",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!(
                    "INSERT INTO users (name) VALUES ('{who} {n}'); INSERT INTO members (user_id, room_id) SELECT users.id, rooms.id FROM users, rooms WHERE name = '{who} {n}' AND topic IN ('r1', 'r2'); \
                     INSERT INTO marks (mark, user_id, room_id) SELECT '{who} {n} ' || topic, user_id, room_id FROM members JOIN users ON users.id = user_id JOIN rooms ON rooms.id = room_id WHERE name = '{who} {n}'; \
                     INSERT INTO marks (mark) VALUES ('{who} {n} none')"
                ));
                other.run(&format!("DELETE FROM members WHERE user_id = (SELECT id FROM users WHERE name = '{who} {n}') AND room_id = (SELECT id FROM rooms WHERE topic = 'r1')"));
                client.gives(&format!("SELECT user_id IS NULL AND room_id IS NULL FROM marks WHERE mark = '{who} {n} r1'"), "t");
                other.run(&format!("UPDATE marks SET (user_id, room_id) = (SELECT user_id, room_id FROM marks WHERE mark = '{who} {n} r2') WHERE mark = '{who} {n} none'"));
                client.refuses(&format!("UPDATE marks SET user_id = NULL WHERE mark = '{who} {n} r2'"), "23503");
                client.run(&format!("DELETE FROM users WHERE name = '{who} {n}'"));
                other.gives(&format!("SELECT count(*) FROM marks WHERE mark LIKE '{who} {n}%' AND user_id IS NULL AND room_id IS NULL"), "3");
            }
        },
        keys: &[("users", "id"), ("rooms", "id")],
    }
    .go();
}
