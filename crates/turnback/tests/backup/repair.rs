//! What is half done is found from the ledger alone, and completed or turned back.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::world::World;

/// A run that stopped in the middle of expand, for a client held a table; plan file and journal
/// are lost.
fn half_way(name: &str) -> Option<World> {
    let world = World::new(name, "")?;
    std::fs::write(
        world.path("turnback.yaml"),
        "version: 1\nname: shop\nsettings: { lock_timeout: 10ms, lock_attempts: 2 }\nphases:\n  - id: keys\n    operations:\n      - convert_key: { table: users, to: uuid }\n      - convert_key: { table: orders, to: uuid }\n",
    )
    .expect("it can be written");
    let mut holder = Command::new("psql")
        .args(["-XAtq", "-d", world.db.url()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("psql runs");
    {
        use std::io::{BufRead, BufReader, Write};
        let input = holder.stdin.as_mut().expect("it is piped");
        input
            .write_all(b"BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE; SELECT 'held';\n")
            .expect("it listens");
        let mut said = String::new();
        BufReader::new(holder.stdout.as_mut().expect("it is piped"))
            .read_line(&mut said)
            .expect("it answers");
        assert_eq!(said.trim(), "held");
    }
    let stopped = world.must(&["up"], 4);
    assert!(
        stopped.contains("turnback up") || stopped.contains("same command"),
        "{stopped}"
    );
    holder.kill().expect("it is ours");
    holder.wait().expect("it is ours");
    std::fs::remove_file(world.path("turnback.yaml")).expect("it is there");
    std::fs::remove_dir_all(world.path(".turnback")).expect("it is there");
    Some(world)
}

fn found(world: &World) -> Value {
    let ran = world.run(&["repair", "--json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    serde_json::from_str(&ran.out).expect("--json prints JSON")
}

#[test]
fn a_half_way_database_is_completed_from_the_ledger_alone() {
    let Some(world) = half_way("repair_complete") else {
        return;
    };
    let said = world.must(&["repair"], 0);
    assert!(
        said.contains("plan shop, phase keys is expanding"),
        "{said}"
    );
    assert!(
        said.contains("public.orders") && said.contains("--complete") && said.contains("--back"),
        "{said}"
    );
    let all = found(&world);
    let steps = all["plans"][0]["half_way"][0]["steps"]
        .as_array()
        .expect("a list");
    let of = |table: &str, there: &str| {
        steps
            .iter()
            .filter(|s| s["table"] == table && s["there"] == there)
            .count()
    };
    assert!(of("public.users", "done") > 0, "{steps:#?}");
    assert!(
        of("public.orders", "missing") > 0 && of("public.orders", "done") == 0,
        "{steps:#?}"
    );
    world.must(&["repair", "--complete", "--yes"], 0);
    assert_eq!(
        world.db.execute("SELECT phase, state FROM turnback.phase"),
        "keys|expanded"
    );
    assert_eq!(
        world.db.execute(
            "SELECT count(*) FROM public_keys.orders o JOIN public_keys.users u ON u.id = o.user_id"
        ),
        "3000"
    );
    let said = world.must(&["repair"], 0);
    assert!(said.contains("Nothing is half done"), "{said}");
}

#[test]
fn a_half_way_database_is_turned_back_from_the_ledger_alone() {
    let Some(world) = half_way("repair_back") else {
        return;
    };
    world.must(&["repair", "--back", "--yes"], 5);
    assert_eq!(
        world.db.execute("SELECT phase, state FROM turnback.phase"),
        "keys|pending"
    );
    assert_eq!(world.db.execute("SELECT count(*) FROM information_schema.columns WHERE column_name LIKE '%turnback%' AND table_schema = 'public'"), "0");
}

#[test]
fn nothing_is_built_upon_what_somebody_took_away() {
    let Some(world) = half_way("repair_lost") else {
        return;
    };
    // What the last step that is done has made.
    let all = found(&world);
    let steps = all["plans"][0]["half_way"][0]["steps"]
        .as_array()
        .expect("a list");
    assert!(
        steps.iter().all(|step| step["there"] != "lost"),
        "{steps:#?}"
    );
    world.db.execute(
        "DO $$ DECLARE t record; BEGIN \
           FOR t IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal AND tgname LIKE '%turnback%' \
           LOOP EXECUTE format('DROP TRIGGER %I ON users', t.tgname); END LOOP; END $$; \
         ALTER TABLE users DROP COLUMN id_turnback_new",
    );
    let said = world.must(&["repair"], 0);
    assert!(said.contains("Nothing should be built upon that"), "{said}");
    let said = world.must(&["repair", "--complete", "--yes"], 6);
    assert!(said.contains("is left as it is"), "{said}");
}

#[test]
fn without_a_ledger_there_is_nothing_to_repair() {
    let Some(world) = World::new("repair_nothing", "") else {
        return;
    };
    let said = world.must(&["repair"], 0);
    assert!(said.contains("there is no ledger"), "{said}");
    world.must(&["up"], 0);
    let said = world.must(&["repair"], 0);
    assert!(said.contains("Nothing is half done"), "{said}");
}
