//! What is not carried is refused before anything is touched, by object, with a remedy.

use turnback_testkit::Cluster;

use crate::world::World;

/// The two tables that every case starts from.
const SCHEMA: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text); \
     CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text, span int4range); \
     INSERT INTO users (name) VALUES ('a'); INSERT INTO notes (user_id) VALUES (1);";

/// What is there beside them; the object that the refusal must name; a word of its remedy.
const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "matview",
        "CREATE MATERIALIZED VIEW mv AS SELECT user_id FROM notes",
        "materialized view public.mv",
        "recreate: [{ materialized_view: public.mv",
    ),
    (
        "matview_on_view",
        "CREATE VIEW v AS SELECT user_id AS u FROM notes; CREATE MATERIALIZED VIEW mv AS SELECT count(u) FROM v",
        "materialized view public.mv",
        "recreate:",
    ),
    (
        "view_group_by",
        "CREATE VIEW v AS SELECT users.*, count(*) AS notes FROM users JOIN notes ON user_id = users.id GROUP BY users.id",
        "view public.v",
        "in its GROUP BY",
    ),
    (
        "view_rule",
        "CREATE VIEW v AS SELECT id FROM users; CREATE RULE quiet AS ON DELETE TO v DO INSTEAD NOTHING",
        "view public.v",
        "INSTEAD OF trigger",
    ),
    (
        "view_function",
        "CREATE VIEW v AS SELECT id FROM users; CREATE FUNCTION counted() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM v; END",
        "function public.counted()",
        "DROP FUNCTION public.counted()",
    ),
    (
        "view_row_type",
        "CREATE VIEW v AS SELECT id FROM users; CREATE FUNCTION rows_of() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'",
        "function public.rows_of(), on view public.v",
        "Drop it",
    ),
    (
        "view_in_policy",
        "CREATE VIEW v AS SELECT id FROM users; CREATE TABLE logs (by int); CREATE POLICY own ON logs USING (EXISTS (SELECT FROM v))",
        "policy own on public.logs",
        "recreate: [{ policy: own",
    ),
    (
        "view_compares",
        "CREATE VIEW v AS SELECT name FROM users WHERE id > 100",
        "view public.v",
        "operator does not exist: uuid > integer",
    ),
    (
        "view_adds",
        "CREATE VIEW inner_v AS SELECT user_id AS u FROM notes; CREATE VIEW v AS SELECT sum(u) FROM inner_v",
        "view public.v",
        "function sum(uuid) does not exist",
    ),
    (
        "view_default",
        "CREATE VIEW v AS SELECT id, name FROM users; ALTER VIEW v ALTER id SET DEFAULT 7",
        "view public.v",
        "CREATE OR REPLACE VIEW public.v",
    ),
    (
        "partitions",
        "CREATE TABLE parts (user_id int REFERENCES users) PARTITION BY HASH (user_id); CREATE TABLE part PARTITION OF parts FOR VALUES WITH (MODULUS 1, REMAINDER 0)",
        "table public.parts",
        "out of the plan",
    ),
    (
        "inheritance",
        "CREATE TABLE heirs () INHERITS (users)",
        "table public.users",
        "NO INHERIT",
    ),
    (
        "check",
        "ALTER TABLE notes ADD CONSTRAINT small CHECK (user_id % 2 < 5)",
        "constraint small on public.notes",
        "DROP CONSTRAINT small",
    ),
    (
        "trigger_of",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER seen BEFORE UPDATE OF user_id ON notes FOR EACH ROW EXECUTE FUNCTION f()",
        "trigger seen on public.notes",
        "into the trigger's function",
    ),
    (
        "trigger_when",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER seen BEFORE UPDATE ON notes FOR EACH ROW WHEN (NEW.user_id > 3) EXECUTE FUNCTION f()",
        "trigger seen on public.notes",
        "into the trigger's function",
    ),
    (
        "expression",
        "CREATE INDEX odd ON notes ((user_id % 2))",
        "index public.odd",
        "DROP INDEX CONCURRENTLY public.odd",
    ),
    (
        "predicate",
        "CREATE INDEX few ON notes (body) WHERE user_id > 100",
        "index public.few",
        "DROP INDEX CONCURRENTLY public.few",
    ),
    (
        "exclusion",
        "CREATE EXTENSION btree_gist; ALTER TABLE notes ADD CONSTRAINT once EXCLUDE USING gist (user_id WITH =, span WITH &&)",
        "constraint once on public.notes",
        "DROP CONSTRAINT once",
    ),
    (
        "not_valid",
        "ALTER TABLE notes ADD other_id int; ALTER TABLE notes ADD CONSTRAINT later FOREIGN KEY (other_id) REFERENCES users NOT VALID",
        "constraint later on public.notes",
        "VALIDATE CONSTRAINT later",
    ),
    (
        "set_default",
        "ALTER TABLE notes ADD other_id int REFERENCES users ON DELETE SET DEFAULT",
        "constraint notes_other_id_fkey on public.notes",
        "Change the action",
    ),
    (
        "default",
        "ALTER TABLE notes ALTER user_id SET DEFAULT 1",
        "column public.notes.user_id",
        "DROP DEFAULT",
    ),
    (
        "shared_sequence",
        "CREATE TABLE others (id int DEFAULT nextval('users_id_seq'))",
        "sequence public.users_id_seq",
        "OWNED BY NONE",
    ),
    (
        "name_taken",
        "CREATE SCHEMA public_p",
        "schema public_p",
        "Rename the schema",
    ),
    (
        "column_taken",
        "ALTER TABLE users ADD id_turnback_new int",
        "column public.users.id_turnback_new",
        "rename the column",
    ),
    (
        "no_sequence",
        "ALTER TABLE users ALTER id DROP DEFAULT",
        "column public.users.id",
        "CREATE SEQUENCE",
    ),
    (
        "partly_null",
        "ALTER TABLE users ADD tenant int NOT NULL DEFAULT 1; ALTER TABLE users ADD UNIQUE (tenant, id); ALTER TABLE notes ADD tenant int, ADD CONSTRAINT tenant_user FOREIGN KEY (tenant, user_id) REFERENCES users (tenant, id)",
        "constraint tenant_user on public.notes",
        "MATCH FULL",
    ),
    (
        "include",
        "ALTER TABLE users ADD login text, ADD UNIQUE (login) INCLUDE (id); ALTER TABLE notes ADD login text, ADD CONSTRAINT by_login FOREIGN KEY (login) REFERENCES users (login)",
        "constraint by_login on public.notes",
        "without that key in its INCLUDE",
    ),
    (
        "policy",
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes USING (user_id = 1)",
        "policy own on public.notes",
        "recreate: [{ policy: own, on: public.notes, sql: CREATE POLICY",
    ),
    (
        "policy_elsewhere",
        "CREATE TABLE rooms (id int PRIMARY KEY); CREATE POLICY guests ON rooms USING (EXISTS (SELECT FROM notes n WHERE n.user_id = rooms.id))",
        "policy guests on public.rooms",
        "recreate: [{ policy: guests, on: public.rooms, sql: CREATE POLICY",
    ),
    (
        "policy_through_view",
        "CREATE VIEW whose AS SELECT user_id FROM notes; CREATE TABLE rooms (id int PRIMARY KEY); CREATE POLICY guests ON rooms USING (id IN (SELECT user_id FROM whose))",
        "policy guests on public.rooms",
        "recreate:",
    ),
    (
        "forced",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY",
        "table public.users",
        "ALTER TABLE public.users NO FORCE ROW LEVEL SECURITY",
    ),
    (
        "generated",
        "ALTER TABLE notes ADD twice int GENERATED ALWAYS AS (user_id * 2) STORED",
        "column public.notes.twice",
        "ALTER TABLE public.notes DROP COLUMN twice",
    ),
    (
        "generated_reference",
        "ALTER TABLE notes ADD whose int GENERATED ALWAYS AS (length(body)) STORED REFERENCES users",
        "column public.notes.whose",
        "ALTER COLUMN whose DROP EXPRESSION",
    ),
    (
        "typed_table",
        "CREATE TYPE person AS (boss int); CREATE TABLE people OF person; ALTER TABLE people ADD FOREIGN KEY (boss) REFERENCES users",
        "table public.people",
        "ALTER TABLE public.people NOT OF",
    ),
    (
        "rule",
        "CREATE RULE quiet AS ON DELETE TO notes DO ALSO SELECT 1",
        "rule quiet on public.notes",
        "DROP RULE quiet ON public.notes",
    ),
    (
        "rule_elsewhere",
        "CREATE TABLE inbox (n int); CREATE RULE stamp AS ON INSERT TO inbox DO ALSO UPDATE notes SET body = 'x' WHERE user_id = NEW.n",
        "rule stamp on public.inbox",
        "DROP RULE stamp ON public.inbox",
    ),
    (
        "statistics",
        "CREATE STATISTICS odd ON (user_id % 2), body FROM notes",
        "statistics public.odd",
        "DROP STATISTICS public.odd",
    ),
    (
        "function",
        "CREATE FUNCTION first_user() RETURNS int BEGIN ATOMIC SELECT min(id) FROM users; END",
        "function public.first_user()",
        "DROP FUNCTION public.first_user()",
    ),
    (
        "sequence_in_view",
        "CREATE VIEW tickets AS SELECT nextval('users_id_seq') AS ticket",
        "sequence public.users_id_seq",
        "OWNED BY NONE",
    ),
    (
        "domain",
        "CREATE DOMAIN who AS int NOT NULL; CREATE TABLE marks (user_id who REFERENCES users)",
        "column public.marks.user_id",
        "ALTER DOMAIN public.who DROP NOT NULL",
    ),
    (
        "domain_check",
        "CREATE DOMAIN who AS int CHECK (VALUE IS NOT NULL); CREATE TABLE marks (user_id who REFERENCES users)",
        "column public.marks.user_id",
        "SET NOT NULL",
    ),
    (
        "trigger_first",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER \"!a\" BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f()",
        "trigger \"!a\" on public.notes",
        "ALTER TRIGGER \"!a\" ON public.notes RENAME TO",
    ),
    (
        "trigger_last",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER \"über\" BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION f()",
        "trigger \"über\" on public.notes",
        "RENAME TO",
    ),
];

