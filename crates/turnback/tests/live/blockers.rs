//! Sessions in the way are named, and taken out of it only where the user asked for that.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_testkit::Cluster;

use crate::world::World;

/// A client under a role of its own that is no superuser.
struct Clerk {
    role: String,
    session: PgConnection,
}

impl Clerk {
    async fn of(world: &World) -> Self {
        let role = format!("{}_clerk", world.db.name());
        world.db.execute(&format!(
            "CREATE ROLE {role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"
        ));
        let (scheme, rest) = world.db.url().split_once("://").expect("a URL");
        let host = rest.split_once('@').map_or(rest, |(_, host)| host);
        let url = format!("{scheme}://{role}@{host}?application_name=reports");
        let session = PgConnection::connect(&url).await.expect("it is let in");
        Self { role, session }
    }

    async fn run(&mut self, sql: &str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
            .execute(&mut self.session)
            .await
            .map(drop)
    }

    /// Roles belong to the whole cluster and outlive a database.
    async fn leave(self, world: &World) {
        // Its session may have been ended.
        let _ = self.session.close().await;
        world.db.execute(&format!(
            "DROP OWNED BY {role}; DROP ROLE {role}",
            role = self.role
        ));
    }
}

const ALL_IN: &str = "settings: { lock_attempts: 100000 }";

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_in_the_way_is_cancelled_after_the_time_the_user_gave_and_not_shown_with_its_values()
 {
    let world = World::with_settings(Cluster::shared(), "cancel", 1_000, ALL_IN).await;
    let mut clerk = Clerk::of(&world).await;
    let reading = tokio::spawn(async move {
        let read = clerk
            .run("SELECT 'hunter2', pg_sleep(600) FROM (SELECT FROM users LIMIT 1) u")
            .await;
        (clerk, read)
    });
    world
        .until("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'reports' AND wait_event = 'PgSleep')")
        .await;
    let said = world
        .must(&["up", "--cancel-blockers-after", "300ms"], 0)
        .await;
    let (clerk, read) = reading.await.expect("it does not panic");
    let error = read.expect_err("it was cancelled").to_string();
    assert!(error.contains("user request"), "{error}");
    assert!(said.contains("reports"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    let status = world.must(&["status"], 0).await;
    assert!(status.contains("— cancelled"), "{status}");
    clerk.leave(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_release_cannot_stand_in_the_way_of_turning_it_back_where_the_plan_says_so() {
    let settings = "settings: { way_back_cancels_after: 300ms, lock_attempts: 100000 }";
    let world = World::with_settings(Cluster::shared(), "slow_release", 1_000, settings).await;
    world.must(&["up"], 0).await;
    let mut clerk = Clerk::of(&world).await;
    let reading = tokio::spawn(async move {
        let read = clerk
            .run("SELECT pg_sleep(600) FROM (SELECT FROM users LIMIT 1) u")
            .await;
        (clerk, read)
    });
    world
        .until("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'reports' AND wait_event = 'PgSleep')")
        .await;
    let said = world.must(&["back", "--yes"], 5).await;
    let (clerk, read) = reading.await.expect("it does not panic");
    let error = read.expect_err("it was cancelled").to_string();
    assert!(error.contains("user request"), "{error}");
    assert!(said.contains("reports"), "{said}");
    clerk.leave(&world).await;
    world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_transaction_in_the_way_is_ended_only_where_that_is_allowed_by_name() {
    let world = World::with_settings(
        Cluster::shared(),
        "terminate",
        1_000,
        "settings: { lock_attempts: 12 }",
    )
    .await;
    let mut clerk = Clerk::of(&world).await;
    clerk
        .run("BEGIN; UPDATE users SET id = id WHERE false; SELECT count(*) FROM users")
        .await
        .expect("it reads");
    let patience = ["up", "--cancel-blockers-after", "100ms"];
    let said = world.must(&patience, 4).await;
    for words in [
        "idle in transaction",
        "pg_terminate_backend",
        "--terminate-blockers",
    ] {
        assert!(said.contains(words), "{words} is not in: {said}");
    }
    clerk.run("SELECT 1").await.expect("it was not ended");
    let ending = [&patience[..], &["--terminate-blockers"]].concat();
    let said = world.must(&ending, 0).await;
    assert!(said.contains("— terminated"), "{said}");
    assert!(clerk.run("SELECT 1").await.is_err(), "it was ended");
    clerk.leave(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_must_not_be_lost_is_spared_and_the_reason_given() {
    let settings = "settings: { lock_attempts: 12 }";
    let world = World::with_settings(Cluster::shared(), "spared", 1_000, settings).await;
    // The test's own clients are superusers.
    let mut reader = world.holding("SELECT count(*) FROM users").await;
    let said = world
        .must(
            &[
                "up",
                "--cancel-blockers-after",
                "50ms",
                "--terminate-blockers",
            ],
            4,
        )
        .await;
    assert!(said.contains("spared: its role is a superuser"), "{said}");
    reader.end().await;
    world.must(&["up"], 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lock_that_was_really_taken_is_in_the_journal_and_status_shows_the_worst() {
    let world = World::chat(Cluster::shared(), "journal_locks", 2_000).await;
    world.must(&["up"], 0).await;
    let status = world.must(&["status", "--json"], 0).await;
    let status: serde_json::Value = serde_json::from_str(&status).expect("it is JSON");
    let locks = &status["phases"][0]["locks"];
    let worst = &locks["longest_hold"];
    assert_eq!(worst["mode"], "AccessExclusiveLock", "{locks}");
    assert!(worst["hold_millis"].as_f64() > Some(0.0), "{locks}");
    assert!(
        locks["longest_wait"]["wait_millis"].as_f64().is_some(),
        "{locks}"
    );
    let shown = world.must(&["status"], 0).await;
    assert!(shown.contains("AccessExclusiveLock"), "{shown}");
    // The cut-over's locks on every table of the phase.
    let journal = world.journal().await;
    let cut_over = journal
        .iter()
        .filter(|event| event["event"] == "step_done" && event["stage"] == "cut_over")
        .flat_map(|event| {
            event["lock"]["taken"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        });
    let relations: Vec<String> = cut_over
        .filter(|lock| lock["mode"] == "AccessExclusiveLock")
        .map(|lock| lock["relation"].to_string())
        .collect();
    for table in ["users", "conversations", "messages", "audit_logs"] {
        let named = format!("\"public.{table}\"");
        assert!(
            relations.contains(&named),
            "{named} is not in {relations:?}"
        );
    }
    // Without the journal, status still tells where everything stands.
    std::fs::remove_dir_all(world.path(".turnback")).expect("there is a store");
    assert!(world.must(&["status"], 0).await.contains("cut over"));
    assert!(
        !world.path(".turnback").exists(),
        "looking makes no journal"
    );
}
