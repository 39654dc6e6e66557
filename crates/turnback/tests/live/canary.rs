//! A canary on a real server: clients of two versions, told apart by what they call themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value as Json;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;
use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::{Running, World};

const CUT_OVER: &str = "SELECT EXISTS (SELECT FROM turnback.phase WHERE state = 'cut_over')";

/// A chat service with a canary of two versions.
struct CanaryWorld {
    world: World,
    /// How long requests to the new version take, in milliseconds; 0 where there are none.
    new_takes: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

impl CanaryWorld {
    async fn new(name: &str, steps: &str) -> Self {
        Self::of_steps(name, steps, "1s").await
    }

    /// Whose steps hold for so long.
    async fn of_steps(name: &str, steps: &str, hold: &str) -> Self {
        let mut world = World::chat(Cluster::shared(), name, 1_000).await;
        world.db.execute(
            "CREATE TABLE requests (app text, ms float8, at timestamptz DEFAULT clock_timestamp())",
        );
        world.write_plan(&format!(
            "phases:
  - id: keys
    operations:
      - convert_key: {{ table: users, to: uuid }}
      - convert_key: {{ table: conversations, to: uuid }}
      - convert_key: {{ table: messages, to: uuid }}
    canary:
      flag: keys-uuid
      compare: {{ by: application_name, canary: chat-v2, rest: chat-v1 }}
      steps: {steps}
      hold: {hold}
      drain: 2s
guards:
  slow:
    of: canary
    sql: SELECT avg(ms) FROM requests WHERE app = {{group}} AND at > clock_timestamp() - interval '1 s'
    unit: milliseconds
    interval: 100ms
    critical: x2
  stuck:
    of: canary
    probe: longest_transaction
    interval: 100ms
    critical: \"> 1h\"
decisions:
  - {{ when: {{ of: canary, level: critical }}, do: rollback }}
"
        ));
        world.remember();
        let new_takes = Arc::new(AtomicU64::new(0));
        let old_takes = Arc::new(AtomicU64::new(20));
        let clients = vec![
            client(&world, "chat-v1", old_takes),
            client(&world, "chat-v2", Arc::clone(&new_takes)),
        ];
        let canary = Self {
            world,
            new_takes,
            clients,
        };
        canary.flag("0%").await;
        canary
    }

    /// A person gives the flag a share.
    async fn flag(&self, share: &str) {
        let flag = ["flag", "set", "keys-uuid", "--rollout", share];
        self.world.must(&flag, 0).await;
    }

    /// From now on requests to the new version take so long.
    fn new_version_takes(&self, millis: u64) {
        self.new_takes.store(millis, Ordering::Relaxed);
    }

    async fn started(&self, words: &str) -> Running {
        let mut running = self.world.start(&["up"]);
        running.until_said(words).await;
        running
    }

    /// The shares that were set, in order, by the journal.
    async fn shares(&self) -> Vec<u64> {
        let journal = self.world.journal().await;
        let steps = journal
            .iter()
            .filter(|event| event["event"] == "canary_step");
        let mut shares: Vec<u64> = steps.filter_map(|event| event["share"].as_u64()).collect();
        shares.dedup();
        shares
    }

    /// No client was refused anything.
    fn end(self) {
        for client in &self.clients {
            assert!(
                !client.is_finished(),
                "a client was refused a row of its own"
            );
        }
    }
}

impl Drop for CanaryWorld {
    fn drop(&mut self) {
        for client in &self.clients {
            client.abort();
        }
    }
}

/// A client of the service that says how long its requests took, twenty times a second.
fn client(world: &World, app: &'static str, takes: Arc<AtomicU64>) -> JoinHandle<()> {
    let url = format!("{}?application_name={app}", world.db.url());
    tokio::spawn(async move {
        let mut session = PgConnection::connect(&url)
            .await
            .expect("the database is there");
        let mut tick = tokio::time::interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            let millis = takes.load(Ordering::Relaxed);
            if millis > 0 {
                let row = sqlx::query("INSERT INTO requests (app, ms) VALUES ($1, $2)")
                    .bind(app)
                    .bind(millis as f64)
                    .execute(&mut session)
                    .await;
                // Whoever has ended is seen to have, at the end of the test.
                if row.is_err() {
                    return;
                }
            }
        }
    })
}

