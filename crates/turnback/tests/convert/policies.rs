//! Row-level policies: those that read no key hold through every shape as they are, and those
//! that the plan gives anew change places with the names, there and back.

use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::journey::{Picture, no_trace};
use crate::world::World;

/// Two members who see their own notes, whatever their keys are made of.
const SCHEMA: &str = "DO $$ BEGIN CREATE ROLE policies_alice; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
     DO $$ BEGIN CREATE ROLE policies_bob; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
     CREATE TABLE users (id serial PRIMARY KEY, login text); \
     CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text NOT NULL); \
     CREATE TABLE rooms (name text PRIMARY KEY); \
     INSERT INTO users (login) VALUES ('policies_alice'), ('policies_bob'); \
     INSERT INTO notes (user_id, body) VALUES (1, 'hers'), (1, 'secret'), (2, 'his'); \
     INSERT INTO rooms VALUES ('hers'), ('his'); \
     GRANT SELECT, INSERT, UPDATE, DELETE ON users, notes, rooms TO policies_alice, policies_bob; \
     GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO policies_alice, policies_bob; \
     ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE rooms ENABLE ROW LEVEL SECURITY; \
     CREATE POLICY \"own notes\" ON notes TO policies_bob, policies_alice \
         USING (user_id = (SELECT u.id FROM users u WHERE u.login = current_user)); \
     COMMENT ON POLICY \"own notes\" ON notes IS 'one''s own'; \
     CREATE POLICY sealed ON notes AS RESTRICTIVE FOR SELECT USING (body <> 'secret'); \
     CREATE POLICY kept ON notes AS RESTRICTIVE FOR DELETE USING (user_id % 2 = 1); \
     CREATE POLICY guests ON rooms FOR SELECT \
         USING (name IN (SELECT n.body FROM notes n JOIN users u ON u.id = n.user_id WHERE u.login = current_user));";

/// The same in the words of the new shape. `kept` cannot compute with a uuid, and means the
/// same by asking for the login.
const PHASES: &str = "  - id: p
    operations:
      - convert_key:
          table: users
          to: uuid
          recreate:
            - policy: '\"own notes\"'
              on: notes
              sql: |
                CREATE POLICY \"own notes\" ON notes TO policies_alice, policies_bob
                USING (user_id = (SELECT u.id FROM users u WHERE u.login = current_user));
            - policy: kept
              on: notes
              sql: |
                CREATE POLICY kept ON notes AS RESTRICTIVE FOR DELETE
                USING (user_id = (SELECT id FROM users WHERE login = 'policies_alice'))
            - policy: guests
              on: rooms
              sql: |
                CREATE POLICY guests ON public.rooms FOR SELECT
                USING (name IN (SELECT n.body FROM notes n JOIN users u ON u.id = n.user_id WHERE u.login = current_user))
      - convert_key: { table: notes, to: uuid }
";

/// What every policy promises, through every shape that is there.
fn the_policies_hold(world: &World, paths: &[&str]) {
    for path in paths {
        let client = world.through(path);
        let refused = |sql: &str, why: &str| {
            let error = world
                .db
                .try_execute(&format!("SET search_path = {path}; {sql}"))
                .expect_err(sql);
            assert!(
                error.to_string().contains(why),
                "{sql} through {path}: {error}"
            );
        };
        for (role, own) in [("policies_alice", "hers"), ("policies_bob", "his")] {
            let as_role = |sql: &str| client.run(&format!("SET ROLE {role}; {sql}"));
            let notes = "SELECT string_agg(body, ' ' ORDER BY body) FROM notes";
            assert_eq!(as_role(notes), own, "{role} through {path}");
            let rooms = "SELECT string_agg(name, ' ' ORDER BY name) FROM rooms";
            assert_eq!(as_role(rooms), own, "{role} through {path}");
            // One's own can be written, nobody else's.
            let mine = format!("SELECT id, 'new' FROM users WHERE login = '{role}'");
            as_role(&format!("INSERT INTO notes (user_id, body) {mine}"));
            assert_eq!(
                as_role(notes),
                format!("{own} new"),
                "{role} through {path}"
            );
            refused(
                &format!(
                    "SET ROLE {role}; INSERT INTO notes (user_id, body) \
                     SELECT id, 'not mine' FROM users WHERE login <> '{role}'"
                ),
                "row-level security",
            );
            // The restrictive policy lets only her delete.
            as_role("DELETE FROM notes WHERE body = 'new'");
            let left = if role == "policies_alice" {
                own.to_owned()
            } else {
                format!("{own} new")
            };
            assert_eq!(as_role(notes), left, "{role} through {path}");
            world.sql("DELETE FROM notes WHERE body = 'new'");
        }
    }
}

