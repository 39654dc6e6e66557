//! What hangs on key columns: indexes, constraints, comments, grants, statistics targets.

use crate::journey::Journey;

#[test]
fn indexes_constraints_comments_grants_and_statistics_targets_are_carried_and_come_back() {
    Journey {
        name: "carried",
        schema: "DO $$ BEGIN CREATE ROLE carried_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
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
