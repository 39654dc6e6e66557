//! Views that depend on a converted key, and materialized views given anew: in every shape, at
//! every moment, and back.

use crate::journey::{Journey, Picture, no_trace, outline};
use crate::world::World;

const ROLES: &str = "DO $$ BEGIN CREATE ROLE views_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
     DO $$ BEGIN CREATE ROLE views_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;";

/// Views of all kinds: updatable, on views, recursive, of whole rows, of everything a table has.
const VIEWS: &str = "CREATE VIEW people AS SELECT id, name FROM users; \
     CREATE VIEW full_notes WITH (security_barrier) AS SELECT * FROM notes WHERE body <> 'forbidden' WITH CASCADED CHECK OPTION; \
     CREATE VIEW authored AS SELECT p.name AS author, f.* FROM people p JOIN full_notes f ON f.user_id = p.id; \
     CREATE RECURSIVE VIEW chain (id, name, depth) AS SELECT id, name, 1 FROM users WHERE boss_id IS NULL \
         UNION ALL SELECT u.id, u.name, depth + 1 FROM users u JOIN chain c ON u.boss_id = c.id; \
     CREATE VIEW packed AS SELECT row_to_json(u.*)->>'name' AS name, (u.id)::text AS key FROM users u; \
     CREATE FUNCTION write_authored() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN INSERT INTO notes (user_id, body) SELECT id, NEW.body FROM users WHERE name = NEW.author; RETURN NEW; END'; \
     CREATE TRIGGER written INSTEAD OF INSERT ON authored FOR EACH ROW EXECUTE FUNCTION write_authored(); \
     ALTER VIEW people ALTER name SET DEFAULT 'nobody'; ALTER VIEW chain OWNER TO views_owner; \
     DO $$ BEGIN IF current_setting('server_version_num')::int >= 150000 THEN ALTER VIEW people SET (security_invoker = true); END IF; END $$; \
     GRANT SELECT ON users TO views_owner; GRANT SELECT ON people TO views_reader WITH GRANT OPTION; GRANT SELECT (author, id), UPDATE (body) ON authored TO PUBLIC; \
     REVOKE TRIGGER ON full_notes FROM CURRENT_USER; GRANT SELECT ON chain TO views_reader; \
     COMMENT ON VIEW people IS 'who''s who'; COMMENT ON COLUMN people.id IS 'key of \\ a person'; COMMENT ON TRIGGER written ON authored IS 'writes';";

const TABLES: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE, boss_id int REFERENCES users); \
     CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text); \
     INSERT INTO users (name, boss_id) SELECT 'u' || n, nullif(n / 3, 0) FROM generate_series(1, 30) n; \
     INSERT INTO notes (user_id, body) SELECT n % 30 + 1, 'n' || n FROM generate_series(1, 60) n;";

#[test]
fn dependent_views_show_their_shape_at_every_stop_are_written_through_and_come_back() {
    Journey {
        name: "views",
        schema: &format!("{ROLES} {TABLES} {VIEWS}"),
        convert: "{ table: users, to: uuid }; { table: notes, to: uuid }",
        proof: "SELECT a.author, a.body, c.depth, k.name FROM authored a JOIN chain c ON c.name = a.author JOIN people p ON p.id = c.id \
             JOIN packed k ON k.key = p.id::text ORDER BY 1, 2",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!("INSERT INTO people (name) VALUES ('{who} {n}')"));
                client.gives(
                    &format!("SELECT count(*) FROM people JOIN packed ON key = people.id::text WHERE people.name = '{who} {n}'"),
                    "1",
                );
                client.run(&format!(
                    "INSERT INTO full_notes (user_id, body) SELECT id, '{who} {n} direct' FROM people WHERE name = '{who} {n}'; \
                     INSERT INTO authored (author, body) VALUES ('{who} {n}', '{who} {n} by trigger')"
                ));
                other.run(&format!(
                    "UPDATE full_notes SET body = body || ' seen' WHERE user_id = (SELECT id FROM chain WHERE name = '{who} {n}'); \
                     INSERT INTO full_notes (user_id, body) SELECT id, 'short' FROM people WHERE name = '{who} {n}'; \
                     DELETE FROM full_notes WHERE body = 'short'"
                ));
                for both in [client, other] {
                    both.gives(
                        &format!("SELECT string_agg(body, ',' ORDER BY body) FROM authored WHERE author = '{who} {n}'"),
                        &format!("{who} {n} by trigger seen,{who} {n} direct seen"),
                    );
                    both.refuses("INSERT INTO full_notes (user_id, body) SELECT id, 'forbidden' FROM people LIMIT 1", "44000");
                    // The view's own default, and who may read what.
                    both.gives("INSERT INTO people (id) SELECT id FROM people LIMIT 0; SELECT count(*) FROM people WHERE name = 'nobody'", "0");
                    both.gives("SET ROLE views_reader; SELECT count(*) > 0 FROM chain; RESET ROLE", "t");
                    both.refuses("SET ROLE views_reader; SELECT count(*) FROM full_notes", "42501");
                }
            }
        },
        keys: &[("users", "id"), ("notes", "id")],
    }
    .go();
}

