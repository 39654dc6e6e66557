//! `plan`: what will happen, for people, as SQL and as JSON.

use serde_json::Value;

use crate::world::{TWO_PHASES, World};

#[test]
fn every_phase_is_told_with_stages_locks_clients_and_objects() {
    let world = World::chat("told", TWO_PHASES);
    let said = world.must(&["plan"], 0);
    for told in [
        "Phase 1 of 2: logs (pending)",
        "Phase 2 of 2: users (pending)",
        "expand (",
        "cut over (",
        "settle (",
        "swap back (",
        "drop new (",
        "contract (",
        "retire (",
        "ACCESS EXCLUSIVE",
        "for at most 100 ms",
        "old shape: SET search_path = public_base, public",
        "new shape: SET search_path = public_logs, public",
        "no promise",
    ] {
        assert!(words(&said).contains(told), "{told} is not in:\n{said}");
    }
    assert!(
        !said.contains("users_pkey_turnback_new"),
        "objects are counted, not listed:\n{said}"
    );
    let steps = world.must(&["plan", "--steps"], 0);
    for told in [
        "index public.users_pkey_turnback_new_users",
        "vacuum and analyse public.messages",
        "sequence public.users_id_seq",
    ] {
        assert!(words(&steps).contains(told), "{told} is not in:\n{steps}");
    }
}

/// The text with every line break and margin as one space.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn piped_output_keeps_to_a_page() {
    let world = World::chat("page", TWO_PHASES);
    world
        .db
        .execute("CREATE MATERIALIZED VIEW seen AS SELECT id FROM audit_logs");
    for arguments in [&["plan"][..], &["plan", "--steps"], &["check"]] {
        let said = world.must(arguments, 3);
        let long = said.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{arguments:?}");
    }
}

#[test]
fn a_phase_that_something_stands_in_the_way_of_is_told_and_the_others_are_planned() {
    let world = World::chat("in_the_way", TWO_PHASES);
    world
        .db
        .execute("CREATE MATERIALIZED VIEW seen AS SELECT id FROM audit_logs");
    let said = world.must(&["plan"], 3);
    assert!(said.contains("materialized view public.seen"), "{said}");
    let json = world.json("plan", 3);
    assert_eq!(json["phases"][0]["is_planned"], Value::Bool(false));
    assert_eq!(json["phases"][1]["is_planned"], Value::Bool(true));
}

#[test]
fn json_has_names_that_scripts_can_rely_on() {
    let world = World::chat("json", TWO_PHASES);
    let json = world.json("plan", 0);
    assert_eq!(json["plan"], "test");
    assert_eq!(json["lock_timeout_ms"], 100);
    let phase = &json["phases"][1];
    assert_eq!(phase["phase"], "users");
    assert_eq!(phase["state"], "pending");
    assert_eq!(phase["clients"]["new_search_path"], "public_users, public");
    for list in ["steps", "rewrites", "findings", "irreversible", "after"] {
        assert!(phase[list].is_array(), "{list}");
    }
    for list in ["created", "changed", "dropped"] {
        assert!(phase["objects"][list].is_array(), "{list}");
    }
    let step = &phase["steps"][0];
    assert_eq!(step["stage"], "expand");
    assert_eq!(step["kind"], "transaction");
    assert_eq!(step["is_done"], false);
    assert_eq!(step["locks"][0]["table"], "public.users");
    assert_eq!(step["locks"][0]["mode"], "access_exclusive");
    assert_eq!(step["holds_up"], "readers and writers");
    assert_eq!(step["queue_ms_at_most"], 100);
    assert_eq!(step["statements"][0], "BEGIN");
    for number in ["rewritten_bytes", "index_bytes", "wal_bytes", "seconds"] {
        assert!(phase["forecast"][number].is_number(), "{number}");
    }
}

#[test]
fn clients_of_several_schemas_are_told_a_search_path_that_shows_all_of_one_shape() {
    let world = World::chat("schemas", TWO_PHASES);
    world.db.execute(
        "CREATE SCHEMA billing; \
         CREATE TABLE billing.invoices (id serial PRIMARY KEY, user_id integer REFERENCES users); \
         INSERT INTO users (email, name) VALUES ('a@example.org', 'a'); \
         INSERT INTO billing.invoices (user_id) SELECT id FROM users",
    );
    let json = world.json("plan", 0);
    let clients = &json["phases"][1]["clients"];
    let path = |shape: &str| clients[shape].as_str().expect("a search path").to_owned();
    assert_eq!(
        path("new_search_path"),
        "public_users, public, billing_users, billing"
    );
    world.must(&["up"], 0);
    for (shape, of) in [("old_search_path", "integer"), ("new_search_path", "uuid")] {
        let seen = world.db.execute(&format!(
            "SET search_path = {}; \
             SELECT DISTINCT pg_typeof(i.user_id) FROM invoices i JOIN users u ON u.id = i.user_id",
            path(shape)
        ));
        assert_eq!(seen, of, "{shape}: {}", path(shape));
    }
}

#[test]
fn a_password_is_in_no_output() {
    let world = World::chat("secret", TWO_PHASES);
    world.write_plan(&format!(
        "version: 1\nname: test\ntarget: {}\nphases:{TWO_PHASES}",
        "postgres://postgres:hush-hush@127.0.0.1/nowhere"
    ));
    let (scheme, rest) = world.db.url().split_once("://").expect("a URL");
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let user = rest
        .split_once([':', '@'])
        .map_or("postgres", |(user, _)| user);
    let url = format!("{scheme}://{user}:hush-hush@{place}");
    for arguments in [
        &["plan"][..],
        &["plan", "--steps"],
        &["plan", "--sql"],
        &["plan", "--json"],
        &["check"],
        &["check", "--json"],
    ] {
        let ran = world.run_on(&url, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:#?}");
        assert!(
            !ran.out.contains("hush") && !ran.err.contains("hush"),
            "{arguments:?}: {ran:#?}"
        );
    }
}

#[test]
fn plan_and_check_change_nothing() {
    let world = World::chat("untouched", TWO_PHASES);
    let before = world.db.dump(&[]);
    for arguments in [&["plan"][..], &["plan", "--sql"], &["check"]] {
        world.must(arguments, 0);
    }
    assert_eq!(before, world.db.dump(&[]));
}
