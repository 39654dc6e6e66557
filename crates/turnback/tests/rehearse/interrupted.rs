//! Ctrl-C: the copy goes, whatever was under way.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::world::World;

#[test]
fn ctrl_c_removes_the_cluster_with_all_that_was_copied() {
    let Some(world) = World::new(
        "stopped",
        "CREATE TABLE t (id serial PRIMARY KEY, v int); INSERT INTO t (v) SELECT g FROM generate_series(1, 500) g; ANALYZE",
        "  - id: keys\n    operations:\n      - convert_key: { table: t, to: uuid }",
    ) else {
        return;
    };
    // A place that the server's user may enter, too.
    let place = tempfile::tempdir().expect("a temporary directory can be made");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o1777))
        .expect("it is ours");
    let mut running = world
        .command(world.db.url(), &["--seconds", "600"])
        .env("TMPDIR", place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be run");
    let said = running.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(said).lines();
    // From then on there are rows in the copy, and clients come.
    let copied = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("1 tables copied"));
    assert!(copied);
    let cluster = std::fs::read_dir(place.path())
        .expect("it is there")
        .flatten()
        .find(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("turnback-cluster-")
        })
        .expect("the cluster has its directory there");
    // Nobody but its owner looks into it.
    let mode = cluster
        .metadata()
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");

    let interrupt = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(interrupt.expect("kill can be run").success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    let code = running.wait().expect("it ends").code();
    assert_eq!(code, Some(4), "{rest:?}");
    assert!(
        rest.join("\n").contains("its directory removed"),
        "{rest:?}"
    );
    let left: Vec<_> = std::fs::read_dir(place.path())
        .expect("it is there")
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    world.must_be_untouched();
}

#[test]
fn a_copy_that_is_kept_says_how_to_look_at_it_and_how_to_be_rid_of_it() {
    let Some(world) = World::new(
        "kept",
        "CREATE TABLE t (id serial PRIMARY KEY, v int); INSERT INTO t (v) SELECT g FROM generate_series(1, 30) g; ANALYZE",
        "  - id: keys\n    operations:\n      - convert_key: { table: t, to: uuid }",
    ) else {
        return;
    };
    let ran = world.rehearse(&["--keep"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.said);
    let line = |word: &str| {
        let mut lines = ran.out.lines().map(str::trim);
        let found = lines.find(|line| line.starts_with(word));
        found
            .unwrap_or_else(|| panic!("no {word} in {}", ran.out))
            .to_owned()
    };
    let url = line("psql")
        .split('\'')
        .nth(1)
        .expect("a quoted URL")
        .to_owned();
    let looked = Command::new("psql")
        .args([
            "-X",
            "-A",
            "-t",
            "-d",
            &url,
            "-c",
            "SELECT pg_typeof(id) FROM t LIMIT 1",
        ])
        .output()
        .expect("psql can be run");
    assert_eq!(
        String::from_utf8_lossy(&looked.stdout).trim(),
        "uuid",
        "{looked:?}"
    );
    let removal = line("kill");
    let directory = removal.rsplit(' ').next().map(std::path::PathBuf::from);
    let directory = directory.expect("it names the directory");
    assert!(directory.join("data").exists(), "{removal}");
    let removed = Command::new("sh").args(["-c", &removal]).status();
    assert!(removed.expect("a shell can be run").success(), "{removal}");
    assert!(!directory.exists());
}
