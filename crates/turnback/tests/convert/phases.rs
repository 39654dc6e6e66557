//! Several phases over the same tables; what is possible after contract; what `status` says.

use crate::journey::{Picture, no_trace, outline};
use crate::world::World;

const SCHEMA: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); CREATE TABLE rooms (id serial PRIMARY KEY, topic text UNIQUE); \
     CREATE TABLE members (user_id int REFERENCES users ON DELETE CASCADE, room_id int REFERENCES rooms, note text, PRIMARY KEY (user_id, room_id)); \
     CREATE TABLE marks (id serial PRIMARY KEY, user_id int NOT NULL, room_id int NOT NULL, mark text, FOREIGN KEY (user_id, room_id) REFERENCES members ON DELETE CASCADE); \
     INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; INSERT INTO rooms (topic) SELECT 'r' || n FROM generate_series(1, 10) n; \
     INSERT INTO members SELECT users.id, rooms.id, 'seed' FROM users, rooms; INSERT INTO marks (user_id, room_id, mark) SELECT user_id, room_id, 'seed' FROM members;";

const PHASES: &str = "  - id: p1\n    operations:\n      - convert_key: { table: users, to: uuid }\n\
     \x20 - id: p2\n    operations:\n      - convert_key: { table: rooms, to: uuid }\n      - convert_key: { table: marks, to: uuid }\n";

const PROOF: &str = "SELECT name, topic, note, mark FROM members JOIN users ON users.id = user_id JOIN rooms ON rooms.id = room_id LEFT JOIN marks USING (user_id, room_id) WHERE note <> 'seed' ORDER BY 1, 2, 3, 4";

/// Every shape writes, every shape reads what all have written.
fn write(world: &World, paths: &[&str], stop: &str) {
    for (n, path) in paths.iter().enumerate() {
        let who = format!("{stop} {n}");
        let client = world.through(path);
        client.run(&format!(
            "INSERT INTO users (name) VALUES ('{who}'); INSERT INTO rooms (topic) VALUES ('{who}'); \
             INSERT INTO members (user_id, room_id, note) SELECT users.id, rooms.id, 'm' FROM users, rooms WHERE name = '{who}' AND topic IN ('{who}', 'r1'); \
             INSERT INTO marks (user_id, room_id, mark) SELECT user_id, room_id, 'k' FROM members WHERE note = 'm' AND user_id = (SELECT id FROM users WHERE name = '{who}'); \
             INSERT INTO members (user_id, room_id, note) SELECT users.id, rooms.id, 'n' FROM users, rooms WHERE name = '{who}' AND topic = 'r1' \
                 ON CONFLICT (user_id, room_id) DO UPDATE SET note = members.note || ' again'; \
             INSERT INTO members (user_id, room_id, note) SELECT users.id, rooms.id, 'moves' FROM users, rooms WHERE name = '{who}' AND topic = 'r2'; \
             UPDATE members SET room_id = (SELECT id FROM rooms WHERE topic = 'r3'), note = 'moved' WHERE note = 'moves'"
        ));
    }
    let all = world.through(paths[0]).run(PROOF);
    assert!(all.contains(&format!("{stop} 0|r1|m again|k")), "{all}");
    for path in paths {
        world.through(path).gives(PROOF, &all);
    }
}

const BASE: &str = "public_base, public";
const FIRST: &str = "public_p1, public";
const SECOND: &str = "public_p2, public";

#[test]
fn two_phases_over_the_same_tables_keep_three_shapes_alive_and_turn_back_one_by_one() {
    let world = World::new("two_phases", SCHEMA, PHASES);
    let before = Picture::take(&world);
    let outline_before = outline(&world);
    world.must(&["up", "--to", "p1"], 0);
    write(&world, &[BASE, FIRST, "public"], "one");
    let between = Picture::take(&world);
    world.expand("p2");
    write(&world, &[BASE, FIRST, SECOND, "public"], "one and a half");
    world.up();
    write(&world, &[BASE, FIRST, SECOND, "public"], "two");
    world.must(&["back", "--yes"], 5);
    let after = Picture::take(&world);
    assert_eq!(
        between.schema, after.schema,
        "after the second phase's way back"
    );
    write(&world, &[BASE, FIRST, "public"], "one again");
    world.up();
    write(&world, &[BASE, FIRST, SECOND, "public"], "two again");
    let kept = world.sql(PROOF);
    world.back();
    let after = Picture::take(&world);
    assert_eq!(before.schema, after.schema, "after the whole way back");
    assert!(before.rows.is_subset(&after.rows));
    assert_eq!(world.sql(PROOF), kept);

    world.up();
    let users = world.sql("SELECT count(*) FROM users");
    world.must(&["contract", "--to", "p1", "--yes"], 0);
    write(&world, &[FIRST, SECOND, "public"], "one contracted");
    world.contract();
    no_trace(&world);
    assert_eq!(outline_before, outline(&world));
    assert_eq!(
        world.sql("SELECT count(*) FROM users JOIN turnback.keys_public_users__p1 ON new_key = id"),
        users
    );
}

