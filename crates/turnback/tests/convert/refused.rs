//! What is not carried is refused before anything is touched, by object, with a remedy.

use crate::world::World;

/// The two tables that every case starts from.
const SCHEMA: &str = "CREATE TABLE users (id serial PRIMARY KEY, name text); \
     CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text, span int4range); \
     INSERT INTO users (name) VALUES ('a'); INSERT INTO notes (user_id) VALUES (1);";

/// What is there beside them; the object that the refusal must name; a word of its remedy.
const CASES: &[(&str, &str, &str, &str)] = &[
    (
        "view",
        "CREATE VIEW v AS SELECT id, name FROM users",
        "view public.v",
        "Drop the view",
    ),
    (
        "matview",
        "CREATE MATERIALIZED VIEW mv AS SELECT user_id FROM notes",
        "materialized view public.mv",
        "Drop the view",
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
        "policy",
        "ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes USING (user_id = 1)",
        "policy own on public.notes",
        "Rewrite the policy",
    ),
    (
        "forced",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users FORCE ROW LEVEL SECURITY",
        "table public.users",
        "FORCE ROW LEVEL SECURITY",
    ),
    (
        "generated",
        "ALTER TABLE notes ADD twice int GENERATED ALWAYS AS (user_id * 2) STORED",
        "column public.notes.twice",
        "Drop the generated column",
    ),
    (
        "check",
        "ALTER TABLE notes ADD CONSTRAINT small CHECK (user_id % 2 < 5)",
        "constraint small on public.notes",
        "DROP CONSTRAINT small",
    ),
    (
        "publication",
        "CREATE PUBLICATION refused_pub FOR TABLE users",
        "publication refused_pub",
        "out of the publication",
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
        "rule",
        "CREATE RULE quiet AS ON DELETE TO notes DO ALSO SELECT 1",
        "rule on public.notes",
        "trigger",
    ),
    (
        "statistics",
        "CREATE STATISTICS both_columns ON user_id, body FROM notes",
        "statistics public.both_columns",
        "DROP STATISTICS public.both_columns",
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
        "function",
        "CREATE FUNCTION first_user() RETURNS int BEGIN ATOMIC SELECT min(id) FROM users; END",
        "function public.first_user()",
        "Drop the function",
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
        "replica_identity",
        "ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey",
        "index public.users_pkey",
        "REPLICA IDENTITY DEFAULT",
    ),
];

#[test]
fn what_is_not_carried_is_refused_by_object_with_a_remedy_and_nothing_is_changed() {
    let mut wrong = Vec::new();
    for (name, extra, object, remedy) in CASES {
        let world = World::new(
            "refused",
            &format!("{SCHEMA} {extra}"),
            "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
        );
        let before = world.db.dump(&["turnback"]);
        for command in ["check", "up"] {
            let ran = world.run(&[command]);
            if ran.code != 3 || !ran.said.contains(object) || !ran.said.contains(remedy) {
                wrong.push(format!("{name}: {command} gave {}: {}", ran.code, ran.said));
            }
        }
        if before != world.db.dump(&["turnback"]) {
            wrong.push(format!("{name}: something was changed"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
