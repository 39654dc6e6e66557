//! A backup takes a database's place, or gives some tables their rows back.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::World;

/// The one database that a restore replaced.
fn failed(world: &World) -> String {
    let found = world.databases(&format!("{}_failed_", world.db.name()));
    assert!(!found.is_empty() && !found.contains(' '), "{found}");
    found
}

/// Drops what a restore left beside the database.
fn tidy(world: &World) {
    for name in world
        .databases(&format!("{}_failed_", world.db.name()))
        .split_whitespace()
    {
        world
            .db
            .execute(&format!("ALTER DATABASE {name} CONNECTION LIMIT -1"));
        drop_database(world, name);
    }
}

fn drop_database(world: &World, name: &str) {
    world
        .db
        .execute(&format!("DROP DATABASE {name} WITH (FORCE)"));
}

/// Keeps clients out, as a restore does just before the swap.
fn keep_out(world: &World) {
    let url = world.db.url().replace(world.db.name(), "postgres");
    let sql = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", world.db.name());
    let done = Command::new("psql")
        .args(["-XAt", "-d", &url, "-c", &sql])
        .output();
    assert!(done.expect("psql runs").status.success());
}

#[test]
fn a_backup_takes_the_place_and_what_was_there_is_kept() {
    let Some(world) = World::new("restore_swap", "") else {
        return;
    };
    let name = world.db.name().to_owned();
    world.db.execute(&format!(
        "ALTER DATABASE {name} SET work_mem = '7MB'; ALTER DATABASE {name} SET search_path = \"$user\", public; \
         COMMENT ON DATABASE {name} IS 'the shop''s'; REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"
    ));
    let id = world.backup(&[]);
    world
        .db
        .execute("DELETE FROM orders WHERE id % 2 = 0; INSERT INTO users (email) VALUES ('late')");
    let said = world.must(&["restore", &id, "--swap", "--yes"], 0);
    assert!(said.contains("is kept, read-only"), "{said}");
    assert_eq!(world.db.execute("SELECT count(*) FROM orders"), "3000");
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "500");
    let like = format!(
        "SELECT shobj_description(d.oid, 'pg_database'), d.datacl IS NOT NULL, datallowconn, \
           (SELECT string_agg(c, ';' ORDER BY c) FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid) \
         FROM pg_database d WHERE datname = '{name}'"
    );
    assert_eq!(
        world.db.execute(&like),
        "the shop's|t|t|search_path=\"$user\", public;work_mem=7MB"
    );
    // The other one is there to be read.
    let failed = failed(&world);
    let other = world.db.url().replace(&name, &failed);
    let asked = Command::new("psql")
        .args(["-XAt", "-d", &other, "-c", "SELECT count(*) FROM users"])
        .output();
    assert_eq!(
        String::from_utf8_lossy(&asked.expect("psql runs").stdout).trim(),
        "501"
    );
    let refused = Command::new("psql")
        .args(["-XAt", "-d", &other, "-c", "DELETE FROM users"])
        .output();
    assert!(String::from_utf8_lossy(&refused.expect("psql runs").stderr).contains("read-only"));
    // The same command again does nothing.
    let said = world.must(&["restore", &id, "--swap", "--yes"], 0);
    assert!(said.contains("has taken the place"), "{said}");
    assert_eq!(self::failed(&world), failed);
    tidy(&world);
}

#[test]
fn a_restore_in_the_same_second_as_another_finds_a_name_for_what_it_replaces() {
    let Some(world) = World::new("restore_again", "") else {
        return;
    };
    let id = world.backup(&[]);
    // Restores of the next seconds, as it were.
    let name = world.db.name();
    let taken: Vec<String> = (0..8)
        .map(|second| {
            world.db.execute(&format!(
                "SELECT '{name}_failed_' || to_char((now() + {second} * interval '1 s') AT TIME ZONE 'UTC', 'YYYYMMDD\"t\"HH24MISS\"z\"')"
            ))
        })
        .collect();
    for database in &taken {
        world
            .db
            .execute(&format!("CREATE DATABASE {database} CONNECTION LIMIT 0"));
    }
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    for database in &taken {
        drop_database(&world, database);
    }
    tidy(&world);
}

