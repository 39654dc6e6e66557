//! What goes wrong is said, and never passes for a backup.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::{World, ran};

#[test]
fn a_pg_dump_that_is_killed_leaves_no_backup_and_says_so() {
    let Some(mut world) = World::new("backup_killed", "") else {
        return;
    };
    world.stand_in("pg_dump", "\"$REAL\" \"$@\" &\nwait $!\nkill -9 $$");
    let said = world.must(&["backup", "create"], 4);
    assert!(said.contains("pg_dump was ended by signal 9"), "{said}");
    let listed = &world.list()[0];
    assert_eq!(listed["good"], false);
    assert!(listed["state"]["failed"].as_str().is_some(), "{listed}");
    let id = listed["id"].as_str().expect("it has one");
    let said = world.must(&["backup", "verify", id], 2);
    assert!(said.contains("failed: pg_dump was ended"), "{said}");
    world.must(&["backup", "verify"], 2);
    world.must(&["backup", "prune", "--yes"], 0);
    assert!(world.list().is_empty());
}

#[test]
fn a_turnback_that_is_killed_leaves_a_backup_that_says_it_is_not_whole() {
    let Some(mut world) = World::new("backup_cut_short", "") else {
        return;
    };
    let at_work = world.path("at-work");
    world.stand_in(
        "pg_dump",
        &format!(
            "echo $$ >'{0}.new' && mv '{0}.new' '{0}'\nexec sleep 600",
            at_work.display()
        ),
    );
    let mut child = world
        .command(&["backup", "create"])
        .spawn()
        .expect("it starts");
    let begun = Instant::now();
    while !at_work.exists() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it never came to pg_dump"
        );
        std::thread::yield_now();
    }
    assert_eq!(world.list()[0]["at_work"], true);
    world.must(&["backup", "prune", "--yes"], 0);
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    let sleeper = std::fs::read_to_string(&at_work).expect("it was written");
    let _ = Command::new("kill").arg(sleeper.trim()).status();
    let listed = &world.list()[0];
    assert_eq!(
        (listed["at_work"].as_bool(), listed["good"].as_bool()),
        (Some(false), Some(false))
    );
    let shown = world.must(&["backup", "list"], 0);
    assert!(shown.contains("cut short"), "{shown}");
    let said = world.must(
        &[
            "backup",
            "verify",
            listed["id"].as_str().expect("it has one"),
        ],
        2,
    );
    assert!(said.contains("cut short"), "{said}");
}

#[test]
fn a_full_disk_is_named() {
    let Some(mut world) = World::new("backup_full", "") else {
        return;
    };
    world.stand_in(
        "pg_dump",
        "mkdir dump-never-mind; echo 'pg_dump: error: could not write to file \"x\": No space left on device' >&2; exit 1",
    );
    let said = world.must(&["backup", "create"], 4);
    assert!(
        said.contains("there is no room left in") && said.contains("--to"),
        "{said}"
    );
    assert_eq!(world.list()[0]["good"], false);
}

#[test]
fn a_backup_whose_files_were_cut_is_found_without_a_restore() {
    let Some(world) = World::new("backup_damaged", "") else {
        return;
    };
    let id = world.backup(&["--verify"]);
    assert_eq!(world.list()[0]["good"], true);
    let toc = world.path(&format!("backups/{id}/dump/toc.dat"));
    let bytes = std::fs::read(&toc).expect("it is there");
    std::fs::write(&toc, &bytes[..bytes.len() - 1]).expect("it is ours");
    let listed = &world.list()[0];
    assert_eq!(listed["good"], false);
    assert!(
        listed["damaged"]
            .as_str()
            .is_some_and(|flaw| flaw.contains("toc.dat"))
    );
    let said = world.must(&["backup", "verify", &id], 2);
    assert!(said.contains("is damaged"), "{said}");
}

#[test]
fn a_dump_that_holds_something_else_than_was_there_is_not_good() {
    let Some(world) = World::new("backup_differs", "") else {
        return;
    };
    let id = world.backup(&["--verify"]);
    let path = world.path(&format!("backups/{id}/manifest.json"));
    let text = std::fs::read_to_string(&path).expect("it is there");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let tables = manifest["contents"]["tables"]
        .as_array_mut()
        .expect("a list");
    let users = tables
        .iter_mut()
        .find(|sum| sum["table"][1] == "users")
        .expect("it is in there");
    users["rows"] = 501.into();
    std::fs::write(&path, manifest.to_string()).expect("it is ours");
    let said = world.must(&["backup", "verify", &id], 6);
    assert!(
        said.contains("public.users has 500 rows, and had 501"),
        "{said}"
    );
    // It was good before, and is not any more.
    assert_eq!(world.list()[0]["good"], false);
}

#[test]
fn no_password_is_on_a_command_line_or_printed() {
    let Some(mut world) = World::new("backup_secret", "") else {
        return;
    };
    let arguments = world.path("arguments");
    world.stand_in(
        "pg_dump",
        &format!(
            "echo \"$@\" >'{0}'; echo \"$PGPASSWORD\" >'{0}.env'; exec \"$REAL\" \"$@\"",
            arguments.display()
        ),
    );
    let url = world.db.url().replace("postgres@", "postgres:s3cr%40t@");
    assert!(
        url.contains("s3cr"),
        "the cluster's URL has another form: {url}"
    );
    let mut command = world.command(&["backup", "create"]);
    // The last one wins.
    command.env("TURNBACK_TARGET", &url);
    let plain: Vec<std::ffi::OsString> =
        command.get_args().map(std::ffi::OsStr::to_owned).collect();
    let mut secret = world.command(&[]);
    secret.env_remove("TURNBACK_TARGET");
    let mut fresh = Command::new(env!("CARGO_BIN_EXE_turnback"));
    fresh
        .current_dir(world.directory.path())
        .env("TURNBACK_TARGET", &url)
        .env("NO_COLOR", "1");
    for (name, value) in command.get_envs() {
        if let (Some(value), true) = (value, name == "TURNBACK_PG_BIN") {
            fresh.env(name, value);
        }
    }
    fresh.args(plain.iter().take(2));
    let made = ran(fresh);
    assert_eq!(made.code, 0, "{made:#?}");
    let said = made.out + &made.err;
    assert!(!said.contains("s3cr"), "{said}");
    let on_line = std::fs::read_to_string(&arguments).expect("it was written");
    assert!(
        !on_line.contains("s3cr") && on_line.contains("--format=directory"),
        "{on_line}"
    );
    let told = std::fs::read_to_string(arguments.with_extension("env")).expect("it was written");
    assert_eq!(told.trim(), "s3cr@t");
    let id = world.list()[0]["id"]
        .as_str()
        .expect("it has one")
        .to_owned();
    let manifest = std::fs::read_to_string(world.path(&format!("backups/{id}/manifest.json")));
    assert!(!manifest.expect("it is there").contains("s3cr"));
}

#[test]
fn a_role_that_may_not_read_everything_is_told_what_it_needs() {
    let Some(world) = World::new("backup_rights", "") else {
        return;
    };
    let role = format!("reader_{}", world.db.name());
    world.db.execute(&format!("CREATE ROLE {role} LOGIN"));
    let url = world.db.url().replace("postgres@", &format!("{role}@"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
    command
        .current_dir(world.directory.path())
        .env("NO_COLOR", "1");
    command.args(["backup", "create", "--target", &url]);
    let refused = ran(command);
    world.db.execute(&format!("DROP ROLE {role}"));
    assert_eq!(refused.code, 1, "{refused:#?}");
    assert!(refused.err.contains("permission denied"), "{refused:#?}");
}