/// pg-osc #81: views keep following the old table after a swap.
#[test]
fn a_view_follows_the_new_keys_after_the_cut_over_and_the_old_ones_after_the_way_back() {
    let world = World::new(
        "view_follows",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) VALUES ('a'); CREATE VIEW v AS SELECT id, name FROM users",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    let both = "SELECT pg_typeof(v.id), pg_typeof(users.id), count(*) FROM v JOIN users USING (id) GROUP BY 1, 2";
    let view = world.sql("SELECT 'v'::regclass::oid");
    world.up();
    world.sql("INSERT INTO users (name) VALUES ('b'); INSERT INTO v (name) VALUES ('c')");
    world.through("public").gives(both, "uuid|uuid|3");
    world.through("public_p, public").gives(both, "uuid|uuid|3");
    world
        .through("public_base, public")
        .gives(both, "integer|integer|3");
    world.back();
    world.through("public").gives(both, "integer|integer|3");
    assert_eq!(
        world.sql("SELECT 'v'::regclass::oid"),
        view,
        "the very same view"
    );
    world.up();
    world.contract();
    world.through("public").gives(both, "uuid|uuid|3");
    assert_eq!(
        world.sql(
            "CREATE VIEW by_hand AS SELECT id, name FROM users; SELECT pg_get_viewdef('v') = pg_get_viewdef('by_hand')"
        ),
        "t"
    );
}

#[test]
fn views_in_other_schemas_on_several_tables_change_with_the_key_that_they_read() {
    let world = World::new(
        "views_across",
        "CREATE SCHEMA \"Sales\"; CREATE SCHEMA report; CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE \"Sales\".users (id serial PRIMARY KEY, user_id int REFERENCES public.users, what text); \
         CREATE TABLE cities (id int PRIMARY KEY, city text); INSERT INTO cities VALUES (1, 'here'); \
         INSERT INTO users (name) VALUES ('a'), ('b'); INSERT INTO \"Sales\".users (user_id, what) VALUES (1, 'x'), (2, 'y'); \
         CREATE VIEW report.users AS SELECT u.id, u.name, s.what, c.city FROM public.users u JOIN \"Sales\".users s ON s.user_id = u.id CROSS JOIN cities c; \
         CREATE VIEW \"Sales\".\"V\" AS SELECT id, what FROM report.users; CREATE VIEW report.untouched AS SELECT name FROM public.users; \
         CREATE VIEW report.no_keys AS SELECT s.what FROM \"Sales\".users s;",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    let before = Picture::take(&world);
    let outline_before = outline(&world);
    let rows = "SELECT name, r.what, city FROM report.users r JOIN \"Sales\".\"V\" v ON v.id = r.id ORDER BY 1";
    let path = |tag: &str| format!("report_{tag}, report, public_{tag}, public");
    let shown = "SELECT pg_typeof(id), name, what FROM users ORDER BY name";
    let (old, new) = ("integer|a|x\ninteger|b|y", "uuid|a|x\nuuid|b|y");
    world.expand("p");
    world.through("report, public").gives(shown, old);
    world.through(&path("base")).gives(shown, old);
    world.through(&path("p")).gives(shown, new);
    world.up();
    world.through("report, public").gives(shown, new);
    world.through(&path("base")).gives(shown, old);
    world.through(&path("p")).gives(shown, new);
    world.through("public").gives(rows, "a|x|here\nb|y|here");
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);
    world.up();
    world.contract();
    no_trace(&world);
    assert_eq!(outline_before, outline(&world));
    world.through("report, public").gives(shown, new);
}

const PHASES: &str = "  - id: p1\n    operations:\n      - convert_key: { table: users, to: uuid }\n\
     \x20 - id: p2\n    operations:\n      - convert_key: { table: notes, to: uuid }\n";