fn definitions(world: &World) -> String {
    world.sql(
        "SELECT polname, polpermissive, polcmd, pg_get_expr(polqual, polrelid), obj_description(oid, 'pg_policy') \
         FROM pg_policy ORDER BY polname",
    )
}

fn has_invoker_views() -> bool {
    turnback_testkit::Cluster::shared()
        .binaries()
        .major_version()
        >= Some(15)
}

#[test]
fn policies_given_anew_change_places_at_the_cut_over_and_come_back_and_never_show_more() {
    if !has_invoker_views() {
        return;
    }
    let world = World::new("policies", SCHEMA, PHASES);
    let before = Picture::take(&world);
    let old = definitions(&world);
    the_policies_hold(&world, &["public"]);

    world.expand("p");
    assert_eq!(
        definitions(&world),
        old,
        "until the cut-over the old ones decide"
    );
    the_policies_hold(
        &world,
        &["public", "public_base, public", "public_p, public"],
    );

    world.up();
    let new = definitions(&world);
    assert!(
        new.contains("policies_alice") && new.contains("one's own"),
        "{new}"
    );
    the_policies_hold(
        &world,
        &["public", "public_base, public", "public_p, public"],
    );

    world.back();
    assert_eq!(
        definitions(&world),
        old,
        "after the way back the old ones decide"
    );
    assert_eq!(before.schema, Picture::take(&world).schema);
    the_policies_hold(&world, &["public"]);

    world.up();
    world.contract();
    assert_eq!(definitions(&world), new);
    no_trace(&world);
    the_policies_hold(&world, &["public"]);
}

#[test]
fn at_no_instant_does_anybody_see_more_or_less_than_the_policies_show() {
    if !has_invoker_views() {
        return;
    }
    let world = World::new("policies_watched", SCHEMA, PHASES);
    let watched = |paths: &[&str], work: &dyn Fn()| {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watchers: Vec<_> = paths
                .iter()
                .map(|path| scope.spawn(|| watch(&world, path, &stop)))
                .collect();
            {
                let _stop = StopAtEnd(&stop);
                work();
            }
            for (path, watcher) in paths.iter().zip(watchers) {
                let looks = watcher.join().expect("what a watcher saw is in its panic");
                println!("{looks} looks through {path}");
            }
        });
    };
    let (old, new) = ("public_base, public", "public_p, public");
    watched(&["public"], &|| world.expand("p"));
    watched(&["public", old, new], &|| world.up());
    watched(&["public", old, new], &|| {
        world.must(&["back", "--keep-new-shape", "--yes"], 5);
    });
    watched(&["public"], &|| world.back());
    world.up();
    watched(&["public"], &|| world.contract());
}

/// Looks again and again, as one of the members, each time in a transaction of its own: a row
/// that is not hers, or hers missing, is a panic. Gives the number of looks.
#[tokio::main(flavor = "current_thread")]
async fn watch(world: &World, path: &str, stop: &AtomicBool) -> u64 {
    let mut session = PgConnection::connect(world.db.url())
        .await
        .expect("the database is there");
    sqlx::raw_sql(AssertSqlSafe(format!(
        "SET search_path = {path}; SET ROLE policies_alice"
    )))
    .execute(&mut session)
    .await
    .expect("the role is there");
    let mut looks = 0;
    while looks < 2 || !stop.load(Ordering::Relaxed) {
        let row = sqlx::raw_sql("SELECT string_agg(body, ' ' ORDER BY body) FROM notes")
            .fetch_one(&mut session)
            .await
            .expect("the notes can be read at any time");
        let seen: Option<String> = row.get(0);
        assert_eq!(seen.as_deref(), Some("hers"), "through {path}");
        looks += 1;
    }
    looks
}

