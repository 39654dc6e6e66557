//! Ctrl-C: the copy goes, whatever was under way.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::world::World;

#[test]
fn ctrl_c_removes_the_cluster_with_all_that_was_copied() {
    let world = World::new(
        "stopped",
        "CREATE TABLE t (id serial PRIMARY KEY, v int); INSERT INTO t (v) SELECT g FROM generate_series(1, 500) g; ANALYZE",
        "  - id: keys\n    operations:\n      - convert_key: { table: t, to: uuid }",
    );
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