#[test]
fn with_several_phases_each_version_keeps_showing_its_own_views() {
    let world = World::new(
        "views_phases",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users, body text); \
         INSERT INTO users (name) VALUES ('a'); INSERT INTO notes (user_id, body) VALUES (1, 'n'); \
         CREATE VIEW first_only AS SELECT id AS u FROM users; CREATE VIEW second_only AS SELECT id AS n FROM notes; \
         CREATE VIEW on_both AS SELECT u, n FROM first_only JOIN notes ON user_id = u JOIN second_only ON n = id;",
        PHASES,
    );
    let before = Picture::take(&world);
    let outline_before = outline(&world);
    let types = "SELECT pg_typeof(f.u), pg_typeof(s.n), pg_typeof(b.u), pg_typeof(b.n), count(*) FROM first_only f, second_only s, on_both b GROUP BY 1, 2, 3, 4";
    let gives = |path: &str, types_of: [&str; 2]| {
        let [u, n] = types_of;
        world
            .through(path)
            .gives(types, &format!("{u}|{n}|{u}|{n}|1"));
    };
    let (base, first, second) = (["integer"; 2], ["uuid", "integer"], ["uuid"; 2]);
    let (to_base, to_first, to_second) = (
        "public_base, public",
        "public_p1, public",
        "public_p2, public",
    );
    world.must(&["up", "--to", "p1"], 0);
    gives(to_base, base);
    gives(to_first, first);
    gives("public", first);
    let between = Picture::take(&world);
    world.expand("p2");
    gives(to_base, base);
    gives(to_first, first);
    gives("public", first);
    gives(to_second, second);
    world.up();
    for (path, types) in [
        (to_base, base),
        (to_first, first),
        (to_second, second),
        ("public", second),
    ] {
        gives(path, types);
    }
    world.must(&["back", "--yes"], 5);
    assert_eq!(between.schema, Picture::take(&world).schema);
    gives(to_base, base);
    gives("public", first);
    world.up();
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);
    gives("public", base);

    world.up();
    world.must(&["contract", "--to", "p1", "--yes"], 0);
    gives(to_first, first);
    gives(to_second, second);
    gives("public", second);
    world.contract();
    no_trace(&world);
    assert_eq!(outline_before, outline(&world));
    gives("public", second);
}

/// A version between two phases that change a view has no view of its own: it reads the old one,
/// from a place that is the first phase's once that is turned back too.
#[test]
fn a_kept_shape_keeps_its_view_when_a_later_phase_drops_what_stood_in_its_place() {
    let phases = "  - id: p1\n    operations:\n      - convert_key: { table: users, to: uuid }\n\
         \x20 - id: p2\n    operations:\n      - convert_key: { table: tags, to: uuid }\n\
         \x20 - id: p3\n    operations:\n      - convert_key: { table: notes, to: uuid }\n";
    let world = World::new(
        "views_between",
        "CREATE TABLE users (id serial PRIMARY KEY); CREATE TABLE tags (id serial PRIMARY KEY); CREATE TABLE notes (id serial PRIMARY KEY, user_id int REFERENCES users); \
         INSERT INTO users DEFAULT VALUES; INSERT INTO notes (user_id) VALUES (1); \
         CREATE VIEW pairs AS SELECT u.id AS u, n.id AS n FROM users u JOIN notes n ON n.user_id = u.id;",
        phases,
    );
    let before = Picture::take(&world);
    let shows = |path: &str, types: &str| {
        world.through(path).gives(
            "SELECT pg_typeof(u), pg_typeof(n), count(*) FROM pairs GROUP BY 1, 2",
            &format!("{types}|1"),
        );
    };
    let all_versions = || {
        shows("public_base, public", "integer|integer");
        shows("public_p1, public", "uuid|integer");
        shows("public_p2, public", "uuid|integer");
        shows("public_p3, public", "uuid|uuid");
    };
    world.up();
    all_versions();
    world.must(&["back", "--scope", "all", "--keep-new-shape", "--yes"], 5);
    shows("public_base, public", "integer|integer");
    shows("public_p1, public", "uuid|integer");
    world.must(&["back", "--scope", "p3", "--yes"], 5);
    shows("public_p1, public", "uuid|integer");
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);

    // From expanded, where it still reads the view that `public` shows.
    world.must(&["up", "--to", "p2"], 0);
    let between = Picture::take(&world);
    world.expand("p3");
    all_versions();
    world.must(&["back", "--scope", "p3", "--yes"], 5);
    assert_eq!(between.schema, Picture::take(&world).schema);
    shows("public_p2, public", "uuid|integer");
}