#[test]
fn a_phase_turns_back_after_the_one_before_it_was_contracted() {
    let world = World::new("contract_then_back", SCHEMA, PHASES);
    world.up();
    world.must(&["contract", "--to", "p1", "--yes"], 0);
    write(&world, &[FIRST, SECOND, "public"], "one");
    let kept = world.sql(PROOF);
    world.must(&["back", "--yes"], 5);
    assert_eq!(world.sql(PROOF), kept);
    no_trace(&world);
    let said = world.must(&["back", "--yes"], 6);
    assert!(
        said.contains("contracted") && said.contains("keys_"),
        "{said}"
    );
    // And forward again.
    world.up();
    write(&world, &[BASE, SECOND, "public"], "two");
    world.contract();
    no_trace(&world);
}

#[test]
fn phases_of_different_schemas_leave_no_version_schema_behind() {
    let world = World::new(
        "two_schemas",
        "CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.a (id serial PRIMARY KEY, t text); CREATE TABLE two.b (id serial PRIMARY KEY, a_id int REFERENCES one.a); \
         CREATE TABLE two.c (id serial PRIMARY KEY); INSERT INTO one.a (t) VALUES ('x'); INSERT INTO two.b (a_id) VALUES (1); INSERT INTO two.c DEFAULT VALUES;",
        "  - id: p1\n    operations:\n      - convert_key: { table: one.a, to: uuid }\n\
         \x20 - id: p2\n    operations:\n      - convert_key: { table: two.c, to: uuid }\n\
         \x20 - id: p3\n    operations:\n      - convert_key: { table: two.b, to: uuid }\n",
    );
    let before = world.db.dump(&["turnback"]);
    world.up();
    world.back();
    assert_eq!(before, world.db.dump(&["turnback"]));
    world.up();
    for phase in ["p1", "p2", "p3"] {
        world.must(&["contract", "--to", phase, "--yes"], 0);
    }
    no_trace(&world);
}

#[test]
fn the_new_shape_can_be_kept_open_while_public_shows_the_old_one() {
    let world = World::new("keep_new", SCHEMA, PHASES);
    let before = Picture::take(&world);
    world.must(&["up", "--to", "p1"], 0);
    world.must(&["back", "--keep-new-shape", "--yes"], 5);
    write(&world, &["public", FIRST, BASE], "kept");
    world.must(&["back", "--yes"], 5);
    let after = Picture::take(&world);
    assert_eq!(before.schema, after.schema);
    assert!(before.rows.is_subset(&after.rows));
}

#[test]
fn back_names_what_clients_of_a_kept_version_lose_with_the_phases_before_it() {
    let world = World::new("kept_over_phases", SCHEMA, PHASES);
    world.up();
    let said = world.must(&["back", "--scope", "all", "--keep-new-shape", "--yes"], 5);
    assert!(
        said.contains("Clients of the version of p2 see public.users in the old shape again"),
        "{said}"
    );
    let types = "SELECT pg_typeof(u.id), pg_typeof(r.id) FROM users u, rooms r LIMIT 1";
    world.through(SECOND).gives(types, "integer|uuid");
    world.through(FIRST).gives(types, "uuid|integer");
    world.must(&["back", "--scope", "all", "--yes"], 5);
    no_trace(&world);
}

#[test]
fn back_says_what_is_possible_and_contract_has_nothing_to_do_before_the_first_phase() {
    let world = World::new("nothing_yet", SCHEMA, PHASES);
    let before = world.db.dump(&["turnback"]);
    for command in ["contract", "back"] {
        let ran = world.run(&[command, "--yes"]);
        assert!(
            matches!(ran.code, 0 | 2) && ran.said.contains("nothing"),
            "{command}: {} {}",
            ran.code,
            ran.said
        );
    }
    world.must(&["back"], 2);
    world.must(&["contract"], 2);
    world.must(&["back", "--scope", "nowhere", "--yes"], 2);
    world.must(&["up", "--to", "nowhere"], 2);
    assert_eq!(before, world.db.dump(&["turnback"]));
}

#[test]
fn status_tells_where_every_phase_stands() {
    let world = World::new("status", SCHEMA, PHASES);
    let states = || -> Vec<String> {
        let said = world.must(&["status", "--json"], 0);
        let status: serde_json::Value = serde_json::from_str(&said).expect("status is JSON");
        let phases = status["phases"].as_array().expect("it lists the phases");
        phases
            .iter()
            .map(|phase| format!("{} {}", phase["phase"], phase["state"]).replace('"', ""))
            .collect()
    };
    assert_eq!(states(), ["p1 pending", "p2 pending"]);
    world.must(&["up", "--to", "p1"], 0);
    assert_eq!(states(), ["p1 cut_over", "p2 pending"]);
    world.expand("p2");
    assert_eq!(states(), ["p1 cut_over", "p2 expanded"]);
    world.must(&["contract", "--to", "p1", "--yes"], 0);
    assert_eq!(states(), ["p1 contracted", "p2 expanded"]);
    world.must(&["back", "--yes"], 5);
    assert_eq!(states(), ["p1 contracted", "p2 pending"]);
    let said = world.must(&["status"], 0);
    assert!(said.contains("p1") && !said.contains("postgres@"), "{said}");
}
