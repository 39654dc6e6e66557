//! Bad days of a watch: probes that hang, a server that is gone, a control store that is gone, a
//! second controller.

use sqlx::{Connection, SqliteConnection};
use turnback_testkit::{Cluster, ClusterOptions};

use crate::watch::{AT_ONCE, CUT_OVER, ROLLBACK, Watched};

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_hangs_is_an_error_within_its_time_and_turns_nothing_back() {
    let watched = Watched::new("watch_hangs", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let plan = watched.world.path("turnback.yaml");
    let text = std::fs::read_to_string(&plan).expect("there is a plan");
    let hanging = text.replace("[cat, measured]", "[sleep, \"1000\"]");
    assert_ne!(text, hanging);
    std::fs::write(&plan, hanging).expect("it can be written");
    let mut running = watched.world.start(&["up"]);
    running.until_said("says error").await;
    assert!(watched.shows_the_old_shape());
    running.signal("INT");
    let ran = running.ended().await;
    assert_eq!(ran.code, 4, "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_while_the_server_is_gone_is_done_when_it_is_back() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster starts");
    let watched = Watched::on(&cluster, "gone", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let mut running = watched.cut_over().await;
    running.until_said("baking").await;
    cluster.crash().expect("the server runs");
    watched.measures("7");
    running.until_said("turning back keys").await;
    running.until_said("trying again").await;
    cluster.restart().expect("the server comes back");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_while_it_turns_back_is_turned_back_all_the_same() {
    let cluster = Cluster::start(ClusterOptions::default()).expect("a cluster starts");
    let watched = Watched::on(&cluster, "killed", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    for state in ["cut_over", "withdrawing"] {
        let mut running = watched.cut_over().await;
        watched.measures("7");
        let moment = format!(
            "SELECT EXISTS (SELECT FROM turnback.asked_back WHERE plan = 'chat') \
             AND EXISTS (SELECT FROM turnback.phase WHERE state = '{state}')"
        );
        let reached = watched
            .world
            .until_or_end(&moment, &mut || running.is_over())
            .await;
        println!("killed where it is {state}: {reached}");
        cluster.crash().expect("the server runs");
        cluster.restart().expect("the server comes back");
        watched.measures("0");
        let ran = running.ended().await;
        assert!(ran.code == 5 || ran.code == 4, "{}", ran.said);
        if ran.code == 4 {
            watched.world.must(&["back", "--yes"], 5).await;
        }
        watched.world.must_be_as_before();
        watched.measures("0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_control_store_a_watch_still_turns_back() {
    let watched = Watched::new("watch_storeless", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let mut running = watched.cut_over().await;
    running.until_said("baking").await;
    let store = watched.world.path(".turnback/journal.db");
    let url = format!("sqlite://{}", store.display());
    let mut store = SqliteConnection::connect(&url).await.expect("it is there");
    sqlx::raw_sql("PRAGMA busy_timeout = 60000; DROP TABLE sample; DROP TABLE journal")
        .execute(&mut store)
        .await
        .expect("a store can be spoilt");
    running.until_said("goes on without a journal").await;
    watched.measures("7");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_controllers_that_watch_one_turns_back_and_the_other_is_fenced_off() {
    let watched = Watched::new("watch_two", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let first = watched.cut_over().await;
    first.signal("STOP");
    // As if the silence limit had passed.
    watched
        .world
        .db
        .execute("UPDATE turnback.lease SET heartbeat = heartbeat - interval '1 minute'");
    let mut second = watched.world.start(&["up"]);
    second.until_said("baking").await;
    watched.measures("7");
    let ran = watched.turned_back(second).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    let after = watched.world.ledger();
    first.signal("CONT");
    let ran = first.ended().await;
    assert_eq!(ran.code, 4, "{}", ran.said);
    assert!(ran.said.contains("has taken over"), "{}", ran.said);
    assert_eq!(
        watched.world.ledger(),
        after,
        "the late one has left a trace"
    );
    watched.world.must_be_as_before();
    assert_eq!(watched.world.db.execute(CUT_OVER), "f");
}
