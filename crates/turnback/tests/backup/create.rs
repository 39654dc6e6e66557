//! A backup is what the database was at one moment, and is good once that was shown.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::world::World;

#[test]
fn a_backup_counts_once_it_was_restored_and_compared() {
    let Some(world) = World::new("backup_counts", "") else {
        return;
    };
    let id = world.backup(&["--label", "first"]);
    assert!(id.ends_with("-first"), "{id}");
    assert_eq!(world.list()[0]["good"], false);
    let shown = world.must(&["backup", "list"], 0);
    assert!(
        shown.contains("not verified") && shown.contains("0 of 1 good"),
        "{shown}"
    );

    let said = world.must(&["backup", "verify", &id], 0);
    assert!(said.contains("is good"), "{said}");
    let listed = &world.list()[0];
    assert_eq!(listed["good"], true);
    let manifest = std::fs::read_to_string(world.path(&format!("backups/{id}/manifest.json")))
        .expect("it is there");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("it is JSON");
    let tables = manifest["contents"]["tables"].as_array().expect("a list");
    assert!(
        tables.iter().any(|sum| sum["bytes"].as_u64() > Some(8192)),
        "{tables:#?}"
    );
    // 3 of users, orders, odd name; nothing; parent and child; the two partitions.
    assert_eq!(listed["tables"], 8);
    assert_eq!(listed["rows"], 500 + 3000 + 3 + 1 + 2 + 601);
    assert!(
        listed["restore_point"]["name"]
            .as_str()
            .is_some_and(|name| name.contains(&id))
    );
    let left = world.db.execute("SELECT count(*) FROM pg_database d WHERE d.datname ~ '^turnback_verify' AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid::text = split_part(d.datname, '_', 4))");
    assert_eq!(left, "0", "a scratch database was left behind");
}

#[test]
fn a_backup_holds_the_moment_it_was_begun_whatever_is_written_meanwhile() {
    let Some(world) = World::new("backup_moment", "") else {
        return;
    };
    let over = AtomicBool::new(false);
    let id = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                world.db.execute(
                    "INSERT INTO users (email) SELECT gen_random_uuid()::text FROM generate_series(1, 50); \
                     UPDATE orders SET total = total + 1 WHERE id % 7 = 0; DELETE FROM event WHERE id % 50 = 1",
                );
            }
        });
        let id = world.backup(&[]);
        over.store(true, Ordering::Relaxed);
        id
    });
    world.must(&["backup", "verify", &id], 0);
}

#[test]
fn a_backup_can_be_verified_on_another_server() {
    let Some(world) = World::new("backup_elsewhere", "") else {
        return;
    };
    let other = turnback_testkit::Cluster::start(Default::default()).expect("a second cluster");
    // Roles that own things are missing there.
    world.db.execute(
        "CREATE ROLE backup_elsewhere_owner; ALTER TABLE users OWNER TO backup_elsewhere_owner",
    );
    let id = world.backup(&[]);
    world.must(&["backup", "verify", &id, "--on", other.url()], 0);
    world
        .db
        .execute("ALTER TABLE users OWNER TO postgres; DROP ROLE backup_elsewhere_owner");
}

#[test]
fn the_ledger_lies_beside_a_backup_as_files_and_in_a_second_database() {
    let Some(world) = World::new("backup_ledger", "") else {
        return;
    };
    let second = turnback_testkit::Cluster::shared().database("backup_second");
    world.write_plan(&format!("backups: {{ copy_to: '{}' }}", second.url()));
    let said = world.must(&["up", "--to", "one"], 0);
    assert!(said.contains("copied the ledger"), "{said}");
    let copied = second.execute(&format!(
        "SELECT phase, state FROM turnback_copy_{}.phase",
        world.db.name()
    ));
    assert_eq!(copied, "one|cut_over");

    let id = world.backup(&[]);
    let file = world.path(&format!("backups/{id}/ledger/phase.csv"));
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(
        text.starts_with("plan,phase,") && text.contains("shop,one,"),
        "{text}"
    );
    assert_eq!(world.list()[0]["phases"][0]["state"], "cut_over");
    // Back again: the copy follows.
    world.must(&["back", "--yes"], 5);
    let copied = second.execute(&format!(
        "SELECT state FROM turnback_copy_{}.phase",
        world.db.name()
    ));
    assert_eq!(copied, "pending");
    // After each phase, not only at the end.
    let said = world.must(&["up"], 0);
    assert_eq!(said.matches("copied the ledger").count(), 2, "{said}");
}

#[test]
fn prune_keeps_the_newest_good_ones_and_never_the_rubbish() {
    let Some(world) = World::new("backup_prune", "") else {
        return;
    };
    let first = world.backup(&["--verify", "--label", "first"]);
    let second = world.backup(&["--verify", "--label", "second"]);
    let third = world.backup(&["--label", "third"]);
    let said = world.must(&["backup", "prune", "--keep", "1", "--dry-run"], 0);
    assert!(said.contains("1 of 3 would go"), "{said}");
    assert_eq!(world.list().len(), 3);
    world.must(&["backup", "prune", "--keep", "1", "--yes"], 0);
    let left: Vec<String> = world
        .list()
        .iter()
        .map(|b| b["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(left, [third, second]);
    assert!(!world.path(&format!("backups/{first}")).exists());
    let said = world.must(&["backup", "prune", "--keep", "1"], 0);
    assert!(said.contains("nothing was removed"), "{said}");
}
