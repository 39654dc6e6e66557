//! Two serving processes on one control store and one target: one leads, and the other takes over
//! when it is gone.

use serde_json::json;
use turnback_testkit::{Cluster, Database};

use crate::serving::Serving;
use crate::world::World;

/// What a controller says that leads.
const LEADS: &str = "this controller leads";
/// And what one says that does not.
const FOLLOWS: &str = "takes over when it is gone";

/// Two controllers; the first leads.
struct Two {
    world: World,
    store: Database,
    first: Serving,
    second: Serving,
}

impl Two {
    async fn start(name: &str) -> Self {
        let world = World::with_settings(
            Cluster::shared(),
            name,
            3_000,
            "settings: { batch_time: 5ms, workers: 1 }",
        )
        .await;
        let store = Cluster::shared().database("control");
        let shared = ["--store", store.url()];
        let mut first = Serving::start(&world, &shared).await;
        first.running.until_said(LEADS).await;
        let mut second = Serving::start(&world, &shared).await;
        second.running.until_said(FOLLOWS).await;
        Self {
            world,
            store,
            first,
            second,
        }
    }

    /// Both say the same of who leads, each from where it stands.
    async fn must_say_who_leads(&self, first: &str, second: &str, epoch: i64) {
        let (one, other) = (self.first.lead().await, self.second.lead().await);
        assert_eq!(
            (&one["role"], &other["role"]),
            (&json!(first), &json!(second))
        );
        assert_eq!(one["leader"], other["leader"]);
        let leader = &one["leader"];
        assert_eq!(leader["epoch"], epoch, "{leader}");
        assert!(leader["since"].as_u64().is_some(), "{leader}");
        let leads = if first == "leads" { &one } else { &other };
        assert_eq!(leader["name"], leads["name"]);
        let status = ["status", "--store", self.store.url()];
        let status = self.world.must(&status, 0).await;
        let name = leads["name"].as_str().expect("it has a name");
        let served = format!("Served by {name} (lead {epoch}) since ");
        assert!(status.contains(&served), "{status}");
    }

    /// Asks the one that follows for a run, which the other begins; gives its number.
    async fn begun(&self) -> i64 {
        let run = self.second.order(json!({ "command": "up" })).await;
        self.world
            .until("SELECT count(*) > 3 FROM turnback.step")
            .await;
        run
    }

    /// Waits until the second has finished the run in the place of the first.
    async fn taken_over(&mut self, run: i64) {
        self.second.running.until_said(LEADS).await;
        let ended = self.second.ended(run).await;
        assert_eq!(ended["exit_code"], 0, "{ended}");
        assert_eq!(ended["resumed"], 1, "{ended}");
        assert_eq!(self.world.states(), "cut_over");
        let lead = "SELECT epoch FROM turnback_control.controller";
        assert_eq!(self.store.execute(lead), "2");
    }

    /// Nothing of the first was committed after the second began.
    fn must_be_fenced(&self) {
        let late = "SELECT count(*) FROM turnback.history old JOIN turnback.history new \
                    ON new.epoch > old.epoch AND new.at < old.at";
        assert_eq!(self.world.db.execute(late), "0");
    }

    /// The journal has one chain, with what both have written.
    async fn must_have_one_journal(&self) {
        let verify = ["incident", "verify", "--store", self.store.url()];
        self.world.must(&verify, 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_is_killed_in_a_backfill_the_other_takes_over_and_finishes() {
    let mut two = Two::start("shared_kill").await;
    two.must_say_who_leads("leads", "stands_by", 1).await;
    let run = two.begun().await;
    two.first.running.signal("KILL");
    two.taken_over(run).await;
    two.must_be_fenced();
    two.must_have_one_journal().await;
    assert_eq!(two.second.end().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_stood_still_finds_itself_fenced_off_and_follows() {
    let mut two = Two::start("shared_stop").await;
    let run = two.begun().await;
    two.first.running.signal("STOP");
    two.taken_over(run).await;
    two.first.running.signal("CONT");
    two.first.running.until_said(FOLLOWS).await;
    two.must_say_who_leads("stands_by", "leads", 2).await;
    let ended = two.first.ended(run).await;
    assert_eq!(ended["exit_code"], 0, "{ended}");
    two.must_be_fenced();
    two.must_have_one_journal().await;
    // And leads again when the other ends in peace.
    assert_eq!(two.second.end().await.code, 0);
    two.first.running.until_said("leads (lead 3)").await;
    assert_eq!(two.first.end().await.code, 0);
}
