//! Backups that somebody else makes.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use turnback_testkit::{Cluster, ClusterOptions};

use crate::world::{Ran, World, ran};

#[test]
fn a_command_of_the_users_makes_and_restores_a_backup() {
    let Some(world) = World::new("adapter_command", "") else {
        return;
    };
    world.write_plan(&format!(
        "backups:
  command:
    create: {} --format=custom --file \"$TURNBACK_BACKUP_DIR/mine\"
    remove: touch \"$TURNBACK_BACKUP_DIR/../removed-$TURNBACK_BACKUP_ID\"
    restore: {} --no-owner --dbname \"$PGDATABASE\" \"$TURNBACK_BACKUP_DIR/mine\"",
        world.client("pg_dump").display(),
        world.client("pg_restore").display()
    ));
    let id = world.backup(&["--verify"]);
    assert!(world.path(&format!("backups/{id}/mine")).exists());
    assert_eq!(world.list()[0]["good"], true);
    world.backup(&["--verify"]);
    world.must(&["backup", "prune", "--keep", "1", "--yes"], 0);
    assert!(world.path(&format!("backups/removed-{id}")).exists());
}

#[test]
fn a_command_that_fails_or_restores_something_else_makes_no_good_backup() {
    let Some(world) = World::new(
        "adapter_fails",
        "backups: { command: { create: 'echo so sorry >&2; exit 3' } }",
    ) else {
        return;
    };
    let said = world.must(&["backup", "create"], 1);
    assert!(said.contains("so sorry"), "{said}");
    world.write_plan("backups: { command: { create: 'true' } }");
    let id = world.backup(&[]);
    let said = world.must(&["backup", "verify", &id], 2);
    assert!(said.contains("has none that restores it"), "{said}");
    world.write_plan("backups: { command: { create: 'true', restore: 'true' } }");
    let said = world.must(&["backup", "verify", &id], 6);
    assert!(said.contains("is missing"), "{said}");
    assert!(world.list().iter().all(|backup| backup["good"] == false));
}

#[test]
fn pgbackrest_is_verified_by_recovering_to_the_restore_point() {
    let Some(place) = Repository::make() else {
        return;
    };
    let archive = format!(
        "pgbackrest --config={0} --stanza=main archive-push %p",
        place.config.display()
    );
    let settings = [
        ("archive_mode", "on"),
        ("archive_command", &archive),
        ("wal_level", "replica"),
    ];
    let settings = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let cluster = Cluster::start(ClusterOptions {
        settings,
        ..Default::default()
    })
    .expect("a cluster");
    place.configure(&cluster);
    let plan = format!(
        "backups: {{ pgbackrest: {{ stanza: main, config: {} }} }}",
        place.config.display()
    );
    let Some(world) = World::on(&cluster, "pgbackrest", "") else {
        return;
    };
    world.write_plan(&plan);
    place.give(world.directory.path());
    if !place.takes_the_server() {
        return;
    }
    let made = place.ran(world.command(&["backup", "create", "--json"]));
    assert_eq!(made.code, 0, "{made:#?}");
    // What comes after the restore point is not in the backup.
    world.db.execute("DELETE FROM orders; DROP TABLE nothing");
    let verified = place.ran(world.command(&["backup", "verify"]));
    assert_eq!(verified.code, 0, "{verified:#?}");
    let listed = &world.list()[0];
    assert_eq!(listed["good"], true);
    assert_eq!(listed["rows"], 500 + 3000 + 3 + 1 + 2 + 601);
    assert!(
        listed["method"]["pg_back_rest"]["label"]
            .as_str()
            .is_some_and(|label| label.ends_with('F'))
    );
    let refused = place.ran(world.command(&["backup", "create"]));
    assert_eq!(refused.code, 0, "{refused:#?}");
}

/// A repository of pgBackRest's, of the user who runs the server.
struct Repository {
    directory: tempfile::TempDir,
    config: PathBuf,
}

impl Repository {
    /// None where pgBackRest is not installed; says so.
    fn make() -> Option<Self> {
        if Command::new("pgbackrest").arg("version").output().is_err() {
            println!(
                "skipped: pgbackrest is not installed (`make setup` installs it on Debian and its descendants)"
            );
            return None;
        }
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let config = directory.path().join("pgbackrest.conf");
        Some(Self { directory, config })
    }

    fn configure(&self, cluster: &Cluster) {
        let place = self.directory.path().display();
        let data = cluster.directory().expect("it is our own").join("data");
        let port = cluster
            .url()
            .rsplit_once('/')
            .and_then(|(url, _)| url.rsplit_once(':'))
            .expect("it has a port")
            .1;
        let text = format!(
            "[global]\nrepo1-path={place}/repo\nlog-path={place}/log\nlock-path={place}/lock\nspool-path={place}/spool\nstart-fast=y\n\n\
             [main]\npg1-path={}\npg1-port={port}\npg1-socket-path={}\npg1-user=postgres\n",
            data.display(),
            data.parent().expect("it has one").display()
        );
        for name in ["repo", "log", "lock", "spool"] {
            std::fs::create_dir(self.directory.path().join(name)).expect("it can be made");
        }
        std::fs::write(&self.config, text).expect("it can be written");
        self.give(self.directory.path());
    }

    /// Makes a directory the server's user's own, where we are root.
    fn give(&self, directory: &Path) {
        let Some((user, group)) = server_user() else {
            return;
        };
        let mut left = vec![directory.to_owned()];
        while let Some(path) = left.pop() {
            std::os::unix::fs::chown(&path, Some(user), Some(group)).expect("root may");
            if path.is_dir() {
                left.extend(
                    std::fs::read_dir(&path)
                        .expect("it can be read")
                        .flatten()
                        .map(|entry| entry.path()),
                );
            }
        }
    }

    /// Whether pgBackRest knows servers of this version; says so where it does not.
    fn takes_the_server(&self) -> bool {
        let mut call = Command::new("pgbackrest");
        call.arg(format!("--config={}", self.config.display()))
            .args(["--stanza=main", "stanza-create"]);
        let ran = self.ran(call);
        let said = format!("{}{}", ran.out, ran.err);
        if said.contains("is this version of PostgreSQL supported") {
            println!("skipped: this pgbackrest is older than the server");
            return false;
        }
        assert_eq!(ran.code, 0, "{ran:#?}");
        true
    }

    /// Runs a command as the server's user.
    fn ran(&self, mut command: Command) -> Ran {
        if let Some((user, group)) = server_user() {
            command.uid(user).gid(group);
        }
        ran(command)
    }
}

/// Who the server runs as, where we are root.
fn server_user() -> Option<(u32, u32)> {
    let number = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u32>()
            .ok()
    };
    if number(&["-u"]) != Some(0) {
        return None;
    }
    let of = |name| Some((number(&["-u", name])?, number(&["-g", name])?));
    of("postgres").or_else(|| of("nobody"))
}