/// Stops the watchers, also when what they watch panics.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_policy_of_another_kind_or_that_does_not_fit_is_found_before_any_row_is_filled() {
    if !has_invoker_views() {
        return;
    }
    for (right, wrong, says) in [
        // Permissive where it was restrictive would let everybody's notes be deleted.
        (
            "kept ON notes AS RESTRICTIVE FOR DELETE",
            "kept ON notes FOR DELETE",
            "AS RESTRICTIVE FOR DELETE TO PUBLIC",
        ),
        (
            "TO policies_alice, policies_bob",
            "",
            "TO policies_alice, policies_bob",
        ),
        (
            "CREATE POLICY kept",
            "CREATE POLICY other",
            "must make policy kept on public.notes",
        ),
        (
            "(user_id = (SELECT id",
            "(user_id % 2 = (SELECT count(*)",
            "operator does not exist",
        ),
        (
            "(user_id = (SELECT id FROM users WHERE",
            "(user_id_turnback_old = (SELECT id_turnback_old FROM users WHERE",
            "an old column, which contract drops",
        ),
        (
            "CREATE POLICY guests",
            "COMMIT; CREATE POLICY guests",
            "transaction",
        ),
    ] {
        assert!(PHASES.contains(right), "{right}");
        let world = World::new("policies_wrong", SCHEMA, &PHASES.replace(right, wrong));
        let before = Picture::take(&world);
        let old = definitions(&world);
        let ran = world.run(&["up"]);
        let said = ran.said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            ran.code != 0
                && said.contains(says)
                && said.contains("correct the plan, then `turnback back`"),
            "{wrong}: {} {}",
            ran.code,
            ran.said
        );
        assert_eq!(definitions(&world), old, "{wrong}");
        assert_eq!(
            world.sql("SELECT count(*) FROM notes WHERE user_id_turnback_new IS NOT NULL"),
            "0",
            "{wrong}: no row was filled yet"
        );
        world.back();
        assert_eq!(before.schema, Picture::take(&world).schema, "{wrong}");
    }
}

#[test]
fn policies_that_read_no_key_stay_as_they_are_and_hold_through_every_shape() {
    if !has_invoker_views() {
        return;
    }
    let world = World::new(
        "policies_kept",
        "DO $$ BEGIN CREATE ROLE policies_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
         CREATE TABLE users (id serial PRIMARY KEY, login text, hidden bool DEFAULT false); \
         INSERT INTO users (login) VALUES ('policies_reader'), ('other'); \
         GRANT SELECT, INSERT ON users TO policies_reader; GRANT USAGE ON SEQUENCE users_id_seq TO policies_reader; \
         ALTER TABLE users ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY self ON users USING (login = current_user) WITH CHECK (login = current_user AND NOT hidden);",
        "  - id: p\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
    );
    let before = Picture::take(&world);
    let holds = |paths: &[&str]| {
        for path in paths {
            let own = "SET ROLE policies_reader; SELECT string_agg(DISTINCT login, ' ') FROM users";
            world.through(path).gives(own, "policies_reader");
            let insert = |login: &str| {
                world.db.try_execute(&format!(
                    "SET search_path = {path}; SET ROLE policies_reader; INSERT INTO users (login) VALUES ('{login}')"
                ))
            };
            insert("policies_reader").expect("a row of one's own");
            let error = insert("other").expect_err("a row of somebody else's");
            assert!(error.to_string().contains("row-level security"), "{error}");
        }
    };
    holds(&["public"]);
    world.expand("p");
    holds(&["public", "public_p, public"]);
    world.up();
    holds(&["public", "public_base, public", "public_p, public"]);
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);
    world.up();
    world.contract();
    holds(&["public"]);
}