/// The same, for what PostgreSQL 15 added.
const CASES_15: &[(&str, &str, &str, &str)] = &[
    (
        "column_list",
        "CREATE PUBLICATION refused_list FOR TABLE users (id)",
        "publication refused_list",
        "ALTER PUBLICATION refused_list DROP TABLE public.users",
    ),
    (
        "row_filter",
        "CREATE PUBLICATION refused_filter FOR TABLE notes WHERE (user_id > 5)",
        "publication refused_filter",
        "ALTER PUBLICATION refused_filter DROP TABLE public.notes",
    ),
];

/// What somebody should read before the run: SQL beside the two tables, what is named, and a
/// part of why.
const WARNINGS: &[(&str, &str, &str, &str)] = &[
    (
        "publication",
        "CREATE PUBLICATION warned_pub FOR TABLE users",
        "publication warned_pub",
        "ALTER PUBLICATION warned_pub DROP TABLE public.users",
    ),
    (
        "all_tables",
        "CREATE PUBLICATION warned_all FOR ALL TABLES",
        "publication warned_all",
        "DROP PUBLICATION warned_all",
    ),
    (
        "text",
        "CREATE FUNCTION busy() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM notes GROUP BY user_id'",
        "function public.busy()",
        "public.notes (user_id)",
    ),
    (
        "dynamic",
        "CREATE FUNCTION clear(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'TRUNCATE Notes'; END $$",
        "function public.clear(text)",
        "text mentions public.notes",
    ),
    (
        "row_type",
        "CREATE FUNCTION shown(u users) RETURNS text LANGUAGE sql AS $$ SELECT $1.name $$",
        "function public.shown(public.users)",
        "takes or returns rows of public.users",
    ),
    (
        "rows",
        "CREATE FUNCTION everybody() RETURNS SETOF users LANGUAGE plpgsql AS $$ BEGIN RETURN; END $$",
        "function public.everybody()",
        "takes or returns rows of public.users",
    ),
    (
        "trigger_function",
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.body := NEW.user_id; RETURN NEW; END'; CREATE TRIGGER stamped BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp()",
        "trigger stamped on public.notes",
        "function public.stamp mentions user_id",
    ),
    (
        "trigger_search_path",
        "CREATE FUNCTION greet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.body := (SELECT name FROM users LIMIT 1); RETURN NEW; END'; CREATE TRIGGER greeted BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION greet()",
        "trigger greeted on public.notes",
        "ALTER FUNCTION public.greet() SET search_path = public, pg_temp",
    ),
];

