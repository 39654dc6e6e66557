//! The control store is lost, full or not to be read.

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

/// The program, which may write files of so many blocks of 512 bytes.
fn limited(world: &World, blocks: u32, arguments: &str) -> Running {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_turnback");
    // As on a full disk, writing fails and nothing else happens.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{program}' {arguments}");
    command.args(["-c", &script]);
    world.place(&mut command);
    Running::start(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_place_for_the_journal_the_database_is_not_touched() {
    let world = World::chat(Cluster::shared(), "unwritable", 1_000).await;
    let under_a_file = world.path("turnback.yaml").join("journal.db");
    let under_a_file = under_a_file.to_string_lossy();
    for said in [world.must(&["up", "--store", &under_a_file], 1).await, {
        let ran = limited(&world, 0, "up").ended().await;
        assert_eq!(ran.code, 1, "{}", ran.said);
        ran.said
    }] {
        assert!(said.contains("the journal cannot be written"), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        let ledger = world
            .db
            .execute("SELECT to_regnamespace('turnback') IS NULL");
        assert_eq!(ledger, "t", "there is a ledger after: {said}");
        world.must_be_as_before();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_under_the_journal_stops_the_run_and_with_room_it_goes_on() {
    let world = World::chat(Cluster::shared(), "full", 1_000).await;
    let ran = limited(&world, 100, "up").ended().await;
    assert_eq!(ran.code, 1, "{}", ran.said);
    assert!(
        ran.said.contains("the journal cannot be written"),
        "{}",
        ran.said
    );
    assert_eq!(world.states(), "expanding");
    world.must(&["up"], 0).await;
    world.must(&["back", "--yes"], 5).await;
    world.must_be_as_before();
}
