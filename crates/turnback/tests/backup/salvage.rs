//! What was written after the backup is found, written down, and put back where nothing is in
//! the way.

use serde_json::Value;

use crate::world::World;

/// A shop that was restored: after the backup two users and an order came, one was changed and
/// one went; after the restore a user came who has the number of one of them.
fn restored(name: &str) -> Option<World> {
    let world = World::new(name, "")?;
    let id = world.backup(&[]);
    world.db.execute(
        "INSERT INTO users (email) VALUES ('it''s \"late\",\nreally'), (''); \
         INSERT INTO orders (user_id, total, note) VALUES (502, 9, '\\x00ff'); \
         UPDATE users SET email = 'changed' WHERE id = 1; UPDATE users SET email = 'changed too' WHERE id = 3; \
         DELETE FROM orders WHERE user_id = 2; DELETE FROM users WHERE id = 2; INSERT INTO nothing DEFAULT VALUES",
    );
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    // Clients go on in the restored one.
    world.db.execute("INSERT INTO users (email) VALUES ('new') RETURNING id; UPDATE users SET email = 'since' WHERE id = 3");
    Some(world)
}

fn tidy(world: &World) {
    let failed = world.databases(&format!("{}_failed_", world.db.name()));
    world
        .db
        .execute(&format!("DROP DATABASE {failed} WITH (FORCE)"));
}

fn found(world: &World, more: &[&str], code: i32) -> Value {
    let mut arguments = vec!["salvage", "--json"];
    arguments.extend(more);
    let ran = world.run(&arguments);
    assert_eq!(ran.code, code, "{ran:#?}");
    serde_json::from_str(&ran.out).expect("--json prints JSON")
}

fn counts(found: &Value, table: &str) -> Vec<u64> {
    let tables = found["tables"].as_array().expect("a list");
    let table = tables
        .iter()
        .find(|found| found["table"] == table)
        .expect("it was found");
    ["added", "changed", "deleted", "put_back", "conflicts"]
        .map(|name| table[name].as_u64().expect("a number"))
        .to_vec()
}

#[test]
fn what_was_written_after_the_backup_is_found_and_nothing_is_changed() {
    let Some(world) = restored("salvage_found") else {
        return;
    };
    let all = found(&world, &[], 0);
    // User 501 is another one now, user 3 was changed on both sides: both are conflicts.
    assert_eq!(counts(&all, "public.users"), [1, 3, 1, 0, 2]);
    assert_eq!(counts(&all, "public.orders"), [1, 0, 6, 0, 0]);
    let untold = all["not_compared"].to_string();
    assert!(
        untold.contains("public.nothing") && untold.contains("no primary key"),
        "{untold}"
    );
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "501");
    let only = found(&world, &["--tables", "orders"], 0);
    assert_eq!(only["tables"].as_array().map(Vec::len), Some(1));
    tidy(&world);
}

#[test]
fn what_was_added_goes_back_and_nothing_is_overwritten() {
    let Some(world) = restored("salvage_back") else {
        return;
    };
    let said = world.must(&["salvage", "--put-back", "--yes"], 6);
    assert!(said.contains("written since the restore"), "{said}");
    assert_eq!(
        world
            .db
            .execute("SELECT email FROM users WHERE id IN (1, 3, 501, 502) ORDER BY id"),
        "u1\nsince\nnew"
    );
    assert_eq!(
        world
            .db
            .execute("SELECT total, note FROM orders WHERE user_id = 502"),
        "9|\\x00ff"
    );
    // The next user gets a number that nobody has.
    world
        .db
        .execute("INSERT INTO users (email) VALUES ('next')");
    assert_eq!(world.db.execute("SELECT max(id) FROM users"), "503");
    // What is back is no difference any more; the rest goes where it is asked for.
    let more = found(
        &world,
        &["--put-back", "--changed", "--deleted", "--yes"],
        6,
    );
    let users = counts(&more, "public.users");
    // User 2 had orders when it was to go; these went, and then it did.
    assert_eq!((users[0], users[3]), (0, 2), "{more}");
    assert_eq!(
        world
            .db
            .execute("SELECT id, email FROM users WHERE id IN (1, 3, 501) ORDER BY id"),
        "1|changed\n3|since\n501|new"
    );
    assert_eq!(
        world.db.execute("SELECT count(*) FROM users WHERE id = 2"),
        "0"
    );
    tidy(&world);
}

