//! What is copied, from where, and that the target is only read.

use turnback_testkit::Cluster;

use crate::world::World;

/// A circle of references, one of them deferred and needed; a table's own; a domain, checks,
/// a generated column, a key made of references, a table that refuses rows; odd names.
const SHOP: &str = r#"
CREATE SCHEMA billing;
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN email AS text CHECK (VALUE ~ '^[^@]+@[^@]+$');
CREATE TABLE users (id serial PRIMARY KEY, email email NOT NULL UNIQUE, mood mood NOT NULL,
  age int CHECK (age BETWEEN 0 AND 150), manager_id int REFERENCES users ON DELETE SET NULL, team_id bigint);
CREATE TABLE teams (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(12) NOT NULL UNIQUE,
  lead_id int NOT NULL REFERENCES users DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE users ADD FOREIGN KEY (team_id) REFERENCES teams DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE profile (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE, bio jsonb NOT NULL, tags text[]);
CREATE TABLE membership (team_id bigint REFERENCES teams, user_id int REFERENCES users,
  since date NOT NULL DEFAULT current_date, PRIMARY KEY (team_id, user_id));
CREATE TABLE billing.invoice (no serial PRIMARY KEY, user_id int NOT NULL REFERENCES public.users,
  amount numeric(10,2) NOT NULL CHECK (amount > 0), doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
  state text NOT NULL CHECK (state IN ('open', 'paid')));
CREATE TABLE frozen (id serial PRIMARY KEY, user_id int REFERENCES users, v int);
CREATE TABLE "Odd ""name" ("Id" serial PRIMARY KEY, "user" int REFERENCES users, "order" text);
INSERT INTO users (email, mood, age, manager_id)
  SELECT 'user' || g || '@example.org', 'happy', g % 90, CASE WHEN g > 1 THEN g / 2 END FROM generate_series(1, 2000) g;
INSERT INTO users (email, mood, age) SELECT 'last' || g || '@example.org', 'sad', 5 FROM generate_series(1, 3) g;
UPDATE users SET manager_id = NULL WHERE manager_id = 0;
INSERT INTO teams (name, lead_id) SELECT 'team ' || g, g * 7 FROM generate_series(1, 50) g;
UPDATE users SET team_id = 1 + id % 50;
INSERT INTO profile SELECT id, jsonb_build_object('n', id), ARRAY['x', 'y'] FROM users WHERE id % 2 = 0;
INSERT INTO membership SELECT 1 + id % 50, id FROM users;
INSERT INTO billing.invoice (user_id, amount, state)
  SELECT 1 + g % 2000, g + 0.5, CASE WHEN g % 2 = 0 THEN 'open' ELSE 'paid' END FROM generate_series(1, 3000) g;
INSERT INTO frozen (user_id, v) SELECT g, g FROM generate_series(1, 40) g;
INSERT INTO "Odd ""name" ("user", "order") SELECT g, 'o' FROM generate_series(1, 40) g;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'frozen since 2020'; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR DELETE ON frozen FOR EACH ROW EXECUTE FUNCTION refuse();
ANALYZE;
"#;

const USERS_AND_TEAMS: &str = "  - id: people
    operations:
      - convert_key: { table: users, to: uuid }
      - convert_key: { table: teams, to: uuid }
  - id: invoices
    operations:
      - convert_key: { table: billing.invoice, to: uuid }";

/// The URL of another role on the same database.
fn as_role(url: &str, role: &str) -> String {
    url.replacen("postgres@", &format!("{role}@"), 1)
}

#[test]
fn a_role_that_may_only_read_rehearses_a_sample_in_which_every_reference_holds() {
    let Some(world) = World::new("sample", SHOP, USERS_AND_TEAMS) else {
        return;
    };
    let role = format!("{}_reader", world.db.name());
    world.db.execute(&format!(
        "CREATE ROLE {role} LOGIN; GRANT pg_read_all_data TO {role}; ALTER ROLE {role} SET default_transaction_read_only = on"
    ));
    let target = as_role(world.db.url(), &role);
    assert_ne!(target, world.db.url());
    let ran = world.rehearse_as(&target, &["--rows", "200", "--json"]);
    world.db.execute(&format!("DROP ROLE {role}"));
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.said);
    let report = ran.report();
    assert_eq!(report["verdict"], "go");
    assert_eq!(report["catalog"]["identical"], true);

    // Constraints were added after the rows: that they are there proves that every reference holds.
    let copied = |table: &str| {
        let all = report["copied"].as_array().expect("a list");
        let found = all.iter().find(|copied| copied["table"] == table);
        found
            .unwrap_or_else(|| panic!("no {table} in {report}"))
            .clone()
    };
    let users = copied("public.users");
    assert_eq!(users["how"], "sampled");
    assert!(users["for_references"].as_u64() > Some(0), "{users}");
    assert!(users["rows"].as_u64() < Some(2003), "{users}");
    assert_eq!(copied("public.teams")["how"], "whole");

    // What could not be written is said, with the reason, and everything else was.
    let tables = report["tables"].as_array().expect("a list");
    for table in tables {
        if table["table"] == "public.frozen" {
            assert_eq!(table["how"], "changed and read");
            assert!(
                table["why"]
                    .as_str()
                    .unwrap_or("")
                    .contains("frozen since 2020"),
                "{table}"
            );
        } else {
            assert_eq!(table["how"], "written", "{table}");
        }
    }
    assert_eq!(tables.len(), 7, "{tables:#?}");
    let last = report["compared"]
        .as_array()
        .and_then(|all| all.last())
        .expect("it was compared");
    assert!(last["acknowledged"].as_u64() > Some(0), "{last}");

    // Locks: what the cut-over took is there, by the mode that the server showed.
    let locks = report["locks"].as_array().expect("a list");
    assert!(
        locks.iter().any(|lock| lock["step"] == "cut_over"
            && lock["mode"] == "AccessExclusive"
            && lock["blocks"] == "readers_and_writers"),
        "{locks:#?}"
    );
}

