//! Partitioned tables: by range, list and hash, on several levels; with references from them
//! and to them; with partitions that come and go while both shapes live.

use crate::journey::{Journey, Picture};
use crate::world::{Client, World};

/// Users, and what they did, by month: one partition is partitioned again, one lives in another
/// schema and was attached with its columns in another order, one takes the rest.
const EVENTS: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
     CREATE SCHEMA archive; \
     CREATE TABLE events (at date NOT NULL, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, seen_by int REFERENCES users, body text, \
         CONSTRAINT seen CHECK (seen_by IS NOT NULL OR body IS NOT NULL)) PARTITION BY RANGE (at); \
     CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); \
     CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY LIST (body); \
     CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES IN ('a', 'b'); \
     CREATE TABLE events_2rest PARTITION OF events_2 DEFAULT; \
     CREATE TABLE archive.\"Events 3\" (body text, seen_by int, dropped int, user_id int NOT NULL, at date NOT NULL, CONSTRAINT seen CHECK (seen_by IS NOT NULL OR body IS NOT NULL)); \
     ALTER TABLE archive.\"Events 3\" DROP COLUMN dropped; \
     ALTER TABLE events ATTACH PARTITION archive.\"Events 3\" FOR VALUES FROM ('2024-03-01') TO ('2024-04-01'); \
     CREATE TABLE events_rest PARTITION OF events DEFAULT; \
     CREATE INDEX events_by_user ON events (user_id, at); \
     CREATE INDEX only_here ON events_1 (seen_by) WHERE seen_by IS NOT NULL; \
     COMMENT ON INDEX events_1_user_id_at_idx IS 'of a partition'; COMMENT ON COLUMN events_2.seen_by IS 'of a level between'; \
     ALTER TABLE events_1 ALTER user_id SET STATISTICS 300; \
     INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 20) n; \
     INSERT INTO events (at, user_id, seen_by, body) \
         SELECT '2024-01-01'::date + n % 120, n % 20 + 1, nullif(n % 7, 0), chr(97 + n % 4) || CASE WHEN n % 3 = 0 THEN '' ELSE n::text END FROM generate_series(1, 400) n;";

#[test]
fn a_partitioned_table_follows_the_keys_it_refers_to_on_every_level() {
    Journey {
        name: "parts_follow",
        schema: EVENTS,
        convert: "{ table: users, to: uuid }",
        proof: "SELECT at, body, u.name, s.name FROM events JOIN users u ON u.id = user_id LEFT JOIN users s ON s.id = seen_by ORDER BY 1, 2, 3, 4",
        writes: &|old, new, n| {
            let user = |name: &str| format!("(SELECT id FROM users WHERE name = '{name}')");
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!(
                    "INSERT INTO users (name) VALUES ('{who} {n}'); \
                     INSERT INTO events (at, user_id, seen_by, body) SELECT at::date, {u}, {s}, '{who} {n} ' || at \
                     FROM unnest(ARRAY['2024-01-09', '2024-02-09', '2024-03-09', '2030-01-01']) at",
                    u = user(&format!("{who} {n}")),
                    s = user("u3"),
                ));
                // Rows move to another partition: with their reference, and while it changes.
                other.run(&format!(
                    "UPDATE events SET at = '2024-03-20' WHERE body = '{who} {n} 2024-01-09'; \
                     UPDATE events SET at = '2024-02-20', body = 'a', user_id = {u}, seen_by = NULL WHERE body = '{who} {n} 2024-03-09'; \
                     UPDATE events SET seen_by = {u}, body = body || ' seen' WHERE body = '{who} {n} 2030-01-01'",
                    u = user("u5")
                ));
                client.gives(
                    &format!("SELECT s.name FROM events JOIN users s ON s.id = seen_by WHERE body = '{who} {n} 2030-01-01 seen'"),
                    "u5",
                );
                client.refuses("INSERT INTO events (at, user_id) VALUES ('2024-01-09', NULL)", "23502");
                client.refuses(
                    "INSERT INTO events (at, user_id) SELECT '2024-02-09', id FROM users LIMIT 1",
                    "23514",
                );
            }
            old.refuses("INSERT INTO events (at, user_id, body) VALUES ('2024-02-09', 999999, 'x')", "23503");
            new.refuses("INSERT INTO events (at, user_id, body) VALUES ('2024-03-09', gen_random_uuid(), 'x')", "23503");
            // A deferred reference is not there, so the row goes where its parent is already.
            old.run(&format!("DELETE FROM users WHERE name = 'new {n}'"));
            new.gives(&format!("SELECT count(*) FROM events WHERE body LIKE 'new {n} 2024-02%'"), "0");
        },
        keys: &[("users", "id")],
    }
    .go();
}

