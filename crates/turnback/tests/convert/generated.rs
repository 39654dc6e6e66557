//! How new keys are made.

use crate::world::World;

const SCHEMA: &str = "CREATE TABLE events (id serial PRIMARY KEY, created_at timestamptz, note text); \
     INSERT INTO events (created_at, note) SELECT timestamptz '2020-01-01' + n * interval '1 hour 0.001234 s', 'seed' FROM generate_series(1, 50) n; \
     INSERT INTO events (created_at, note) VALUES (NULL, 'none'), ('infinity', 'never'), ('-infinity', 'always'), ('1900-01-01', 'early');";

fn world(name: &str, options: &str) -> World {
    let world = World::new(
        name,
        SCHEMA,
        &format!(
            "  - id: p\n    operations:\n      - convert_key: {{ table: events, to: uuid, {options} }}\n"
        ),
    );
    world.up();
    world
}

/// Version and variant, whatever made the key.
fn versions(world: &World) -> String {
    world.sql("INSERT INTO events (note) SELECT 'later' FROM generate_series(1, 20)");
    world.sql(
        "SELECT DISTINCT substr(id::text, 15, 1) || (substr(id::text, 20, 1) IN ('8', '9', 'a', 'b')) FROM events",
    )
}

#[test]
fn v4_keys_are_random() {
    assert_eq!(versions(&world("v4", "generate: v4")), "4true");
}

#[test]
fn v7_keys_are_in_the_order_of_their_making() {
    let world = world("v7", "generate: v7");
    assert_eq!(versions(&world), "7true");
    for note in ["a", "b", "c"] {
        // Each in a transaction of its own, so at least a millisecond apart on any machine
        // that has to start a client in between.
        world.sql(&format!("INSERT INTO events (note) VALUES ('{note}')"));
    }
    assert_eq!(
        world.sql("SELECT string_agg(note, '' ORDER BY id) FROM events WHERE length(note) = 1"),
        "abc"
    );
}

#[test]
fn v7_keys_take_the_milliseconds_of_a_column() {
    let world = world("v7_from", "generate: v7, v7_from: created_at");
    assert_eq!(versions(&world), "7true");
    assert_eq!(
        world.sql(
            "SELECT count(*) FROM events WHERE note = 'seed' AND \
             ('x' || lpad(substr(replace(id::text, '-', ''), 1, 12), 16, '0'))::bit(64)::bigint = floor(extract(epoch FROM created_at) * 1000)::bigint"
        ),
        "50"
    );
    // No time that a uuid could hold: the clock's.
    assert_eq!(
        world.sql(
            "SELECT count(*) FROM events WHERE note IN ('none', 'never', 'always') AND \
             ('x' || lpad(substr(replace(id::text, '-', ''), 1, 12), 16, '0'))::bit(64)::bigint / 60000 \
             BETWEEN extract(epoch FROM now() - interval '10 minutes')::bigint / 60 AND extract(epoch FROM now())::bigint / 60 + 1"
        ),
        "3"
    );
    assert_eq!(
        world.sql("SELECT note FROM events ORDER BY id LIMIT 1"),
        "early",
        "a time before 1970 comes before all others"
    );
}
