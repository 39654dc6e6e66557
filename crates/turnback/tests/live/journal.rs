//! The control store is lost, full or not to be read.

use std::os::unix::fs::PermissionsExt;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio::process::Command;
use turnback_testkit::Cluster;

use crate::world::{Running, World};

#[tokio::test(flavor = "multi_thread")]
async fn without_its_control_store_every_command_works_from_the_ledger() {
    let world = World::chat(Cluster::shared(), "lost", 2_000).await;
    let lose = || std::fs::remove_dir_all(world.path(".turnback")).expect("there is a store");
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    lose();
    assert!(world.must(&["status"], 0).await.contains("expanded"));
    world.must(&["up"], 0).await;
    lose();
    assert!(world.must(&["status"], 0).await.contains("cut over"));
    world.must(&["back", "--keep-new-shape", "--yes"], 5).await;
    lose();
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
    lose();
    world.must(&["up"], 0).await;
    lose();
    world.must(&["contract", "--yes"], 0).await;
    lose();
    assert!(world.must(&["status"], 0).await.contains("contracted"));
    let refused = world.must(&["back", "--yes"], 6).await;
    assert!(refused.contains("turnback.keys_"), "{refused}");
}

/// What may have become of a control store.
const SPOILT: [&str; 5] = [
    "garbage",
    "a directory in its place",
    "of a later version",
    "no permission",
    "a full disk",
];

/// Leaves a control store of no use, and gives a command that meets it.
async fn with_spoilt_store(world: &World, how: &str, arguments: &[&str]) -> Command {
    let (directory, file) = (world.path(".turnback"), world.path(".turnback/journal.db"));
    if directory.is_dir() {
        std::fs::remove_dir_all(&directory).expect("it is the test's own");
    }
    std::fs::create_dir_all(&directory).expect("it is the test's own");
    let program = env!("CARGO_BIN_EXE_turnback");
    let prefix = match how {
        "garbage" => {
            std::fs::write(&file, "not a database. ".repeat(1_000)).expect("it can be written");
            ""
        }
        "a directory in its place" => {
            std::fs::create_dir_all(file.join("files")).expect("it can be made");
            ""
        }
        "of a later version" => {
            let options = SqliteConnectOptions::new()
                .filename(&file)
                .create_if_missing(true);
            let mut store = SqliteConnection::connect_with(&options)
                .await
                .expect("it can be made");
            sqlx::raw_sql("PRAGMA user_version = 1000")
                .execute(&mut store)
                .await
                .expect("it can be written");
            store.close().await.expect("it closes");
            ""
        }
        "no permission" => {
            std::fs::write(&file, "").expect("it can be written");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000))
                .expect("it is the test's own");
            // Permissions stop root as well, once it gives up the right to pass them by.
            if std::fs::read(&file).is_ok() {
                "setpriv --bounding-set=-dac_override,-dac_read_search "
            } else {
                ""
            }
        }
        "a full disk" => {
            std::fs::write(&file, "").expect("it can be written");
            return limited(world, 0, &arguments.join(" "));
        }
        _ => panic!("{how}"),
    };
    let mut command = Command::new("sh");
    let script = format!("exec {prefix}'{program}' {}", arguments.join(" "));
    command.args(["-c", &script]);
    world.place(&mut command);
    command
}

/// Runs a command that meets a control store of no use: it comes to its end, and says what to do.
async fn without_journal(world: &World, how: &str, arguments: &[&str], code: i32) -> String {
    let command = with_spoilt_store(world, how, arguments).await;
    let ran = Running::start(command).ended().await;
    let said = format!("{how}, {arguments:?}: {}", ran.said);
    assert_eq!(ran.code, code, "{said}");
    for words in [
        "the journal cannot be used",
        "ledger in the database",
        "--store FILE",
    ] {
        assert_eq!(ran.said.matches(words).count(), 1, "{words}: {said}");
    }
    assert!(!ran.said.contains("panicked"), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_store_of_no_use_costs_the_journal_and_never_the_way_back() {
    let world = World::chat(Cluster::shared(), "spoilt", 100).await;
    for how in SPOILT {
        let go =
            async |arguments: &[&str], code| without_journal(&world, how, arguments, code).await;
        go(&["up", "--to", "keys", "--expand-only"], 0).await;
        assert!(go(&["status"], 0).await.contains("expanded"), "{how}");
        go(&["back", "--yes"], 5).await;
        world.must_be_as_before();
        go(&["up"], 0).await;
        assert!(go(&["status"], 0).await.contains("cut over"), "{how}");
        go(&["back", "--yes"], 5).await;
        world.must_be_as_before();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_store_of_no_use_keeps_nobody_from_contracting() {
    for how in SPOILT {
        let world = World::chat(Cluster::shared(), "spoilt", 100).await;
        world.must(&["up"], 0).await;
        without_journal(&world, how, &["contract", "--yes"], 0).await;
        let status = without_journal(&world, how, &["status"], 0).await;
        assert!(status.contains("contracted"), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_store_moved_away_as_the_message_says_makes_room_for_a_new_one() {
    let world = World::chat(Cluster::shared(), "moved", 100).await;
    let said = without_journal(&world, "garbage", &["up"], 0).await;
    let typed = "mv .turnback/journal.db .turnback/journal.db.bad";
    assert!(said.contains(typed), "{said}");
    let mut shell = Command::new("sh");
    shell.args(["-c", typed]);
    world.place(&mut shell);
    let moved = shell.status().await.expect("there is a shell");
    assert!(moved.success());
    let said = world.must(&["back", "--yes"], 5).await;
    assert!(!said.contains("journal"), "{said}");
    assert!(!world.journal().await.is_empty());
}

/// The program, which may write files of so many blocks of 512 bytes.
fn limited(world: &World, blocks: u32, arguments: &str) -> Command {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_turnback");
    // As on a full disk, writing fails and nothing else happens.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' {arguments}");
    command.args(["-c", &script]);
    world.place(&mut command);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_place_for_the_journal_a_plan_runs_from_the_ledger() {
    let world = World::chat(Cluster::shared(), "nowhere", 500).await;
    let under_a_file = world.path("turnback.yaml").join("journal.db");
    let under_a_file = under_a_file.to_string_lossy();
    for (arguments, code) in [(&["up"][..], 0), (&["status"], 0), (&["back", "--yes"], 5)] {
        let said = world
            .must(&[arguments, &["--store", &under_a_file]].concat(), code)
            .await;
        assert_eq!(
            said.matches("the journal cannot be used").count(),
            1,
            "{said}"
        );
    }
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_under_the_journal_is_said_once_and_stops_nothing() {
    let world = World::chat(Cluster::shared(), "full", 500).await;
    let ran = Running::start(limited(&world, 100, "up")).ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    let told = ran.said.matches("the journal cannot be used").count();
    assert_eq!(told, 1, "{}", ran.said);
    assert!(ran.said.contains("Make room"), "{}", ran.said);
    assert_eq!(world.states(), "cut_over");
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
}