#[test]
fn a_key_that_is_unique_with_the_partition_key_is_converted_with_all_that_points_at_it() {
    Journey {
        name: "parts_key",
        schema: "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
             CREATE TABLE orders (id bigint GENERATED BY DEFAULT AS IDENTITY, at date NOT NULL DEFAULT '2024-01-15', user_id int REFERENCES users, code text, \
                 PRIMARY KEY (id, at), CONSTRAINT once UNIQUE (user_id, code, at), CONSTRAINT late UNIQUE (code, id, at) DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (at); \
             CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); \
             CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY RANGE (at); \
             CREATE TABLE orders_2a PARTITION OF orders_2 FOR VALUES FROM ('2024-02-01') TO ('2024-02-10'); \
             CREATE TABLE orders_2b (user_id int, code text, at date NOT NULL, id bigint NOT NULL, CONSTRAINT own_name PRIMARY KEY (id, at)); \
             ALTER TABLE orders_2 ATTACH PARTITION orders_2b FOR VALUES FROM ('2024-02-10') TO ('2024-03-01'); \
             CREATE TABLE lines (id serial PRIMARY KEY, order_id bigint NOT NULL, order_at date NOT NULL, what text, \
                 FOREIGN KEY (order_id, order_at) REFERENCES orders (id, at) ON DELETE CASCADE ON UPDATE CASCADE); \
             CREATE TABLE returns (order_id bigint, order_at date, line_id int REFERENCES lines ON DELETE SET NULL, why text, PRIMARY KEY (order_at, order_id), \
                 FOREIGN KEY (order_id, order_at) REFERENCES orders ON DELETE CASCADE) PARTITION BY HASH (order_at); \
             CREATE TABLE returns_0 PARTITION OF returns FOR VALUES WITH (MODULUS 2, REMAINDER 0); \
             CREATE TABLE returns_1 PARTITION OF returns FOR VALUES WITH (MODULUS 2, REMAINDER 1); \
             COMMENT ON CONSTRAINT orders_pkey ON orders IS 'the key'; COMMENT ON INDEX own_name IS 'of one partition'; \
             CREATE INDEX orders_code ON orders (code, id DESC) INCLUDE (user_id); ALTER TABLE orders_1 CLUSTER ON orders_1_pkey; \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; \
             INSERT INTO orders (at, user_id, code) SELECT '2024-01-01'::date + n % 59, n % 10 + 1, 'c' || n FROM generate_series(1, 300) n; \
             INSERT INTO lines (order_id, order_at, what) SELECT id, at, 'l' || id FROM orders; \
             INSERT INTO returns SELECT order_id, order_at, id, 'r' FROM lines WHERE id % 3 = 0;",
        convert: "{ table: orders, to: uuid }; { table: users, to: uuid }; { table: lines, to: uuid }",
        proof: "SELECT orders.at, code, name, what, why FROM orders LEFT JOIN users ON users.id = user_id LEFT JOIN lines ON order_id = orders.id AND order_at = orders.at \
             LEFT JOIN returns ON returns.order_id = orders.id AND returns.order_at = orders.at AND returns.line_id IS NOT DISTINCT FROM lines.id ORDER BY 1, 2, 3, 4, 5",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!(
                    "INSERT INTO orders (user_id, code) SELECT id, '{who} {n}' FROM users WHERE name = 'u3'; \
                     INSERT INTO orders (at, user_id, code) SELECT '2024-02-20', id, '{who} {n} late' FROM users WHERE name = 'u4'; \
                     INSERT INTO lines (order_id, order_at, what) SELECT id, at, 'l ' || code FROM orders WHERE code LIKE '{who} {n}%'; \
                     INSERT INTO returns (order_id, order_at, line_id, why) SELECT order_id, order_at, id, 'why {who} {n}' FROM lines WHERE what LIKE 'l {who} {n}%'"
                ));
                other.gives(
                    &format!("SELECT count(*) FROM orders JOIN lines ON order_id = orders.id AND order_at = at JOIN returns ON line_id = lines.id WHERE code LIKE '{who} {n}%'"),
                    "2",
                );
                // An upsert by the key of the client's own shape.
                client.run(&format!(
                    "INSERT INTO orders (id, at, user_id, code) SELECT id, at, user_id, 'other' FROM orders WHERE code = '{who} {n} late' \
                     ON CONFLICT (id, at) DO UPDATE SET code = orders.code || '!'"
                ));
                other.gives(&format!("SELECT count(*) FROM orders WHERE code = '{who} {n} late!'"), "1");
                client.refuses(
                    &format!("INSERT INTO orders (id, at, code) SELECT id, at, 'twice' FROM orders WHERE code = '{who} {n}'"),
                    "23505",
                );
                client.refuses(
                    &format!("INSERT INTO orders (at, user_id, code) SELECT at, user_id, code FROM orders WHERE code = '{who} {n}'"),
                    "23505",
                );
                client.refuses(
                    &format!("INSERT INTO lines (order_id, order_at) SELECT id, at + 1 FROM orders WHERE code = '{who} {n}'"),
                    "23503",
                );
            }
            old.run(&format!("DELETE FROM orders WHERE code = 'new {n}'"));
            new.gives(&format!("SELECT count(*) FROM lines WHERE what = 'l new {n}'"), "0");
            new.gives(&format!("SELECT count(*) FROM returns WHERE why = 'why new {n}'"), "1");
        },
        keys: &[("orders", "id"), ("users", "id"), ("lines", "id")],
    }
    .go();
}

