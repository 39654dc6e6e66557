//! What hangs on key columns: indexes, constraints, comments, grants, statistics targets.

use crate::journey::Journey;

#[test]
fn indexes_constraints_comments_grants_and_statistics_targets_are_carried_and_come_back() {
    Journey {
        name: "carried",
        schema: "DO $$ BEGIN CREATE ROLE carried_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             CREATE TABLE users (id serial, name text NOT NULL, CONSTRAINT \"users key\" PRIMARY KEY (id) INCLUDE (name)); \
             CREATE TABLE nodes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users DEFERRABLE, parent_id int REFERENCES nodes (id) MATCH FULL, mail text, name text, place int, \
                 CONSTRAINT one_of CHECK ((parent_id IS NULL) <> (mail IS NULL)), CONSTRAINT plain CHECK (place > 0), \
                 CONSTRAINT by_name UNIQUE (user_id, name), CONSTRAINT by_place UNIQUE (user_id, place) DEFERRABLE INITIALLY DEFERRED); \
             CREATE UNIQUE INDEX roots ON nodes (name) WHERE parent_id IS NULL; \
             CREATE INDEX latest ON nodes (user_id DESC NULLS LAST, place) INCLUDE (parent_id) WITH (fillfactor = 80); \
             CREATE INDEX lower_name ON nodes (lower(name), user_id) WHERE parent_id IS NOT NULL AND name <> 'user_id'; \
             CREATE INDEX by_hash ON nodes USING hash (user_id); \
             CREATE INDEX by_text ON nodes (name text_pattern_ops, user_id NULLS FIRST); CLUSTER nodes USING latest; \
             ALTER TABLE nodes ALTER user_id SET STATISTICS 500, ALTER user_id SET (n_distinct = -0.5), ALTER parent_id SET STATISTICS 0; \
             COMMENT ON COLUMN nodes.user_id IS 'who''s \\ it is'; COMMENT ON COLUMN nodes.id IS 'key'; COMMENT ON CONSTRAINT nodes_pkey ON nodes IS 'the key'; \
             COMMENT ON CONSTRAINT nodes_user_id_fkey ON nodes IS 'whose'; COMMENT ON CONSTRAINT one_of ON nodes IS 'either'; COMMENT ON CONSTRAINT by_name ON nodes IS 'once'; \
             COMMENT ON INDEX nodes_pkey IS 'key index'; COMMENT ON INDEX latest IS 'newest'; COMMENT ON INDEX by_name IS 'names'; COMMENT ON CONSTRAINT by_place ON nodes IS 'places'; \
             GRANT SELECT ON users TO carried_reader; GRANT SELECT (id, user_id), UPDATE (user_id) ON nodes TO carried_reader; GRANT INSERT (parent_id) ON nodes TO PUBLIC; \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 10) n; \
             INSERT INTO nodes (user_id, parent_id, mail, name, place) SELECT n % 10 + 1, nullif(n - 1, 0), CASE WHEN n = 1 THEN 'm' END, 'n' || n, n FROM generate_series(1, 50) n;",
        convert: "{ table: users, to: uuid }; { table: nodes, to: uuid }",
        proof: "SELECT u.name, n.name, n.mail, p.name, n.place FROM nodes n JOIN users u ON u.id = n.user_id LEFT JOIN nodes p ON p.id = n.parent_id ORDER BY 1, 2",
        writes: &|old, new, n| {
            for (client, other, who) in [(old, new, "old"), (new, old, "new")] {
                client.run(&format!(
                    "INSERT INTO users (name) VALUES ('{who} {n}'); \
                     INSERT INTO nodes (user_id, mail, name, place) SELECT id, 'm', '{who} {n} root', 1 FROM users WHERE name = '{who} {n}'; \
                     INSERT INTO nodes (user_id, parent_id, name, place) SELECT user_id, id, '{who} {n} leaf', 2 FROM nodes WHERE name = '{who} {n} root'"
                ));
                // Two that change places: unique only at the end of the transaction.
                other.run(&format!(
                    "UPDATE nodes SET place = 2 WHERE name = '{who} {n} root'; UPDATE nodes SET place = 1 WHERE name = '{who} {n} leaf'"
                ));
                for both in [client, other] {
                    let twice = |columns: &str| format!("INSERT INTO nodes (user_id, {columns} FROM nodes WHERE name = '{who} {n} root'");
                    both.refuses(&twice("mail, name, place) SELECT user_id, 'm', name, 9"), "23505");
                    both.refuses(&twice("mail, name, place) SELECT user_id, 'm', 'other', place"), "23505");
                    both.refuses(&twice("mail, parent_id, name, place) SELECT user_id, 'm', id, 'other', 9"), "23514");
                    both.refuses(&twice("name, place) SELECT user_id, 'other', 9"), "23514");
                }
            }
        },
        keys: &[("users", "id"), ("nodes", "id")],
    }
    .go();
}

