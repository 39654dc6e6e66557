//! Salvage where the two databases have keys in different shapes: what was written in one goes
//! back into the other, with all that refers to it.

use serde_json::Value;

use crate::world::World;

/// Tables that refer to themselves, to each other in a circle, by parts of their keys, and from
/// partitions. Together with those of the world, 500 users, each with an order.
const MORE: &str = "
ALTER TABLE users ADD COLUMN boss_id int REFERENCES users;
CREATE TABLE teams (id serial PRIMARY KEY, name text, owner_id int NOT NULL REFERENCES users);
ALTER TABLE users ADD COLUMN team_id int REFERENCES teams;
CREATE TABLE members (user_id int REFERENCES users, team_id int REFERENCES teams, role text, PRIMARY KEY (user_id, team_id));
CREATE TABLE visits (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, user_id int REFERENCES users, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
UPDATE users SET boss_id = 1 WHERE id BETWEEN 2 AND 10;
INSERT INTO teams (name, owner_id) VALUES ('first', 1), ('second', 2);
UPDATE users SET team_id = 1 WHERE id = 1;
INSERT INTO members VALUES (1, 1, 'lead'), (2, 1, NULL), (3, 2, NULL);
INSERT INTO visits (at, user_id) VALUES ('2026-02-02', 1), ('2027-02-02', 2);
DELETE FROM orders WHERE user_id > 400;
";

/// What is written through the new shape: Xenia and Yuri, whose boss is Xenia; her team, which she
/// owns; what hangs on them; one is changed, one goes.
const NEW_SHAPE: &str = "
WITH x AS (INSERT INTO users (email, boss_id) SELECT 'xenia', id FROM users WHERE email = 'u1' RETURNING id),
     y AS (INSERT INTO users (email, boss_id) SELECT 'yuri', id FROM x RETURNING id),
     t AS (INSERT INTO teams (name, owner_id) SELECT 'late', id FROM x RETURNING id),
     m AS (INSERT INTO members (user_id, team_id, role) SELECT x.id, t.id, 'lead' FROM x, t),
     n AS (INSERT INTO members (user_id, team_id, role) SELECT u.id, t.id, NULL FROM users u, t WHERE u.email = 'u5'),
     o AS (INSERT INTO orders (user_id, total) SELECT id, 7 FROM x UNION ALL SELECT NULL, 8)
INSERT INTO visits (at, user_id) SELECT d::date, x.id FROM x, unnest(ARRAY['2026-03-03', '2028-03-03']) d;
UPDATE users SET team_id = (SELECT id FROM teams WHERE name = 'late') WHERE email = 'xenia';
UPDATE users SET email = 'u6 later' WHERE email = 'u6';
UPDATE users SET email = 'u7 later' WHERE email = 'u7';
DELETE FROM users WHERE email = 'u450';
";

/// What must be there once the new rows are back, whatever shape keys have.
const STORY: &str = "
SELECT x.email, b.email, t.name, o.email FROM users x JOIN users b ON b.id = x.boss_id JOIN teams t ON t.id = x.team_id
    JOIN users o ON o.id = t.owner_id WHERE x.email = 'xenia';
SELECT y.email, b.email, y.team_id IS NULL FROM users y JOIN users b ON b.id = y.boss_id WHERE y.email = 'yuri';
SELECT u.email, m.role FROM members m JOIN users u ON u.id = m.user_id JOIN teams t ON t.id = m.team_id WHERE t.name = 'late' ORDER BY 1;
SELECT o.total, u.email FROM orders o LEFT JOIN users u ON u.id = o.user_id WHERE o.total IN (7, 8) AND o.part IS NULL ORDER BY 1;
SELECT v.at, v.tableoid::regclass FROM visits v JOIN users u ON u.id = v.user_id WHERE u.email = 'xenia' ORDER BY 1;
";

const TOLD: &str = "xenia|u1|late|xenia\nyuri|xenia|t\nu5|\nxenia|lead\n7|xenia\n8|\n2026-03-03|visits_2026\n2028-03-03|visits_rest";

fn world(name: &str) -> Option<World> {
    let world = World::new(name, "")?;
    world.db.execute(MORE);
    let plan = std::fs::read_to_string(world.path("turnback.yaml")).expect("it is there");
    let before = plan.split("phases:").next().expect("it has one");
    let operations: String = ["users", "teams", "visits"]
        .map(|table| format!("      - convert_key: {{ table: {table}, column: id, to: uuid }}\n"))
        .concat();
    std::fs::write(
        world.path("turnback.yaml"),
        format!("{before}phases:\n  - id: keys\n    operations:\n{operations}"),
    )
    .expect("it can be written");
    Some(world)
}

/// A world that was restored to the old shape after its phase was contracted and written to.
fn contracted(name: &str) -> Option<World> {
    let world = world(name)?;
    let id = world.backup(&[]);
    world.must(&["up"], 0);
    world
        .db
        .execute("INSERT INTO users (email) VALUES ('both')");
    world.must(&["contract", "--yes"], 0);
    world.db.execute(NEW_SHAPE);
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    // Somebody writes to the restored one.
    world
        .db
        .execute("UPDATE users SET email = 'u7 since' WHERE id = 7");
    Some(world)
}

fn tidy(world: &World) {
    let failed = world.databases(&format!("{}_failed_", world.db.name()));
    for database in failed.split_whitespace() {
        world
            .db
            .execute(&format!("DROP DATABASE {database} WITH (FORCE)"));
    }
}

fn found(world: &World, more: &[&str], code: i32) -> Value {
    let mut arguments = vec!["salvage", "--json"];
    arguments.extend(more);
    let ran = world.run(&arguments);
    assert_eq!(ran.code, code, "{ran:#?}");
    serde_json::from_str(&ran.out).expect("--json prints JSON")
}

/// Added, changed, deleted, put back, conflicts; all 0 of a table in which nothing was found.
fn counts(found: &Value, table: &str) -> [u64; 5] {
    let tables = found["tables"].as_array().expect("a list");
    let table = tables.iter().find(|found| found["table"] == table);
    ["added", "changed", "deleted", "put_back", "conflicts"]
        .map(|name| table.map_or(0, |table| table[name].as_u64().expect("a number")))
}

/// Of a key, how many rows got one and how many have none yet.
fn keys(found: &Value, key: &str) -> [u64; 2] {
    let keys = found["keys"].as_array().expect("a list");
    let key = keys.iter().find(|one| one["key"] == key);
    let key = key.expect("it leads from one to the other");
    ["given", "without"].map(|name| key[name].as_u64().expect("a number"))
}

#[test]
fn rows_written_after_a_contract_are_found_and_nothing_is_changed() {
    let Some(world) = contracted("contracted_found") else {
        return;
    };
    let all = found(&world, &[], 0);
    // User 7 was changed on both sides.
    assert_eq!(counts(&all, "public.users"), [3, 2, 1, 0, 1], "{all:#}");
    assert_eq!(counts(&all, "public.teams"), [1, 0, 0, 0, 0]);
    assert_eq!(counts(&all, "public.members"), [2, 0, 0, 0, 0]);
    assert_eq!(counts(&all, "public.orders"), [2, 0, 0, 0, 0]);
    assert_eq!(counts(&all, "public.visits"), [2, 0, 0, 0, 0]);
    for (key, without) in [
        ("public.users.id", 2),
        ("public.teams.id", 1),
        ("public.visits.id", 2),
    ] {
        assert_eq!(keys(&all, key), [0, without], "{key}");
    }
    let untold = all["not_compared"].to_string();
    assert!(
        !untold.contains("users") && !untold.contains("visits"),
        "{untold}"
    );
    let words = world.must(&["salvage"], 0);
    assert!(words.contains("leads from new keys to old ones"), "{words}");
    assert!(words.contains("public.members.user_id"), "{words}");
    assert_eq!(
        world
            .db
            .execute("SELECT count(*), to_regnamespace('turnback') IS NULL FROM users"),
        "500|t"
    );
    tidy(&world);
}

#[test]
fn rows_written_after_a_contract_go_back_with_all_that_refers_to_them() {
    let Some(world) = contracted("contracted_back") else {
        return;
    };
    let csv = world.path("back.csv");
    let csv_name = csv.display().to_string();
    let back = found(&world, &["--put-back", "--yes", "--export", &csv_name], 6);
    assert_eq!(counts(&back, "public.users"), [3, 2, 1, 3, 1], "{back:#}");
    assert_eq!(counts(&back, "public.members"), [2, 0, 0, 2, 0], "{back:#}");
    assert_eq!(counts(&back, "public.visits"), [2, 0, 0, 2, 0], "{back:#}");
    assert_eq!(world.db.execute(STORY), TOLD);
    // A row from before the contract has the key that it had; links to all lead on.
    assert_eq!(
        world
            .db
            .execute("SELECT id FROM users WHERE email = 'both'"),
        "501"
    );
    let leads = "SELECT count(*), count(*) FILTER (WHERE k.given) FROM turnback.salvaged_key k JOIN users u ON u.id = k.old_key \
                 WHERE k.key = 'public.users.id'";
    assert_eq!(world.db.execute(leads), "503|2");
    let text = std::fs::read_to_string(&csv).expect("it is there");
    let xenia = world.db.execute(
        "SELECT 'public.users.id,' || k.new_key || ',' || u.id FROM turnback.salvaged_key k JOIN users u ON u.id = k.old_key \
         WHERE k.key = 'public.users.id' AND u.email = 'xenia'",
    );
    assert!(text.contains(&format!("{xenia}\n")), "{text}");
    assert!(text.contains(",replaced.id,"), "{text}");
    // Again is harmless, and the next rows get keys that nobody has.
    let again = found(&world, &["--put-back", "--yes"], 6);
    assert_eq!(counts(&again, "public.users"), [0, 2, 1, 0, 1], "{again:#}");
    assert_eq!(counts(&again, "public.visits"), [0; 5], "{again:#}");
    assert_eq!(keys(&again, "public.users.id"), [2, 0]);
    assert_eq!(world.db.execute(leads), "503|2");
    world.db.execute(
        "INSERT INTO users (email) VALUES ('next'); INSERT INTO teams (name, owner_id) VALUES ('next', 1); \
         INSERT INTO visits (at, user_id) VALUES ('2026-04-04', 1)",
    );
    assert_eq!(
        world
            .db
            .execute("SELECT count(*), count(DISTINCT id) FROM visits"),
        "5|5"
    );
    // Whatever the replaced database is called by now.
    let failed = world.databases(&format!("{}_failed_", world.db.name()));
    let renamed = format!("{failed}_renamed");
    world
        .db
        .execute(&format!("ALTER DATABASE {failed} RENAME TO {renamed}"));
    let again = found(&world, &["--put-back", "--yes", "--failed", &renamed], 6);
    assert_eq!(counts(&again, "public.users"), [0, 2, 1, 0, 1], "{again:#}");
    // The rest goes where it is asked for; what was written on both sides stays.
    let rest = found(
        &world,
        &[
            "--put-back",
            "--changed",
            "--deleted",
            "--yes",
            "--failed",
            &renamed,
        ],
        6,
    );
    assert_eq!(counts(&rest, "public.users"), [0, 2, 1, 2, 1], "{rest:#}");
    assert_eq!(
        world
            .db
            .execute("SELECT email FROM users WHERE id IN (6, 7, 450) ORDER BY id"),
        "u6 later\nu7 since"
    );
    assert_eq!(world.db.execute(STORY), TOLD);
    // The phase can be gone through once more.
    world.must(&["up"], 0);
    world.must(&["contract", "--yes"], 0);
    assert_eq!(world.db.execute(STORY), TOLD);
    tidy(&world);
}

#[test]
fn what_was_written_after_a_contract_is_written_as_sql_that_can_be_run_twice() {
    let Some(world) = contracted("contracted_sql") else {
        return;
    };
    let sql = world.path("found.sql");
    world.must(&["salvage", "--export", &sql.display().to_string()], 0);
    // A file goes line by line, so a circle needs foreign keys that can wait.
    world.db.execute("ALTER TABLE users ALTER CONSTRAINT users_team_id_fkey DEFERRABLE INITIALLY DEFERRED; \
                      ALTER TABLE users ALTER CONSTRAINT users_boss_id_fkey DEFERRABLE INITIALLY DEFERRED; \
                      ALTER TABLE teams ALTER CONSTRAINT teams_owner_id_fkey DEFERRABLE INITIALLY DEFERRED");
    let text = std::fs::read_to_string(&sql).expect("it is there");
    std::fs::write(&sql, format!("BEGIN;\n{text}COMMIT;\n{text}")).expect("it can be written");
    world.db.psql_file(&sql);
    assert_eq!(world.db.execute(STORY), TOLD);
    tidy(&world);
}

#[test]
fn without_its_key_archive_a_table_is_named_with_the_reason() {
    let Some(world) = world("contracted_archive") else {
        return;
    };
    let id = world.backup(&[]);
    world.must(&["up"], 0);
    world.must(&["contract", "--yes"], 0);
    let archive = "SELECT oid::regclass FROM pg_class WHERE relname LIKE 'keys_%teams__keys'";
    let archive = world.db.execute(archive);
    world.db.execute(&format!(
        "DROP TABLE {archive}; INSERT INTO orders (total) VALUES (7)"
    ));
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    let all = found(&world, &["--put-back", "--yes"], 0);
    let untold = all["not_compared"].as_array().expect("a list");
    for table in ["public.teams", "public.members", "public.users"] {
        let reason = untold.iter().find(|one| one["table"] == table);
        let reason = reason.expect("it is named")["reason"].to_string();
        assert!(
            reason.contains(&archive) && reason.contains("any more"),
            "{reason}"
        );
    }
    assert_eq!(counts(&all, "public.orders"), [1, 0, 0, 1, 0], "{all:#}");
    tidy(&world);
}

#[test]
fn rows_of_the_old_shape_go_back_into_a_database_that_has_the_new_one() {
    let Some(world) = world("contracted_forward") else {
        return;
    };
    let old = world.backup(&["--label", "old"]);
    world.must(&["up"], 0);
    world.must(&["contract", "--yes"], 0);
    let new = world.backup(&["--label", "new"]);
    world.must(&["restore", &old, "--swap", "--yes"], 0);
    world.db.execute(NEW_SHAPE);
    world.must(&["restore", &new, "--swap", "--yes"], 0);
    let back = found(&world, &["--put-back", "--yes"], 0);
    assert_eq!(counts(&back, "public.users"), [2, 2, 1, 2, 0], "{back:#}");
    assert_eq!(keys(&back, "public.users.id"), [2, 0]);
    assert_eq!(world.db.execute(STORY), TOLD);
    let again = found(
        &world,
        &["--put-back", "--changed", "--deleted", "--yes"],
        0,
    );
    assert_eq!(counts(&again, "public.users"), [0, 2, 1, 3, 0], "{again:#}");
    assert_eq!(world.db.execute(STORY), TOLD);
    tidy(&world);
}

#[test]
fn a_shape_that_both_still_have_is_what_they_are_compared_by() {
    let Some(world) = world("contracted_between") else {
        return;
    };
    world.must(&["up"], 0);
    let both = world.backup(&["--label", "both"]);
    // From the new shape alone into both.
    world.must(&["contract", "--yes"], 0);
    world.db.execute(NEW_SHAPE);
    world.must(&["restore", &both, "--swap", "--yes"], 0);
    let back = found(&world, &["--put-back", "--yes"], 0);
    assert_eq!(counts(&back, "public.users"), [2, 2, 1, 2, 0], "{back:#}");
    assert_eq!(back["keys"].as_array().map(Vec::len), Some(0));
    assert_eq!(world.db.execute(STORY), TOLD);
    // From the old shape alone, after a way back, into both. What was changed and deleted had
    // not been asked for.
    world.must(&["back", "--yes"], 5);
    assert_eq!(world.db.execute(STORY), TOLD);
    world.must(&["restore", &both, "--swap", "--again", "--yes"], 0);
    let back = found(&world, &["--put-back", "--yes"], 0);
    assert_eq!(counts(&back, "public.users"), [2, 0, 0, 2, 0], "{back:#}");
    assert_eq!(world.db.execute(STORY), TOLD);
    tidy(&world);
}