fn place(journal: &[Json], found: impl Fn(&Json) -> bool) -> usize {
    let at = journal.iter().position(found);
    at.unwrap_or_else(|| panic!("it is not in the journal: {journal:#?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_that_is_slower_is_left_by_its_users_and_turned_back_and_no_write_is_lost() {
    // What the guard measures is of the last second: it is certain after some more.
    let canary = CanaryWorld::of_steps("canary_slow", "[1%, 10%, 100%]", "5s").await;
    canary.new_version_takes(20);
    let mut traffic = Traffic::start(&canary.world, &[(Shape::Old, 2)]).await;
    let mut running = canary.started("canary at 1% of users").await;
    let new_shape = World::new_shape("keys");
    traffic.join(&new_shape, 1);
    running.until_said("canary at 10% of users").await;
    traffic.work(50).await;
    canary.new_version_takes(80);
    running
        .until_said("flag keys-uuid was at 10%, and is at 0%")
        .await;
    // They ask the flag again, and are sent to the old version while the new shape is still there.
    traffic.switch(&new_shape, &Shape::Old).await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(ran.said.contains("from the rest's"), "{}", ran.said);
    assert_eq!(canary.shares().await, [10, 100]);
    let journal = canary.world.journal().await;
    let ended = place(&journal, |event| event["event"] == "canary_ended");
    let back = place(&journal, |event| {
        event["stage"] == "swap_back" || event["stage"] == "withdraw"
    });
    assert!(
        ended < back,
        "the flag is at nobody before the way back begins"
    );
    canary.world.must_be_as_before();
    traffic.finish(&[&Shape::Old, &Shape::Public]).await;
    canary.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_that_fares_no_worse_gets_everybody_and_is_cut_over() {
    let canary = CanaryWorld::new("canary_well", "[10%, 100%]").await;
    canary.new_version_takes(20);
    let running = canary.started("canary at 100% of users").await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!(canary.shares().await, [100, 1_000]);
    assert_eq!(canary.world.states(), "cut_over");
    let share = canary.world.must(&["flag", "show", "keys-uuid"], 0).await;
    assert!(share.contains("100%"), "{share}");
    // Back by hand takes them off the new shape first, also now.
    let said = canary.world.must(&["back", "--yes"], 5).await;
    assert!(
        said.contains("flag keys-uuid was at 100%, and is at 0%"),
        "{said}"
    );
    canary.world.must_be_as_before();
    canary.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_in_the_new_version_is_no_healthy_canary() {
    let canary = CanaryWorld::new("canary_silent", "[10%, 100%]").await;
    let mut running = canary.started("guard slow: no data").await;
    let said = canary.world.must(&["status"], 0).await;
    assert!(
        said.contains("canary at 10% of users, step 1 of 2"),
        "{said}"
    );
    canary.new_version_takes(20);
    running.until_said("canary at 100% of users").await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    canary.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_in_a_step_goes_on_in_it_and_a_persons_zero_stays_zero() {
    let canary = CanaryWorld::new("canary_killed", "[10%, 50%, 100%]").await;
    canary.new_version_takes(20);
    let running = canary.started("canary at 50% of users").await;
    running.killed().await;
    assert_eq!(canary.shares().await, [100, 500]);
    canary.flag("0%").await;
    let mut running = canary.started("somebody changed it").await;
    let said = canary.world.must(&["status"], 0).await;
    assert!(said.contains("waits for a person"), "{said}");
    let flag = canary.world.must(&["flag", "show", "keys-uuid"], 0).await;
    assert!(flag.starts_with("keys-uuid: on for 0%"), "{flag}");
    canary.flag("50%").await;
    running.until_said("canary at 100% of users").await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!(canary.shares().await, [100, 500, 1_000]);
    canary.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_asks_goes_on_when_a_person_says_so() {
    let steps = "[{ share: 10%, ask: true, deadline: 1h }]";
    let canary = CanaryWorld::new("canary_asks", steps).await;
    canary.new_version_takes(20);
    let running = canary.started("turnback answer 1").await;
    let said = canary.world.must(&["answer"], 0).await;
    assert!(
        said.contains("go on with the canary of keys, or turn back?"),
        "{said}"
    );
    assert!(said.contains("the cut-over follows"), "{said}");
    let answer = ["answer", "1", "go-on", "--by", "on-call"];
    canary.world.must(&answer, 0).await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    canary.world.until(CUT_OVER).await;
    canary.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_without_its_flag_is_no_go() {
    let canary = CanaryWorld::new("canary_no_flag", "[10%]").await;
    let said = canary.world.must(&["check"], 0).await;
    assert!(!said.contains("canary-flag"), "{said}");
    canary
        .world
        .must(&["flag", "disable", "keys-uuid"], 0)
        .await;
    let said = canary.world.must(&["check"], 3).await;
    assert!(said.contains("is disabled"), "{said}");
    canary.world.must(&["flag", "remove", "keys-uuid"], 0).await;
    let said = canary.world.must(&["up"], 3).await;
    assert!(said.contains("There is no flag keys-uuid"), "{said}");
    canary.world.must_be_as_before();
    canary.end();
}