#[test]
fn rows_are_made_up_that_no_check_refuses() {
    let Some(world) = World::new("madeup", SHOP, USERS_AND_TEAMS) else {
        return;
    };
    let ran = world.rehearse(&["--generate", "--rows", "150", "--json"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.said);
    for copied in ran.report()["copied"].as_array().expect("a list") {
        assert_eq!(copied["how"], "made up", "{copied}");
        assert!(copied["rows"].as_u64() >= Some(40), "{copied}");
    }
}

#[test]
fn a_database_that_is_given_must_be_empty_and_is_empty_again() {
    let Some(world) = World::new(
        "given",
        "CREATE TABLE t (id serial PRIMARY KEY, v int); INSERT INTO t (v) SELECT g FROM generate_series(1, 20) g",
        "  - id: keys\n    operations:\n      - convert_key: { table: t, to: uuid }",
    ) else {
        return;
    };
    let own = world.rehearse(&["--on", world.db.url()]);
    assert_eq!(own.code, 2, "{}", own.said);
    assert!(own.said.contains("is not empty"), "{}", own.said);

    let place = Cluster::shared().database("place");
    let empty = place.dump(&[]);
    let ran = world.rehearse(&["--on", place.url(), "--schema-only"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.said);
    assert!(ran.out.contains("is empty again"), "{}", ran.out);
    assert_eq!(empty, place.dump(&[]));

    let kept = world.rehearse(&["--on", place.url(), "--keep"]);
    assert_eq!(kept.code, 0, "{}\n{}", kept.out, kept.said);
    assert_eq!(place.execute("SELECT count(*) > 20 FROM t"), "t");
}

#[test]
fn a_target_in_the_middle_of_a_phase_is_refused() {
    let world = World::never_copied(
        "begun",
        "CREATE TABLE t (id serial PRIMARY KEY); \
         CREATE SCHEMA turnback; CREATE TABLE turnback.phase (plan text, phase text, state text); \
         INSERT INTO turnback.phase VALUES ('shop', 'keys', 'expanded')",
        "  - id: keys\n    operations:\n      - convert_key: { table: t, to: uuid }",
    );
    let ran = world.rehearse(&[]);
    assert_eq!(ran.code, 2, "{}", ran.said);
    assert!(ran.said.contains("keys (expanded)"), "{}", ran.said);
}