#[test]
fn rows_that_move_to_another_partition_keep_their_key_in_both_shapes() {
    Journey {
        name: "parts_move",
        schema: "CREATE TABLE jobs (id bigserial, state text NOT NULL, parent_id bigint, parent_state text, name text, PRIMARY KEY (id, state)) PARTITION BY LIST (state); \
             CREATE TABLE jobs_new PARTITION OF jobs FOR VALUES IN ('new'); CREATE TABLE jobs_done PARTITION OF jobs FOR VALUES IN ('done', 'failed'); \
             CREATE TABLE jobs_other PARTITION OF jobs DEFAULT; \
             INSERT INTO jobs (state, name) SELECT (ARRAY['new', 'done', 'failed', 'odd'])[n % 4 + 1], 'j' || n FROM generate_series(1, 200) n;",
        convert: "{ table: jobs, to: uuid }",
        proof: "SELECT state, name FROM jobs ORDER BY 1, 2",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!("INSERT INTO jobs (state, name) VALUES ('new', '{who} {n}')"));
                let key = |c: &Client<'_>| c.run(&format!("SELECT id FROM jobs WHERE name = '{who} {n}'"));
                let keys = (key(client), key(other));
                other.run(&format!("UPDATE jobs SET state = 'done' WHERE name = '{who} {n}'"));
                client.run(&format!("UPDATE jobs SET state = 'odd', name = name WHERE name = '{who} {n}'"));
                assert_eq!(keys, (key(client), key(other)));
                client.run(&format!("DELETE FROM jobs WHERE name = '{who} {n}'; INSERT INTO jobs (state, name) VALUES ('failed', '{who} {n}')"));
            }
        },
        keys: &[("jobs", "id")],
    }
    .go();
}

/// Measurements by month, and a table that points at them.
const MONTHS: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE); \
     CREATE TABLE readings (id bigserial, at date NOT NULL, user_id int REFERENCES users, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); \
     CREATE INDEX readings_of ON readings (user_id); \
     CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2024-02-01'); \
     CREATE TABLE readings_2 PARTITION OF readings FOR VALUES FROM ('2024-02-01') TO ('2024-03-01'); \
     CREATE TABLE readings_3 PARTITION OF readings FOR VALUES FROM ('2024-03-01') TO ('2024-04-01'); \
     CREATE TABLE readings_4 PARTITION OF readings FOR VALUES FROM ('2024-04-01') TO ('2024-05-01'); \
     INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; \
     INSERT INTO readings (at, user_id, v) SELECT '2024-01-01'::date + n % 120, n % 10 + 1, 'v' || n FROM generate_series(1, 600) n;";

const MONTHS_PLAN: &str = "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n      - convert_key: { table: readings, to: uuid }\n";

const MONTHS_PROOF: &str =
    "SELECT at, v, name FROM readings JOIN users ON users.id = user_id ORDER BY 1, 2";