const CONVERT_USERS: &str =
    "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n";

/// What was printed, without the breaks between its lines.
fn one_line(said: &str) -> String {
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_postgresql_cannot_tell_is_named_for_somebody_to_read_and_does_not_stop_the_run() {
    let mut wrong = Vec::new();
    for (name, extra, object, reason) in WARNINGS {
        let world = World::new("warned", &format!("{SCHEMA} {extra}"), CONVERT_USERS);
        let ran = world.run(&["check"]);
        let said = one_line(&ran.said);
        if ran.code != 0 || !said.contains(object) || !said.contains(reason) {
            wrong.push(format!("{name}: check gave {}: {}", ran.code, ran.said));
        }
        let before = world.db.dump(&["turnback"]);
        world.up();
        world.back();
        if before != world.db.dump(&["turnback"]) {
            wrong.push(format!("{name}: something is not as it was"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_carried_is_refused_by_object_with_a_remedy_and_nothing_is_changed() {
    let mut wrong = Vec::new();
    let newer = match Cluster::shared().binaries().major_version() {
        Some(15..) => CASES_15,
        _ => &[],
    };
    for (name, extra, object, remedy) in CASES.iter().chain(newer) {
        let world = World::new("refused", &format!("{SCHEMA} {extra}"), CONVERT_USERS);
        let before = world.db.dump(&["turnback"]);
        let ran = world.run(&["up"]);
        let said = one_line(&ran.said);
        if ran.code != 3 || !said.contains(object) || !said.contains(remedy) {
            wrong.push(format!("{name}: up gave {}: {}", ran.code, ran.said));
        }
        if before != world.db.dump(&["turnback"]) {
            wrong.push(format!("{name}: something was changed"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn check_refuses_everything_at_once_that_up_would_refuse() {
    let several = ["generated", "rule", "expression", "set_default", "domain"];
    let cases = || CASES.iter().filter(|(name, ..)| several.contains(name));
    let extras: Vec<&str> = cases().map(|(_, extra, ..)| *extra).collect();
    let world = World::new(
        "refused_check",
        &format!("{SCHEMA} {}", extras.join("; ")),
        CONVERT_USERS,
    );
    for command in ["check", "up"] {
        let said = one_line(&world.must(&[command], 3));
        for (name, _, object, remedy) in cases() {
            assert!(
                said.contains(object) && said.contains(remedy),
                "{name}: {command} said: {said}"
            );
        }
    }
}

#[test]
fn a_key_that_cannot_be_one_is_refused() {
    for (schema, operation, object) in [
        (
            "CREATE TABLE t (id uuid PRIMARY KEY)",
            "{ table: t, to: uuid }",
            "t.id",
        ),
        ("CREATE TABLE t (id int)", "{ table: t, to: uuid }", "t"),
        (
            "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b))",
            "{ table: t, to: uuid }",
            "t",
        ),
        (
            "CREATE TABLE t (id serial PRIMARY KEY, n serial)",
            "{ table: t, column: n, to: uuid }",
            "t.n",
        ),
        (
            "CREATE TABLE t (id serial PRIMARY KEY, n int DEFAULT nextval('t_id_seq') UNIQUE)",
            "{ table: t, column: n, to: uuid }",
            "t.n",
        ),
        (
            "CREATE TABLE u (id serial PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY REFERENCES u)",
            "{ table: t, to: uuid }",
            "t.id",
        ),
        (
            "CREATE TABLE u (id numeric PRIMARY KEY); CREATE TABLE t (id bigserial PRIMARY KEY, u int REFERENCES u)",
            "{ table: u, to: uuid }",
            "u.id",
        ),
    ] {
        let world = World::new(
            "not_a_key",
            schema,
            &format!("  - id: p\n    operations:\n      - convert_key: {operation}\n"),
        );
        let ran = world.run(&["up"]);
        assert!(
            matches!(ran.code, 2 | 3) && ran.said.contains(object),
            "{schema}: {} {}",
            ran.code,
            ran.said
        );
    }
}