#[test]
fn a_restore_that_is_killed_while_it_fills_begins_anew_and_ends_in_the_same_place() {
    let Some(mut world) = World::new("restore_killed", "") else {
        return;
    };
    let id = world.backup(&[]);
    let at_work = world.path("at-work");
    world.stand_in(
        "pg_restore",
        &format!(
            "if [ -e '{0}' ]; then exec \"$REAL\" \"$@\"; fi\n\"$REAL\" \"$@\" || exit 1\necho $$ >'{0}.new' && mv '{0}.new' '{0}'\nexec sleep 600",
            at_work.display()
        ),
    );
    let mut child = world
        .command(&["restore", &id, "--swap", "--yes"])
        .spawn()
        .expect("it starts");
    let begun = Instant::now();
    while !at_work.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "it never came to pg_restore"
        );
        std::thread::yield_now();
    }
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    let sleeper = std::fs::read_to_string(&at_work).expect("it was written");
    let _ = Command::new("kill").arg(sleeper.trim()).status();
    // Clients never noticed.
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "500");
    world.db.execute("DELETE FROM event");
    let begun = Instant::now();
    loop {
        // The server ends the killed one's sessions in its own time.
        let ran = world.run(&["restore", &id, "--swap", "--yes"]);
        if ran.code == 0 {
            assert!(
                ran.err.contains("the remains of an earlier try"),
                "{ran:#?}"
            );
            break;
        }
        assert!(ran.err.contains("another restore"), "{ran:#?}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{ran:#?}");
    }
    assert_eq!(world.db.execute("SELECT count(*) FROM event"), "601");
    assert_eq!(
        world.databases(&format!("{}_turnback", world.db.name())),
        ""
    );
    tidy(&world);
}

#[test]
fn a_swap_that_somebody_is_in_the_way_of_goes_on_where_it_was_and_clients_go_on_meanwhile() {
    // The shared cluster takes no prepared transactions.
    let settings = vec![("max_prepared_transactions".to_owned(), "5".to_owned())];
    let cluster = turnback_testkit::Cluster::start(turnback_testkit::ClusterOptions {
        settings,
        ..Default::default()
    })
    .expect("a cluster");
    let Some(mut world) = World::on(&cluster, "restore_prepared", "") else {
        return;
    };
    let id = world.backup(&[]);
    world.db.execute("DELETE FROM event");
    let prepare = [
        "-XAt",
        "-d",
        world.db.url(),
        "-c",
        "BEGIN; DELETE FROM \"Odd \"\"Name\"; PREPARE TRANSACTION 'p'",
    ];
    assert!(
        Command::new("psql")
            .args(prepare)
            .output()
            .expect("psql runs")
            .status
            .success()
    );
    let said = world.must(&["restore", &id, "--swap", "--yes"], 6);
    assert!(said.contains("pg_prepared_xacts"), "{said}");
    assert_eq!(world.db.execute("SELECT count(*) FROM event"), "0");
    let rollback = ["-XAt", "-d", world.db.url(), "-c", "ROLLBACK PREPARED 'p'"];
    assert!(
        Command::new("psql")
            .args(rollback)
            .output()
            .expect("psql runs")
            .status
            .success()
    );
    // It is filled and compared already: no tool is called again.
    world.stand_in("pg_restore", "exit 9");
    // Killed between keeping clients out and the swap: they are out.
    keep_out(&world);
    let said = world.must(&["restore", &id, "--swap", "--yes"], 0);
    assert!(said.contains("restored and compared already"), "{said}");
    assert_eq!(world.db.execute("SELECT count(*) FROM event"), "601");
}

#[test]
fn a_restore_can_be_given_up_at_any_point() {
    let Some(mut world) = World::new("restore_cancel", "") else {
        return;
    };
    let id = world.backup(&[]);
    world.stand_in("pg_restore", "\"$REAL\" \"$@\"; exit 7");
    world.must(&["restore", &id, "--swap", "--yes"], 1);
    let beside = format!("{}_turnback_restore", world.db.name());
    assert_eq!(world.databases(&beside), beside);
    keep_out(&world);
    world.must(&["restore", "--cancel"], 0);
    assert_eq!(world.databases(&beside), "");
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "500");
    let said = world.must(&["restore", "--cancel"], 0);
    assert!(said.contains("No restore"), "{said}");
}

#[test]
fn a_backup_that_restores_to_something_else_does_not_take_the_place() {
    let Some(world) = World::new("restore_differs", "") else {
        return;
    };
    let id = world.backup(&[]);
    let path = world.path(&format!("backups/{id}/manifest.json"));
    let text = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(&path, text.replacen("\"rows\": 500", "\"rows\": 499", 1)).expect("it is ours");
    let said = world.must(&["restore", &id, "--swap", "--yes"], 6);
    assert!(said.contains("is not what was backed up"), "{said}");
    assert_eq!(world.databases(&format!("{}_failed", world.db.name())), "");
    world.must(&["restore", "--cancel"], 0);
}