/// What somebody who looks after partitions does, whichever shape `public` shows.
fn month_comes(world: &World, month: u32) {
    world.sql(&format!(
        "CREATE TABLE readings_{month} PARTITION OF readings FOR VALUES FROM ('2024-{month:02}-01') TO ('2024-{:02}-01'); \
         INSERT INTO readings (at, user_id, v) SELECT '2024-{month:02}-10', id, 'month {month} ' || name FROM users",
        month + 1
    ));
}

#[test]
fn partitions_come_and_go_while_both_shapes_live_and_both_see_their_rows() {
    let world = World::new("parts_come", MONTHS, MONTHS_PLAN);
    let alike = |old: &str, new: &str| {
        let rows = world.through(new).run(MONTHS_PROOF);
        world.through(old).gives(MONTHS_PROOF, &rows);
    };
    world.expand("p");
    month_comes(&world, 5);
    world.sql("DROP TABLE readings_1; ALTER TABLE readings DETACH PARTITION readings_2");
    alike("public", "public_p, public");
    let said = world.must(&["up"], 6);
    let remedy = "ALTER TABLE public.readings_2 DROP CONSTRAINT readings_user_id_fkey";
    assert!(said.contains(remedy), "{said}");
    world.sql(remedy);
    world.up();
    alike("public_base, public", "public");
    month_comes(&world, 6);
    world.sql("DROP TABLE readings_3; ALTER TABLE readings DETACH PARTITION readings_4");
    world.through("public_base, public").run(
        "INSERT INTO readings (at, user_id, v) SELECT '2024-06-11', id, 'old' FROM users WHERE name = 'u1'",
    );
    alike("public_base, public", "public");
    let kept = world.sql(MONTHS_PROOF);
    world.back();
    assert_eq!(kept, world.sql(MONTHS_PROOF));
    let no_trace = "SELECT count(*) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relname ~ '^readings' AND relname NOT IN ('readings_2', 'readings_4') \
         AND relkind IN ('r', 'p') AND attname ~ 'turnback' AND NOT attisdropped";
    assert_eq!(world.sql(no_trace), "0");
    assert_eq!(
        world.sql("SELECT string_agg(conrelid::regclass || ' ' || pg_get_constraintdef(oid), ', ' ORDER BY conrelid::regclass::text) FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text ~ '^readings' AND conrelid NOT IN ('readings_2'::regclass, 'readings_4'::regclass)"),
        "readings PRIMARY KEY (id, at), readings_5 PRIMARY KEY (id, at), readings_6 PRIMARY KEY (id, at)"
    );

    world.sql("DROP TABLE readings_2, readings_4");
    world.up();
    month_comes(&world, 7);
    alike("public_base, public", "public");
    let kept = world.sql(MONTHS_PROOF);
    world.contract();
    assert_eq!(kept, world.sql(MONTHS_PROOF));
    assert_eq!(world.sql(no_trace), "0");
    assert_eq!(
        world.sql("SELECT count(DISTINCT conname) || ' ' || bool_and(convalidated) FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text ~ '^readings'"),
        "1 true",
        "foreign keys of partitions that came meanwhile have the name of the others"
    );
}

