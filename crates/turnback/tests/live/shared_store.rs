//! The control store in a PostgreSQL database: shared, in another server or in the target itself,
//! and never in the way.

use turnback_testkit::{Cluster, Database};

use crate::world::World;

fn control() -> Database {
    Cluster::shared().database("control")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_looked_at_from_another_machine_by_the_store_that_both_use() {
    let world = World::chat(Cluster::shared(), "shared", 100).await;
    let store = control();
    let shared = ["--store", store.url()];
    let go =
        async |arguments: &[&str], code| world.must(&[arguments, &shared].concat(), code).await;
    // Who only looks makes nothing.
    go(&["status"], 0).await;
    go(&["baseline"], 0).await;
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'turnback_control'";
    assert_eq!(store.execute(made), "0");
    let none = go(&["incident", "verify"], 2).await;
    assert!(
        none.contains("there is no journal at postgres://"),
        "{none}"
    );

    go(&["up"], 0).await;
    // The worst locks that `status` shows are known from the journal alone.
    assert!(go(&["status"], 0).await.contains("ms"));
    go(&["back", "--yes"], 5).await;
    world.must_be_as_before();
    go(&["incident", "verify"], 0).await;
    let list = go(&["incident", "list"], 0).await;
    assert!(list.contains("by hand"), "{list}");
    assert!(!world.path(".turnback/journal.db").exists());
    store.execute("ALTER TABLE turnback_control.journal DISABLE TRIGGER journal_kept");
    store.execute("UPDATE turnback_control.journal SET plan = 'another' WHERE number = 2");
    let found = go(&["incident", "verify"], 6).await;
    assert!(found.contains("journal_kept"), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_the_target_itself_is_neither_changed_nor_taken_for_its_data() {
    let mut world = World::chat(Cluster::shared(), "inside", 100).await;
    let url = world.db.url().to_owned();
    let shared = ["--store", url.as_str()];
    let go = async |world: &World, arguments: &[&str], code| {
        world.must(&[arguments, &shared].concat(), code).await
    };
    go(&world, &["notify", "list"], 0).await;
    // It is there now, and stays as it is.
    world.remember();
    go(&world, &["up"], 0).await;
    go(&world, &["back", "--yes"], 5).await;
    world.must_be_as_before();
    go(&world, &["incident", "verify"], 0).await;
    let begun = [
        "init",
        "--convert-keys",
        "uuid",
        "--all",
        "--target",
        &url,
        "--out",
        "made.yaml",
    ];
    world.must(&begun, 0).await;
    let plan = std::fs::read_to_string(world.path("made.yaml")).expect("it was written");
    assert!(plan.contains("users"), "{plan}");
    assert!(!plan.contains("turnback_control"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_down_or_refuses_costs_the_journal_and_shows_no_password() {
    let world = World::chat(Cluster::shared(), "unreached", 100).await;
    // Nobody listens on the first port; the database of the second is not there.
    let (server, _) = world
        .db
        .url()
        .rsplit_once('/')
        .expect("it ends with a database");
    let at = server.rsplit_once('@').map_or(server, |(_, at)| at);
    let at = at
        .trim_start_matches("postgres://")
        .trim_start_matches("postgresql://");
    let down = "postgres://someone:hush@127.0.0.1:1/control".to_owned();
    let absent = format!("postgres://postgres:hush@{at}/absent");
    for store in [&down, &absent] {
        let shared = ["--store", store.as_str()];
        for (arguments, code) in [(&["up"][..], 0), (&["status"], 0), (&["back", "--yes"], 5)] {
            let said = world.must(&[arguments, &shared].concat(), code).await;
            for words in ["the journal cannot be used", "ledger in the database"] {
                assert_eq!(said.matches(words).count(), 1, "{said}");
            }
            assert!(said.contains("answers and lets turnback in"), "{said}");
            assert!(!said.contains("hush"), "{said}");
        }
        world.must_be_as_before();
        let said = world
            .must(&[&["incident", "list"][..], &shared].concat(), 1)
            .await;
        assert!(said.contains("answers and lets turnback in"), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
    let shared = [
        "incident",
        "list",
        "--store",
        "mysql://someone:hush@db/control",
    ];
    let said = world.must(&shared, 1).await;
    assert!(
        said.contains("mysql://…") && !said.contains("hush"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_moved_into_a_database_and_its_head_is_still_found() {
    let world = World::chat(Cluster::shared(), "moved_in", 100).await;
    world
        .must(&["up", "--to", "keys", "--expand-only"], 0)
        .await;
    let whole = world.must(&["incident", "verify", "--json"], 0).await;
    let whole: serde_json::Value = serde_json::from_str(&whole).expect("it is JSON");
    let head = whole["head"].as_str().expect("a number and a sum");
    let store = control();
    let file = ".turnback/journal.db";
    let copy = ["store", "copy", "--from", file, "--to", store.url()];
    let said = world.must(&copy, 0).await;
    assert!(said.contains("Copied"), "{said}");
    let verify = ["incident", "verify", "--head", head, "--store", store.url()];
    world.must(&verify, 0).await;
    // Once more would mix two; and a place with nothing there is not copied.
    let said = world.must(&copy, 1).await;
    assert!(said.contains("nothing was copied"), "{said}");
    let said = world
        .must(&["store", "copy", "--from", "none.db", "--to", file], 2)
        .await;
    assert!(said.contains("no control store at none.db"), "{said}");
    // The run goes on in the new place.
    world.must(&["up", "--store", store.url()], 0).await;
    world.must(&verify, 0).await;
}