#[test]
fn a_materialized_view_given_anew_is_filled_online_swapped_and_comes_back_as_it_was() {
    let schema = format!(
        "{ROLES} CREATE SCHEMA report; CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 50) n; \
         CREATE VIEW people AS SELECT id, name FROM users; \
         CREATE MATERIALIZED VIEW report.m AS SELECT id, name, id % 2 AS half FROM people; CREATE UNIQUE INDEX m_id ON report.m (id); \
         CREATE VIEW report.on_m AS SELECT count(*) AS n, min(half) AS half FROM report.m; \
         GRANT SELECT ON report.m TO views_reader; COMMENT ON MATERIALIZED VIEW report.m IS 'all of us'; COMMENT ON COLUMN report.m.half IS 'which'; \
         ALTER DEFAULT PRIVILEGES IN SCHEMA report GRANT SELECT ON TABLES TO views_reader;"
    );
    let world = World::new(
        "matview",
        &schema,
        "  - id: p\n    operations:\n      - convert_key:\n          table: users\n          to: uuid\n          recreate:\n            - materialized_view: report.m\n              sql: |\n                \
         -- halves by name now\n                CREATE MATERIALIZED VIEW m AS SELECT id, name, length(name) % 2 AS half FROM public.people WITH DATA;\n                CREATE UNIQUE INDEX m_id ON m (id)\n",
    );
    let before = Picture::take(&world);
    let look = "SELECT pg_typeof(m.id), count(*), max(n) FROM m, on_m GROUP BY 1";
    world.expand("p");
    world.through("report, public").gives(look, "integer|50|50");
    world
        .through("report_p, report, public_p, public")
        .gives(look, "uuid|50|50");
    world.up();
    world.through("report, public").gives(look, "uuid|50|50");
    world
        .through("report_base, report, public_base, public")
        .gives(look, "integer|50|50");
    // A refresh by its name refreshes what its schema shows.
    world.sql(
        "INSERT INTO users (name) VALUES ('late'); REFRESH MATERIALIZED VIEW CONCURRENTLY report.m",
    );
    world.through("report, public").gives(look, "uuid|51|51");
    assert_eq!(
        world.sql("SELECT has_table_privilege('views_reader', 'report.m', 'SELECT'), has_table_privilege('views_reader', 'report.on_m', 'SELECT'), obj_description('report.m'::regclass), col_description('report.m'::regclass, 3)"),
        "t|f|all of us|which"
    );
    world.back();
    let after = Picture::take(&world);
    assert_eq!(before.schema, after.schema);
    world.through("report, public").gives(look, "integer|50|50");
    world.up();
    world.contract();
    no_trace(&world);
    world.through("report, public").gives(look, "uuid|51|51");
    assert_eq!(
        world.sql("SELECT indexdef FROM pg_indexes WHERE tablename = 'm'"),
        "CREATE UNIQUE INDEX m_id ON report.m USING btree (id)"
    );
}

#[test]
fn sql_given_anew_that_does_not_fit_stops_early_and_turns_back_to_what_was() {
    for (sql, says) in [
        (
            "CREATE MATERIALIZED VIEW m AS SELECT id + 1 AS id FROM users",
            "uuid + integer",
        ),
        (
            "CREATE MATERIALIZED VIEW m AS SELECT id FROM users; COMMIT; SELECT 1",
            "transaction",
        ),
        (
            "CREATE MATERIALIZED VIEW other AS SELECT id FROM users",
            "public.m",
        ),
    ] {
        let world = World::new(
            "matview_unfit",
            "CREATE TABLE users (id serial PRIMARY KEY, name text); INSERT INTO users (name) VALUES ('a'); CREATE MATERIALIZED VIEW m AS SELECT id FROM users; CREATE VIEW v AS SELECT id FROM m;",
            &format!(
                "  - id: p\n    operations:\n      - convert_key: {{ table: users, to: uuid, recreate: [{{ materialized_view: m, sql: '{sql}' }}] }}\n"
            ),
        );
        let before = Picture::take(&world);
        let ran = world.run(&["up"]);
        assert_eq!(ran.code, 6, "{sql}: {}", ran.said);
        assert!(ran.said.contains(says), "{sql}: {}", ran.said);
        world.must(&["back", "--yes"], 5);
        assert_eq!(before.schema, Picture::take(&world).schema, "{sql}");
    }
}

#[test]
fn a_policy_given_anew_that_asks_a_view_asks_the_one_of_the_shape_that_its_schema_shows() {
    let world = World::new(
        "policy_asks_view",
        "CREATE TABLE users (id serial PRIMARY KEY, name text); CREATE TABLE logs (id int, by_name text); INSERT INTO users (name) VALUES ('a'); \
         CREATE VIEW people AS SELECT id, name FROM users; CREATE POLICY known ON logs USING (by_name IN (SELECT name FROM people WHERE id IS NOT NULL));",
        "  - id: p\n    operations:\n      - convert_key:\n          table: users\n          to: uuid\n          recreate:\n            - policy: known\n              \
         on: logs\n              sql: CREATE POLICY known ON logs USING (by_name IN (SELECT name FROM people WHERE id IS NOT NULL))\n",
    );
    let before = Picture::take(&world);
    let outline_before = outline(&world);
    world.up();
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);
    world.up();
    world.contract();
    no_trace(&world);
    assert_eq!(outline_before, outline(&world));
    assert_eq!(before.schema.matches("CREATE POLICY").count(), 1);
    assert!(Picture::take(&world).schema.contains("CREATE POLICY known"));
}