#[test]
fn a_partition_that_came_meanwhile_and_grew_is_named_with_the_index_that_it_needs() {
    let world = World::new("parts_grow", MONTHS, MONTHS_PLAN);
    world.expand("p");
    month_comes(&world, 5);
    world.sql("INSERT INTO readings (at, user_id, v) SELECT '2024-05-11', 1, repeat('x', 400) || n FROM generate_series(1, 12000) n");
    let said = world.run(&["up"]);
    assert_ne!(said.code, 0, "{}", said.said);
    let index = "CREATE UNIQUE INDEX CONCURRENTLY ON public.readings_5 (id_turnback_new, at)";
    assert!(
        said.said
            .replace('\n', " ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .contains(index),
        "{}",
        said.said
    );
    world.sql(index);
    world.up();
    let back = world.run(&["back", "--yes"]);
    let index = "CREATE UNIQUE INDEX CONCURRENTLY ON public.readings_5 (id_turnback_old, at)";
    assert!(
        back.code != 5
            && back
                .said
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
                .contains(index),
        "{}",
        back.said
    );
    world.sql(index);
    world.back();
    assert_eq!(
        world.sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p' AND conrelid = 'readings_5'::regclass"),
        "PRIMARY KEY (id, at)"
    );
}

#[test]
fn no_index_of_a_partition_is_built_twice_and_no_row_is_read_under_a_strong_lock() {
    let world = World::new("parts_adopt", MONTHS, MONTHS_PLAN);
    world.expand("p");
    let files = "SELECT string_agg(relfilenode::text, ' ' ORDER BY relfilenode) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid \
         WHERE indrelid IN (SELECT relid FROM pg_partition_tree('readings') WHERE isleaf)";
    let of_key = format!("{files} AND pg_get_indexdef(indexrelid) ~ 'id_turnback_new, at'");
    let prebuilt = world.sql(&of_key);
    world.up();
    let key = format!("{files} AND pg_get_indexdef(indexrelid) ~ '\\(id, at\\)'");
    assert_eq!(
        prebuilt,
        world.sql(&key),
        "the new key stands on what expand built"
    );
    let prebuilt = world.sql(&format!(
        "{files} AND pg_get_indexdef(indexrelid) ~ 'id_turnback_old, at'"
    ));
    world.must(&["back", "--keep-new-shape", "--yes"], 5);
    let key = world.sql(&key);
    assert!(
        !key.is_empty() && key.split(' ').all(|file| prebuilt.contains(file)),
        "the old key stands on what expand built: {key} of {prebuilt}"
    );
}

#[test]
fn a_reference_that_names_the_key_in_another_order_comes_back_as_it_was() {
    let world = World::new(
        "parts_order",
        &format!(
            "{MONTHS} CREATE TABLE notes (reading_at date, reading_id bigint, note text, \
             FOREIGN KEY (reading_at, reading_id) REFERENCES readings (at, id) MATCH FULL); \
             INSERT INTO notes SELECT at, id, v FROM readings WHERE id % 5 = 0"
        ),
        MONTHS_PLAN,
    );
    let before = Picture::take(&world).schema;
    world.up();
    let proof = "SELECT note = v FROM notes JOIN readings ON id = reading_id AND at = reading_at GROUP BY 1";
    world.through("public_base, public").gives(proof, "t");
    world.through("public").gives(proof, "t");
    world.back();
    assert_eq!(before, Picture::take(&world).schema);
}

/// What can be borrowed, by shelf, and who has what.
const SHELVES: &str = "CREATE TABLE books (id serial, shelf int NOT NULL, title text, PRIMARY KEY (id, shelf)) PARTITION BY LIST (shelf); \
     CREATE TABLE books_1 PARTITION OF books FOR VALUES IN (1); CREATE TABLE books_rest PARTITION OF books DEFAULT; \
     CREATE TABLE loans (book_id int NOT NULL, shelf int NOT NULL, who text, CONSTRAINT follows FOREIGN KEY (book_id, shelf) REFERENCES books ON UPDATE CASCADE); \
     CREATE TABLE holds (book_id int NOT NULL, shelf int NOT NULL, who text, CONSTRAINT keeps FOREIGN KEY (book_id, shelf) REFERENCES books) PARTITION BY HASH (who); \
     CREATE TABLE holds_0 PARTITION OF holds FOR VALUES WITH (MODULUS 1, REMAINDER 0); \
     COMMENT ON CONSTRAINT keeps ON holds IS 'nobody takes what is on hold'; COMMENT ON CONSTRAINT keeps ON holds_0 IS 'of a part'; \
     INSERT INTO books (shelf, title) SELECT n % 3, 'b' || n FROM generate_series(1, 30) n; \
     INSERT INTO loans SELECT id, shelf, title FROM books WHERE id <= 10; \
     INSERT INTO holds SELECT id, shelf, title FROM books WHERE id > 20;";

const SHELVES_PLAN: &str =
    "  - id: p\n    operations:\n      - convert_key: { table: books, to: uuid }\n";

#[test]
fn references_to_a_partitioned_key_hold_in_the_new_shape_whatever_the_state() {
    let world = World::new("parts_hold", SHELVES, SHELVES_PLAN);
    let holds = |path: &str, n: u32| {
        let new = world.through(path);
        let rekey = |title: &str| {
            format!("UPDATE books SET id = gen_random_uuid() WHERE title = '{title}'")
        };
        new.refuses(&rekey("b25"), "23503");
        new.run(&rekey(&format!("b{n}")));
        new.gives(
            &format!("SELECT title FROM books JOIN loans ON book_id = id AND loans.shelf = books.shelf WHERE who = 'b{n}'"),
            &format!("b{n}"),
        );
        new.refuses(
            "UPDATE loans SET book_id = gen_random_uuid() WHERE who = 'b9'",
            "23503",
        );
    };
    world.expand("p");
    holds("public_p, public", 1);
    world.up();
    holds("public", 2);
    world.must(&["back", "--keep-new-shape", "--yes"], 5);
    holds("public_p, public", 3);
    world.back();
    world.up();
    holds("public", 4);
    world.contract();
    holds("public", 5);
}

#[test]
fn comments_on_the_foreign_keys_of_partitions_go_along_and_come_back() {
    let world = World::new("parts_say", SHELVES, SHELVES_PLAN);
    let said = || {
        world.sql(
            "SELECT string_agg(conrelid::regclass || ' ' || obj_description(oid, 'pg_constraint'), ', ' ORDER BY conrelid::regclass::text) \
             FROM pg_constraint WHERE conname = 'keeps' AND obj_description(oid, 'pg_constraint') IS NOT NULL",
        )
    };
    let before = said();
    assert_eq!(
        before,
        "holds nobody takes what is on hold, holds_0 of a part"
    );
    world.up();
    world.back();
    assert_eq!(said(), before);
    world.up();
    assert_eq!(said(), before);
    world.contract();
    assert_eq!(said(), before);
}

/// What is there; the object that the refusal names; a word of its remedy.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "CREATE TABLE parts (user_id int REFERENCES users) PARTITION BY HASH (user_id); CREATE TABLE part PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "table public.parts",
        "partitioned by something else",
    ),
    (
        "CREATE TABLE parts (user_id int REFERENCES users, at date) PARTITION BY RANGE (at); CREATE TABLE part PARTITION OF parts DEFAULT PARTITION BY LIST (user_id)",
        "table public.part ",
        "partitioned by something else",
    ),
    (
        "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE TABLE parts (user_id int, at date) PARTITION BY RANGE (at); \
         CREATE TABLE near PARTITION OF parts DEFAULT; CREATE FOREIGN TABLE part PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') SERVER far; ALTER TABLE near ADD FOREIGN KEY (user_id) REFERENCES users",
        "table public.part ",
        "detached",
    ),
    (
        "CREATE TABLE parts (user_id int REFERENCES users, at date) PARTITION BY RANGE (at); CREATE TABLE part PARTITION OF parts (user_id NOT NULL) DEFAULT",
        "column public.part.user_id",
        "DROP NOT NULL",
    ),
    (
        "CREATE TABLE parts (user_id int REFERENCES users, at date, UNIQUE (user_id, at)) PARTITION BY RANGE (at); CREATE TABLE part PARTITION OF parts DEFAULT; \
         CREATE TABLE far (u int, at date, FOREIGN KEY (u, at) REFERENCES part (user_id, at))",
        "constraint far_u_at_fkey on public.far",
        "Let it point at public.parts",
    ),
];