#[test]
fn domains_extended_statistics_replica_identities_and_statistics_targets_are_carried_and_come_back()
{
    let world = Journey {
        name: "carried_more",
        schema: "DO $$ BEGIN CREATE ROLE carried_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             CREATE SCHEMA facts; GRANT ALL ON SCHEMA public, facts TO carried_owner; \
             CREATE DOMAIN any_id AS bigint CHECK (VALUE > 0); CREATE DOMAIN user_key AS any_id CHECK (VALUE < 1000000 AND VALUE <> 13); \
             CREATE SEQUENCE user_keys; CREATE TABLE users (id user_key PRIMARY KEY DEFAULT nextval('user_keys'), name text NOT NULL); ALTER SEQUENCE user_keys OWNED BY users.id; \
             CREATE TABLE notes (id serial PRIMARY KEY, user_id user_key NOT NULL REFERENCES users, other_id any_id REFERENCES users, name text NOT NULL, kind text); \
             CREATE UNIQUE INDEX by_user ON notes (user_id, name); ALTER TABLE notes REPLICA IDENTITY USING INDEX by_user; ALTER TABLE users REPLICA IDENTITY USING INDEX users_pkey; \
             CREATE STATISTICS facts.by_kind (dependencies, ndistinct) ON user_id, kind FROM notes; ALTER STATISTICS facts.by_kind SET STATISTICS 77; \
             COMMENT ON STATISTICS facts.by_kind IS 'who''s what'; ALTER STATISTICS facts.by_kind OWNER TO carried_owner; \
             CREATE STATISTICS \"Missing\" ON (other_id IS NULL), lower(name) FROM notes; CREATE STATISTICS untouched ON name, kind FROM notes; \
             CREATE INDEX lowered ON notes (lower(name), user_id); ALTER INDEX lowered ALTER COLUMN 1 SET STATISTICS 333; \
             INSERT INTO users (name) SELECT 'u' || n FROM generate_series(1, 12) n; \
             INSERT INTO notes (user_id, other_id, name, kind) SELECT n % 12 + 1, nullif(n % 3, 0), 'n' || n, 'k' || n % 4 FROM generate_series(1, 50) n;",
        convert: "{ table: users, to: uuid }; { table: notes, to: uuid }",
        proof: "SELECT u.name, n.name, o.name FROM notes n JOIN users u ON u.id = n.user_id LEFT JOIN users o ON o.id = n.other_id ORDER BY 1, 2",
        writes: &|old, new, n| {
            for (client, who) in [(old, "old"), (new, "new")] {
                client.run(&format!(
                    "SELECT setval('user_keys', greatest(14, nextval('user_keys')));\
                     INSERT INTO users (name) VALUES ('{who} {n}'); \
                     INSERT INTO notes (user_id, name) SELECT id, '{who} {n}' FROM users WHERE name = '{who} {n}'; \
                     UPDATE notes SET other_id = user_id WHERE name = '{who} {n}'; \
                     INSERT INTO notes (user_id, other_id, name) SELECT id, id, '{who} {n} gone' FROM users WHERE name = '{who} {n}'; \
                     DELETE FROM notes WHERE name = '{who} {n} gone'"
                ));
            }
            old.refuses("INSERT INTO users (id, name) VALUES (13, 'x')", "23514");
        },
        keys: &[("users", "id"), ("notes", "id")],
    }
    .go();
    let columns = |sql: &str| world.sql(sql);
    assert_eq!(
        columns(
            "SELECT pg_get_statisticsobjdef(oid) || ' ' || obj_description(oid) || ' ' || stxowner::regrole FROM pg_statistic_ext WHERE stxname = 'by_kind'"
        ),
        "CREATE STATISTICS facts.by_kind (ndistinct, dependencies) ON kind, user_id FROM notes who's what carried_owner"
    );
    assert_eq!(
        columns("SELECT string_agg(stxname, ' ' ORDER BY stxname) FROM pg_statistic_ext"),
        "Missing by_kind untouched"
    );
    assert_eq!(
        columns(
            "SELECT string_agg(indexrelid::regclass::text, ' ' ORDER BY 1) FROM (SELECT indexrelid FROM pg_index WHERE indisreplident ORDER BY indexrelid::regclass::text) i"
        ),
        "by_user users_pkey"
    );
    assert_eq!(
        columns(
            "SELECT attstattarget FROM pg_attribute WHERE attrelid = 'lowered'::regclass AND attnum = 1"
        ),
        "333"
    );
    assert_eq!(
        columns("SELECT count(*) FROM pg_type WHERE typname IN ('any_id', 'user_key')"),
        "2",
        "domains stay, for whoever else uses them"
    );
}
