//! Dumps that others made are recognised by what is in them, and go to the right tool.

use std::process::Command;

use crate::world::World;

/// Has pg_dump write a dump beside the plan.
fn dump(world: &World, name: &str, arguments: &[&str]) -> String {
    let path = world.path(name);
    let status = Command::new(world.client("pg_dump"))
        .args(arguments)
        .arg("--file")
        .arg(&path)
        .args(["--dbname", world.db.url()])
        .status()
        .expect("it runs");
    assert!(status.success());
    path.display().to_string()
}

#[test]
fn every_format_of_pg_dump_is_restored_whatever_it_is_called() {
    let Some(world) = World::new("formats", "") else {
        return;
    };
    // Names that say something else than what is in them.
    for (name, format) in [
        ("a.custom", "plain"),
        ("b.sql", "custom"),
        ("c.dump", "tar"),
        ("d.tar", "directory"),
    ] {
        let path = dump(&world, name, &[&format!("--format={format}")]);
        let said = world.must(&["backup", "verify", &path], 0);
        assert!(said.contains("8 tables"), "{format}: {said}");
        assert!(
            said.contains("says nothing of what it should hold"),
            "{said}"
        );
    }
    let plain = dump(&world, "e", &["--format=plain", "--inserts"]);
    let packed = Command::new("gzip")
        .arg("-k")
        .arg(&plain)
        .status()
        .expect("gzip runs");
    assert!(packed.success());
    let said = world.must(&["backup", "verify", &format!("{plain}.gz")], 0);
    assert!(said.contains("8 tables"), "{said}");
}

#[test]
fn a_dump_that_would_go_into_another_database_is_refused() {
    let Some(world) = World::new("formats_create", "") else {
        return;
    };
    let path = dump(
        &world,
        "create.sql",
        &["--format=plain", "--create", "--clean"],
    );
    let said = world.must(&["backup", "verify", &path], 2);
    assert!(
        said.contains("creates or drops a database") || said.contains("connects to a database"),
        "{said}"
    );
    assert_eq!(world.db.execute("SELECT count(*) FROM users"), "500");
    assert_eq!(world.databases("turnback_verify_x"), "");
}

#[test]
fn what_is_no_dump_of_one_database_is_refused_with_what_to_do() {
    let Some(world) = World::new("formats_refused", "") else {
        return;
    };
    let file = |name: &str, text: &[u8]| {
        let path = world.path(name);
        std::fs::write(&path, text).expect("it can be written");
        path.display().to_string()
    };
    let cluster = file(
        "all.sql",
        b"--\n-- PostgreSQL database cluster dump\n--\n\nSET x = 0;\n",
    );
    let said = world.must(&["backup", "verify", &cluster], 2);
    assert!(said.contains("pg_dumpall"), "{said}");
    let letter = file("letter.sql", b"Dear reader,\n");
    let said = world.must(&["backup", "verify", &letter], 2);
    assert!(said.contains("is no dump that is known"), "{said}");
    let said = world.must(&["backup", "verify", "no-such-thing"], 2);
    assert!(said.contains("there is no backup no-such-thing"), "{said}");
    let cut = dump(&world, "cut", &["--format=custom"]);
    let bytes = std::fs::read(&cut).expect("it is there");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("it is ours");
    let said = world.must(&["backup", "verify", &cut], 1);
    assert!(said.contains("pg_restore could not restore"), "{said}");
    let broken = file(
        "broken.sql",
        b"CREATE TABLE t (x int);\nCREATE TABLE t (x int);\nCREATE TABLE u (x int);\n",
    );
    let said = world.must(&["backup", "verify", &broken], 1);
    assert!(
        said.contains("psql could not run") && said.contains("already exists"),
        "{said}"
    );
}
