//! Clients with few rights and odd search paths write as before.

use crate::world::World;

#[test]
fn clients_without_rights_on_the_referenced_table_or_without_a_search_path_write_as_before() {
    let world = World::new(
        "rights",
        "DO $$ BEGIN CREATE ROLE rights_writer; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
         DO $$ BEGIN CREATE ROLE rights_owner; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
         CREATE SCHEMA shop AUTHORIZATION rights_owner; \
         CREATE TABLE shop.users (id serial PRIMARY KEY, name text); \
         CREATE TABLE shop.notes (id serial PRIMARY KEY, user_id int REFERENCES shop.users DEFERRABLE INITIALLY DEFERRED, body text, secret text); \
         ALTER TABLE shop.users OWNER TO rights_owner; ALTER TABLE shop.notes OWNER TO rights_owner; \
         GRANT USAGE ON SCHEMA shop TO rights_writer; GRANT INSERT ON shop.notes TO rights_writer; \
         GRANT SELECT (user_id, body), UPDATE (user_id) ON shop.notes TO rights_writer; GRANT USAGE ON SEQUENCE shop.notes_id_seq TO rights_writer; \
         INSERT INTO shop.users (id, name) VALUES (1, 'a'), (2, 'b');",
        "  - id: p\n    operations:\n      - convert_key: { table: shop.users, to: uuid }\n      - convert_key: { table: shop.notes, to: uuid }\n",
    );
    let insert = |schema: &str, key: &str, n: &str| {
        for path in ["''", "pg_temp, pg_catalog", "nowhere"] {
            world.sql(&format!(
                "SET search_path = {path}; SET ROLE rights_writer; INSERT INTO {schema}.notes (user_id, body) VALUES ({key}, '{n}'); \
                 UPDATE {schema}.notes SET user_id = {key} WHERE body = '{n}'"
            ));
        }
        let refused = world
            .db
            .try_execute(&format!(
                "SET ROLE rights_writer; SELECT secret FROM {schema}.notes"
            ))
            .expect_err("a column that is not granted cannot be read");
        assert!(
            refused.to_string().contains("permission denied"),
            "{refused}"
        );
        world
            .db
            .try_execute(&format!(
                "SET ROLE rights_writer; SELECT FROM {schema}.users"
            ))
            .expect_err("a table that is not granted cannot be read");
        // The owner of a schema finds the version schema open too.
        world.sql(&format!("SET ROLE rights_owner; SELECT count(*) FROM {schema}.notes; INSERT INTO {schema}.notes (user_id, body) VALUES ({key}, '{n}')"));
        // A reference to a row that comes later makes a promise, whoever the client is.
        world
            .db
            .try_execute(&format!(
                "SET ROLE rights_writer; INSERT INTO {schema}.notes (user_id) VALUES ({})",
                if key == "1" {
                    "99"
                } else {
                    "gen_random_uuid()"
                }
            ))
            .expect_err("the row never comes");
    };
    let uuid = |column: &str| {
        format!(
            "'{}'",
            world.sql(&format!("SELECT {column} FROM shop.users WHERE name = 'a'"))
        )
    };
    world.expand("p");
    insert("shop", "1", "1");
    insert("shop_p", &uuid("id_turnback_new"), "2");
    world.up();
    insert("shop_base", "1", "3");
    insert("shop", &uuid("id"), "4");
    insert("shop_p", &uuid("id"), "5");
    let proof = "SELECT body, count(*) FROM notes JOIN users ON users.id = user_id WHERE name = 'a' GROUP BY 1 ORDER BY 1";
    let rows = "1|4\n2|4\n3|4\n4|4\n5|4";
    world.through("shop").gives(proof, rows);
    world.through("shop_base").gives(proof, rows);
    world.back();
    world.through("shop").gives(proof, rows);
}