#[test]
fn a_policy_given_anew_by_two_phases_comes_back_one_phase_at_a_time() {
    if !has_invoker_views() {
        return;
    }
    let phase = |id: &str, table: &str, using: &str| {
        format!(
            "  - id: {id}\n    operations:\n      - convert_key:\n          table: {table}\n          to: uuid\n          \
             recreate: [{{ policy: twice, on: notes, sql: 'CREATE POLICY twice ON notes USING ({using})' }}]\n"
        )
    };
    let world = World::new(
        "policies_phases",
        "CREATE TABLE users (id serial PRIMARY KEY, login text); \
         CREATE TABLE notes (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, body text); \
         ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY twice ON notes USING (id > 0 AND user_id > 0); \
         INSERT INTO users (login) VALUES ('a'); INSERT INTO notes (user_id, body) VALUES (1, 'b');",
        &[
            phase("p1", "users", "id > 0 AND user_id IS NOT NULL"),
            phase("p2", "notes", "id IS NOT NULL AND user_id IS NOT NULL"),
        ]
        .concat(),
    );
    let before = Picture::take(&world);
    world.must(&["up", "--to", "p1"], 0);
    let one = definitions(&world);
    assert!(
        one.contains("((id > 0) AND (user_id IS NOT NULL))"),
        "{one}"
    );
    // The SQL of the second phase is tried as early as that of the first.
    let plan = world.must(&["plan", "--sql"], 0);
    let tried = plan.find("the rehearsal went well");
    let filled = plan.find("SET id_turnback_new");
    assert!(tried < filled && tried.is_some(), "{plan}");
    world.up();
    let two = definitions(&world);
    assert!(
        two.contains("((id IS NOT NULL) AND (user_id IS NOT NULL))"),
        "{two}"
    );
    world.must(&["back", "--yes"], 5);
    assert_eq!(definitions(&world), one);
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);
    world.up();
    world.contract();
    assert_eq!(definitions(&world), two);
    no_trace(&world);
}

#[test]
fn a_policy_that_asks_a_view_is_given_anew_and_asks_the_view_of_its_shape() {
    if !has_invoker_views() {
        return;
    }
    let policy = "CREATE POLICY members ON rooms USING (name IN (SELECT m.room FROM mine m WHERE m.user_id IS NOT NULL))";
    let world = World::new(
        "policies_view",
        &format!(
            "DO $$ BEGIN CREATE ROLE policies_viewer; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$; \
             CREATE TABLE users (id serial PRIMARY KEY, login text); CREATE TABLE rooms (name text PRIMARY KEY); \
             CREATE TABLE members (user_id int REFERENCES users, room text, PRIMARY KEY (user_id, room)); \
             CREATE VIEW mine AS SELECT m.user_id, m.room FROM members m JOIN users u ON u.id = m.user_id WHERE u.login = current_user; \
             GRANT SELECT ON users, rooms, members, mine TO policies_viewer; ALTER TABLE rooms ENABLE ROW LEVEL SECURITY; {policy}; \
             INSERT INTO users (login) VALUES ('policies_viewer'), ('other'); INSERT INTO rooms VALUES ('in'), ('out'); INSERT INTO members VALUES (1, 'in'), (2, 'out');"
        ),
        &format!(
            "  - id: p\n    operations:\n      - convert_key:\n          table: users\n          to: uuid\n          \
             recreate: [{{ policy: members, on: rooms, sql: '{policy}' }}]\n"
        ),
    );
    let before = Picture::take(&world);
    let shows = |paths: &[&str]| {
        for path in paths {
            let seen = "SET ROLE policies_viewer; SELECT string_agg(name, ' ') FROM rooms";
            world.through(path).gives(seen, "in");
        }
    };
    let (old, new) = ("public_base, public", "public_p, public");
    shows(&["public"]);
    world.expand("p");
    shows(&["public", old, new]);
    world.up();
    shows(&["public", old, new]);
    world.back();
    assert_eq!(before.schema, Picture::take(&world).schema);
    shows(&["public"]);
    world.up();
    world.contract();
    shows(&["public"]);
    assert_eq!(
        world.sql("SELECT count(*) FROM pg_views WHERE viewname = 'mine'"),
        "1"
    );
}