#[test]
fn partitions_that_are_not_carried_are_refused_by_object_with_a_remedy() {
    for (extra, object, remedy) in REFUSED {
        let world = World::new(
            "parts_refused",
            &format!("CREATE TABLE users (id serial PRIMARY KEY); {extra}"),
            "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
        );
        let said = world.must(&["check"], 3);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            said.contains(object) && said.contains(remedy),
            "{extra}:\n{said}"
        );
    }
}

#[test]
fn a_key_that_is_there_twice_is_found_before_anything_is_changed() {
    let world = World::new(
        "parts_twice",
        &format!("{MONTHS} INSERT INTO readings (id, at, user_id) VALUES (1, '2024-04-20', 1)"),
        MONTHS_PLAN,
    );
    let before = Picture::take(&world).schema;
    let said = world.must(&["up"], 6);
    assert!(said.contains("share their id"), "{said}");
    world.back();
    assert_eq!(before, Picture::take(&world).schema);
}

#[test]
fn a_partition_in_the_place_of_its_table_is_refused_with_the_tables_name() {
    let world = World::new(
        "parts_part",
        MONTHS,
        "  - id: p\n    operations:\n      - convert_key: { table: readings_1, column: id, to: uuid }\n",
    );
    let said = world.must(&["check"], 3);
    assert!(said.contains("Name public.readings"), "{said}");
}
