//! Names that need care: other schemas, capitals, reserved words, quotes, 63 bytes.

use crate::journey::{Journey, Picture, no_trace, outline};
use crate::world::World;

#[test]
fn capitals_reserved_words_and_quotes_in_names_survive() {
    Journey {
        name: "odd_names",
        schema: r#"CREATE TABLE "User" ("ID" serial PRIMARY KEY, "order" text, "a""b" int);
             CREATE TABLE "Order" ("select" serial, "User ID" int NOT NULL REFERENCES "User", "Über" int REFERENCES "User" ("ID"), PRIMARY KEY ("select"), CONSTRAINT "Check it" CHECK ("User ID" IS NOT NULL));
             CREATE INDEX "Order by User" ON "Order" ("User ID", "Über") WHERE "Über" IS NULL;
             INSERT INTO "User" ("order") SELECT 'u' || n FROM generate_series(1, 10) n; INSERT INTO "Order" ("User ID") SELECT "ID" FROM "User";"#,
        convert: r#"{ table: '"User"', to: uuid }; { table: '"Order"', to: uuid }"#,
        proof: r#"SELECT u."order", count(o."select") FROM "User" u LEFT JOIN "Order" o ON o."User ID" = u."ID" GROUP BY 1 ORDER BY 1"#,
        writes: &|old, new, n| {
            for (client, who) in [(old, "old"), (new, "new")] {
                client.run(&format!(
                    r#"INSERT INTO "User" ("order", "a""b") VALUES ('{who} {n}', {n}); INSERT INTO "Order" ("User ID", "Über") SELECT "ID", "ID" FROM "User" WHERE "order" = '{who} {n}'"#
                ));
                client.run(r#"UPDATE "Order" SET "Über" = NULL WHERE "Über" IS NOT NULL"#);
            }
        },
        keys: &[("User", "ID"), ("Order", "select")],
    }
    .go();
}

#[test]
fn names_as_long_as_postgresql_allows_survive() {
    // Alike but for the last byte: a name that is merely cut would be another's.
    let long = |letter: &str, mark: &str| format!("{}{mark}", letter.repeat(62));
    let (users, notes, id) = (long("x", "u"), long("x", "n"), long("i", "d"));
    let (user, other) = (
        format!("{}a", "ü".repeat(31)),
        format!("{}b", "ü".repeat(31)),
    );
    let world = World::new(
        "long_names",
        &format!(
            r#"CREATE TABLE {users} ({id} serial CONSTRAINT {key} PRIMARY KEY, name text);
               CREATE TABLE {notes} (id serial PRIMARY KEY, "{user}" int CONSTRAINT {first} REFERENCES {users}, "{other}" int CONSTRAINT {second} REFERENCES {users});
               CREATE INDEX {index}1 ON {notes} ("{user}"); CREATE INDEX {index}2 ON {notes} ("{other}");
               INSERT INTO {users} (name) SELECT n::text FROM generate_series(1, 10) n; INSERT INTO {notes} ("{user}") SELECT {id} FROM {users};"#,
            key = long("k", "p"),
            first = long("f", "1"),
            second = long("f", "2"),
            index = "j".repeat(62)
        ),
        &format!(
            "  - id: p-345678901234567890123456789012345678-p\n    operations:\n      - convert_key: {{ table: {users}, to: uuid }}\n      - convert_key: {{ table: {notes}, to: uuid }}\n"
        ),
    );
    let before = Picture::take(&world);
    world.up();
    world.sql(&format!(
        r#"INSERT INTO {users} (name) VALUES ('new'); INSERT INTO {notes} ("{user}", "{other}") SELECT {id}, {id} FROM {users} WHERE name = 'new'"#
    ));
    world.back();
    let after = Picture::take(&world);
    assert_eq!(before.schema, after.schema);
    assert!(before.rows.is_subset(&after.rows));
    world.up();
    world.contract();
    assert_eq!(
        world.sql(&format!(
            r#"SELECT count(*) FROM {users} JOIN {notes} ON {id} IN ("{user}", "{other}") WHERE name = 'new'"#
        )),
        "1"
    );
    no_trace(&world);
}

#[test]
fn tables_of_several_schemas_are_converted_together_and_come_back() {
    // `a.b_c` and `a_b.c`, told apart only by where the underscore stands.
    let world = World::new(
        "schemas",
        r#"CREATE SCHEMA a; CREATE SCHEMA a_b; CREATE SCHEMA "Sales";
           CREATE TABLE a.b_c (id serial PRIMARY KEY, name text); CREATE TABLE a_b.c (id serial PRIMARY KEY, other_id int REFERENCES a.b_c, own_id int REFERENCES a_b.c, name text);
           CREATE TABLE "Sales".orders (id serial PRIMARY KEY, b_c int REFERENCES a.b_c, c int REFERENCES a_b.c);
           ALTER TABLE a.b_c ADD sibling_id int REFERENCES a.b_c;
           INSERT INTO a.b_c (name) VALUES ('x'), ('y'); INSERT INTO a_b.c (other_id, own_id, name) VALUES (1, 1, 'x'); INSERT INTO "Sales".orders (b_c, c) VALUES (1, 1);"#,
        "  - id: p\n    operations:\n      - convert_key: { table: a.b_c, to: uuid }\n      - convert_key: { table: a_b.c, to: uuid }\n",
    );
    let before = Picture::take(&world);
    world.expand("p");
    let write = |old: &str, new: &str, n: u32| {
        for (path, who) in [(old, "old"), (new, "new")] {
            world.through(path).run(&format!(
                "INSERT INTO b_c (name, sibling_id) SELECT '{who} {n}', id FROM b_c WHERE name = 'x'; INSERT INTO c (other_id, name) SELECT id, '{who} {n}' FROM b_c WHERE name = '{who} {n}'; \
                 UPDATE c SET own_id = id WHERE name = '{who} {n}'; INSERT INTO orders (b_c, c) SELECT b_c.id, c.id FROM b_c, c WHERE b_c.name = '{who} {n}' AND c.name = '{who} {n}'"
            ));
        }
        let proof = "SELECT b_c.name, s.name, c.name, o.name FROM orders JOIN b_c ON b_c.id = orders.b_c JOIN c ON c.id = orders.c LEFT JOIN b_c s ON s.id = b_c.sibling_id LEFT JOIN c o ON o.id = c.own_id ORDER BY 1";
        let through_old = world.through(old).run(proof);
        world.through(new).gives(proof, &through_old);
        assert_eq!(through_old.lines().count() as u32, 1 + 2 * n);
    };
    write(r#"a, a_b, "Sales""#, r#"a_p, a_b_p, "Sales_p""#, 1);
    world.up();
    write(r#"a_base, a_b_base, "Sales_base""#, r#"a, a_b, "Sales""#, 2);
    world.back();
    let after = Picture::take(&world);
    assert_eq!(before.schema, after.schema);
    assert!(before.rows.is_subset(&after.rows));
    assert_eq!(
        world.sql(r#"SELECT count(*) FROM "Sales".orders JOIN a.b_c ON b_c.id = b_c"#),
        "5"
    );
    world.up();
    world.contract();
    no_trace(&world);
}

#[test]
fn a_phase_called_base_does_not_take_the_name_of_the_old_shape() {
    let world = World::new(
        "base",
        "CREATE TABLE users (id serial PRIMARY KEY); INSERT INTO users DEFAULT VALUES",
        "  - id: base\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    let before = world.db.dump(&["turnback"]);
    let ran = world.run(&["up"]);
    assert!(matches!(ran.code, 2 | 3), "{} {}", ran.code, ran.said);
    assert!(ran.said.contains("base"), "{}", ran.said);
    assert_eq!(before, world.db.dump(&["turnback"]));
}

#[test]
fn a_not_null_keeps_the_name_that_was_chosen_or_cut_for_it() {
    // Before PostgreSQL 18 it has none, and there is nothing to keep.
    let long = "a_column_whose_name_is_as_long_as_postgresql_lets_a_name_be_";
    let world = World::new(
        "not_null_names",
        &format!(
            "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY CONSTRAINT \"must be\" NOT NULL PRIMARY KEY); \
             CREATE TABLE a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be_ \
             (n serial PRIMARY KEY, {long}_1 int NOT NULL REFERENCES t, {long}_2 int NOT NULL REFERENCES t);"
        ),
        "  - id: p\n    operations:\n      - convert_key: { table: t, to: uuid }\n",
    );
    let before = outline(&world);
    world.up();
    world.back();
    assert_eq!(before, outline(&world));
    world.up();
    world.contract();
    assert_eq!(before, outline(&world));
}