#[test]
fn a_plain_dump_takes_the_place_as_well() {
    let Some(world) = World::new("restore_plain", "") else {
        return;
    };
    let path = world.path("plain.sql");
    let dumped = Command::new(world.client("pg_dump"))
        .arg("--file")
        .arg(&path)
        .args(["--dbname", world.db.url()])
        .status();
    assert!(dumped.expect("it runs").success());
    world.db.execute("DROP TABLE orders CASCADE");
    world.must(
        &["restore", &path.display().to_string(), "--swap", "--yes"],
        0,
    );
    assert_eq!(world.db.execute("SELECT count(*) FROM orders"), "3000");
    tidy(&world);
}

#[test]
fn some_tables_get_their_rows_back_and_those_before_are_kept() {
    let Some(world) = World::new("restore_tables", "") else {
        return;
    };
    let id = world.backup(&[]);
    world.db.execute(
        "CREATE TABLE watched (n int); CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS \
           'BEGIN INSERT INTO watched VALUES (1); RETURN NULL; END'; \
         CREATE TRIGGER watch AFTER INSERT OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION watch(); \
         UPDATE orders SET total = 0; DELETE FROM event WHERE id < 300; DELETE FROM watched; INSERT INTO users (email) VALUES ('late')",
    );
    let said = world.must(&["restore", &id, "--tables", "orders,event", "--yes"], 0);
    assert!(said.contains("public.event_2026"), "{said}");
    assert_eq!(
        world
            .db
            .execute("SELECT count(*), min(total) > 0, min(twice) > 0 FROM orders"),
        "3000|t|t"
    );
    assert_eq!(world.db.execute("SELECT count(*) FROM event"), "601");
    // Nobody asked for the rest, and no trigger ran.
    assert_eq!(
        world
            .db
            .execute("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM watched)"),
        "501|0"
    );
    let kept = world
        .db
        .execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'turnback%'");
    assert!(kept.starts_with("turnback_replaced_"), "{kept}");
    assert_eq!(
        world.db.execute(&format!(
            "SELECT count(*), max(total) FROM \"{kept}\".\"public.orders\""
        )),
        "3000|0"
    );
    assert_eq!(
        world.databases(&format!("{}_turnback", world.db.name())),
        ""
    );
}

#[test]
fn a_foreign_key_that_would_not_hold_is_named_and_nothing_changes() {
    let Some(world) = World::new("restore_refused", "") else {
        return;
    };
    let id = world.backup(&[]);
    world.db.execute(
        "INSERT INTO users (email) VALUES ('late'); INSERT INTO orders (user_id, total) SELECT max(id), 1 FROM users",
    );
    let said = world.must(&["restore", &id, "--tables", "users", "--yes"], 2);
    assert!(
        said.contains("orders_user_id_fkey of public.orders: 1 rows refer to none of public.users"),
        "{said}"
    );
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "501");
    // The other way round: the backup's orders refer to users that are gone.
    world
        .db
        .execute("UPDATE orders SET user_id = NULL; DELETE FROM users WHERE id < 10");
    let said = world.must(&["restore", &id, "--tables", "orders", "--yes"], 2);
    assert!(
        said.contains("rows refer to none of public.users"),
        "{said}"
    );
    world.must(&["restore", &id, "--tables", "orders,users", "--yes"], 0);
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "500");
    world.db.execute("ALTER TABLE users ADD COLUMN fresh int");
    let said = world.must(&["restore", &id, "--tables", "users", "--yes"], 2);
    assert!(
        said.contains("has other columns now than in the backup: fresh"),
        "{said}"
    );
    let left = world
        .db
        .execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'turnback_restore'");
    assert_eq!(left, "0");
}

#[test]
fn a_controller_of_the_database_before_does_not_take_the_restored_one_for_its_own() {
    let Some(world) = World::new("restore_lease", "") else {
        return;
    };
    world.must(&["up", "--to", "one"], 0);
    let id = world.backup(&[]);
    world.must(&["up"], 0);
    let epoch: i64 = world
        .db
        .execute("SELECT epoch FROM turnback.lease")
        .parse()
        .expect("a number");
    world.must(&["restore", &id, "--swap", "--yes"], 0);
    let now: i64 = world
        .db
        .execute("SELECT epoch FROM turnback.lease")
        .parse()
        .expect("a number");
    assert!(now > epoch, "{now} after {epoch}");
    // The ledger is that of the backup, and everything goes on from there.
    assert_eq!(
        world.db.execute("SELECT phase, state FROM turnback.phase"),
        "one|cut_over"
    );
    world.must(&["up"], 0);
    tidy(&world);
}