#[test]
fn what_belongs_to_somebody_else_by_now_is_not_given_to_whoever_has_the_number() {
    let Some(world) = World::new("salvage_doubt", "") else {
        return;
    };
    world
        .db
        .execute("ALTER TABLE users ADD COLUMN boss_id int REFERENCES users");
    let id = world.backup(&[]);
    world.db.execute(
        "INSERT INTO users (email) VALUES ('late'); INSERT INTO orders (user_id, total) VALUES (501, 7), (9, 8); \
         INSERT INTO users (email, boss_id) VALUES ('later', 501), ('last', 502); UPDATE users SET boss_id = 501 WHERE id = 4",
    );
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    world
        .db
        .execute("INSERT INTO users (email) VALUES ('somebody else')");
    let back = found(&world, &["--put-back", "--changed", "--yes"], 6);
    assert_eq!(counts(&back, "public.orders"), [2, 0, 0, 1, 1], "{back:#}");
    assert_eq!(counts(&back, "public.users"), [2, 2, 0, 0, 4], "{back:#}");
    let reasons = back["tables"].to_string();
    assert!(
        reasons.contains("it refers to public.users (501), which is another row here"),
        "{reasons}"
    );
    assert_eq!(
        world.db.execute("SELECT count(*) FROM orders WHERE user_id = 501 UNION ALL SELECT count(*) FROM users WHERE boss_id = 501"),
        "0\n0"
    );
    // An order of somebody whom it is not asked about is left where it is as well.
    world
        .db
        .execute("UPDATE users SET email = 'since' WHERE id = 9; DELETE FROM orders WHERE total = 8 AND part IS NULL");
    let only = found(&world, &["--put-back", "--tables", "orders", "--yes"], 6);
    assert_eq!(counts(&only, "public.orders"), [2, 0, 0, 0, 2], "{only:#}");
    tidy(&world);
}

#[test]
fn what_was_found_is_written_as_sql_that_puts_it_back_and_as_values() {
    let Some(world) = restored("salvage_export") else {
        return;
    };
    let sql = world.path("found.sql");
    world.must(&["salvage", "--export", &sql.display().to_string()], 0);
    let csv = world.path("found.csv");
    world.must(&["salvage", "--export", &csv.display().to_string()], 0);
    let text = std::fs::read_to_string(&csv).expect("it is there");
    assert!(text.contains("table,what,key,id,email,at\n"), "{text}");
    assert!(text.contains("public.users,changed,1,1,changed,"), "{text}");
    assert!(text.contains("public.users,added,502,502,\"\","), "{text}");
    world.db.psql_file(&sql);
    assert_eq!(
        world
            .db
            .execute("SELECT count(*) FROM orders WHERE user_id = 502"),
        "1"
    );
    assert_eq!(
        world.db.execute("SELECT email FROM users WHERE id = 1"),
        "u1"
    );
    // A file that is there is not written over.
    world.must(&["salvage", "--export", &sql.display().to_string()], 2);
    tidy(&world);
}

#[test]
fn rows_are_found_through_a_key_that_a_phase_has_set_aside() {
    let Some(world) = World::new("salvage_aside", "") else {
        return;
    };
    let plan = std::fs::read_to_string(world.path("turnback.yaml")).expect("it is there");
    let before = plan.split("phases:").next().expect("it has one");
    std::fs::write(
        world.path("turnback.yaml"),
        format!("{before}phases:\n  - id: keys\n    operations:\n      - convert_key: {{ table: users, to: uuid }}\n"),
    )
    .expect("it can be written");
    let id = world.backup(&[]);
    world.must(&["up"], 0);
    world
        .db
        .execute("INSERT INTO users (email) VALUES ('late')");
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    world.must(&["salvage", "--put-back", "--yes"], 0);
    assert_eq!(
        world
            .db
            .execute("SELECT id FROM users WHERE email = 'late'"),
        "501"
    );
    tidy(&world);
}
