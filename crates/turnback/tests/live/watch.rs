//! Guards that watch: they hold a run, ask, and turn it back by themselves, and no write is lost.

use serde_json::Value as Json;
use turnback_testkit::{Cluster, Shape};

use crate::traffic::Traffic;
use crate::world::{Ran, Running, World};

/// The old key is the one that `public` shows.
const OLD_IN_PUBLIC: &str = "SELECT atttypid = 'int4'::regtype FROM pg_attribute \
     WHERE attrelid = 'public.users'::regclass AND attname = 'id'";
/// The phase is cut over.
pub const CUT_OVER: &str = "SELECT EXISTS (SELECT FROM turnback.phase WHERE state = 'cut_over')";

/// A world whose guard `errors` measures what a file says.
pub struct Watched {
    /// Its database and plan.
    pub world: World,
}

impl Watched {
    /// With these decisions, of a phase that bakes for so long.
    pub async fn new(name: &str, rows: u64, guard: &str, decisions: &str, bake: &str) -> Self {
        Self::on(Cluster::shared(), name, rows, guard, decisions, bake).await
    }

    /// The same on a cluster.
    pub async fn on(
        cluster: &Cluster,
        name: &str,
        rows: u64,
        guard: &str,
        decisions: &str,
        bake: &str,
    ) -> Self {
        let world = World::chat(cluster, name, rows).await;
        let watched = Self { world };
        watched.measures("0");
        watched.world.write_plan(&format!(
            "phases:
  - id: keys
    operations:
      - convert_key: {{ table: users, to: uuid }}
      - convert_key: {{ table: conversations, to: uuid }}
      - convert_key: {{ table: messages, to: uuid }}
    bake: {bake}
guards:
  errors:
    command: {{ run: [cat, measured], measure: number }}
    interval: 100ms
    {guard}
decisions:
{decisions}
"
        ));
        watched
    }

    /// From now on the guard measures this.
    pub fn measures(&self, what: &str) {
        // In one piece: a probe must not read half of it.
        let (new, place) = (self.world.path("measured.new"), self.world.path("measured"));
        std::fs::write(&new, what).expect("the file can be written");
        std::fs::rename(new, place).expect("the file can be moved");
    }

    /// Starts `up` and waits until the phase is cut over.
    pub async fn cut_over(&self) -> Running {
        let mut running = self.world.start(&["up"]);
        let reached = self
            .world
            .until_or_end(CUT_OVER, &mut || running.is_over())
            .await;
        assert!(reached, "{}", running.said());
        running
    }

    /// Waits until the program turns back, mends what the guard measures, and sees it through.
    pub async fn turned_back(&self, mut running: Running) -> Ran {
        running.until_said("turning back keys").await;
        self.measures("0");
        running.ended().await
    }

    /// What the watch did, by the journal.
    async fn did(&self) -> Vec<String> {
        let journal = self.world.journal().await;
        journal
            .iter()
            .filter(|event| event["event"] == "watched")
            .map(|event| {
                event["next"]["next"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect()
    }

    pub fn shows_the_old_shape(&self) -> bool {
        self.world.db.execute(OLD_IN_PUBLIC) == "t"
    }
}

/// One sample above 5 is a breach.
pub const AT_ONCE: &str = "critical: \"> 5\"\n    for: 1 of 1";
/// A breach turns back.
pub const ROLLBACK: &str = "  - { when: { level: critical }, do: rollback, scope: current }";

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_while_it_bakes_turns_back_by_itself_and_no_write_is_lost() {
    let watched = Watched::new("watch_bake", 5_000, AT_ONCE, ROLLBACK, "1h").await;
    let mut traffic = Traffic::start(&watched.world, &[(Shape::Old, 2)]).await;
    let running = watched.cut_over().await;
    watched.measures("7");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(ran.said.contains("turning back keys"), "{}", ran.said);
    assert!(watched.shows_the_old_shape());
    assert_eq!(watched.did().await, ["turn_back"]);
    let report = watched.world.path(".turnback/incident-1.html");
    let report = std::fs::read_to_string(report).expect("a report was written by itself");
    assert!(
        report.contains("errors") && report.contains("<svg"),
        "{report}"
    );
    watched.world.must_be_as_before();
    traffic.finish(&[&Shape::Old, &Shape::Public]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_while_rows_are_filled_turns_back_before_the_cut_over() {
    let watched = Watched::new("watch_fill", 60_000, AT_ONCE, ROLLBACK, "1h").await;
    let mut running = watched.world.start(&["up"]);
    let filling = "SELECT EXISTS (SELECT FROM turnback.step WHERE step LIKE 'columns.%')";
    watched
        .world
        .until_or_end(filling, &mut || running.is_over())
        .await;
    watched.measures("7");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    let journal = watched.world.journal().await;
    assert!(
        !journal.iter().any(|event| event["state"] == "cut_over"),
        "it was cut over in spite of the breach"
    );
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_turning_back_did_not_mend_is_told_and_needs_a_person() {
    let watched = Watched::new("watch_elsewhere", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let running = watched.cut_over().await;
    watched.measures("7");
    let ran = running.ended().await;
    assert_eq!(ran.code, 6, "{}", ran.said);
    assert!(
        ran.said.contains("guard errors is content again"),
        "{}",
        ran.said
    );
    assert!(watched.shows_the_old_shape());
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_that_is_typed_asks_every_guard_whether_it_is_content_again() {
    let watched = Watched::new("watch_typed", 100, AT_ONCE, ROLLBACK, "100ms").await;
    let back = &["back", "--yes"];
    watched.world.must(&["up"], 0).await;
    let said = watched.world.must(back, 5).await;
    assert!(
        said.contains("✓ guard errors is content again: 0, which is not beyond > 5"),
        "{said}"
    );
    watched.world.must(&["up"], 0).await;
    watched.measures("7");
    let said = watched.world.must(back, 6).await;
    assert!(
        said.contains("it does not hold that guard errors is content again"),
        "{said}"
    );
    assert!(watched.shows_the_old_shape());
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phase_is_through_when_it_has_baked_and_not_before() {
    let watched = Watched::new("watch_baked", 1_000, AT_ONCE, ROLLBACK, "2s").await;
    let said = watched.world.must(&["up"], 0).await;
    assert!(said.contains("keys: baked, and done"), "{said}");
    let journal = watched.world.journal().await;
    let at = |event: &str| journal.iter().position(|entry| entry["event"] == event);
    assert!(at("bake_begun") < at("bake_passed"), "{journal:?}");
    // What has baked is not baked again.
    let said = watched.world.must(&["up"], 0).await;
    assert!(!said.contains("baking"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_bakes_anew_and_still_turns_back() {
    let watched = Watched::new("watch_killed", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let running = watched.cut_over().await;
    running.signal("KILL");
    running.ended().await;
    let mut running = watched.world.start(&["up"]);
    running.until_said("baking").await;
    watched.measures("7");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_measured_holds_the_run_before_the_cut_over_until_it_can() {
    let watched = Watched::new("watch_error", 1_000, AT_ONCE, ROLLBACK, "1s").await;
    watched.measures("no number");
    let mut running = watched.world.start(&["up"]);
    running.until_said("says error").await;
    assert!(watched.shows_the_old_shape());
    watched.measures("0");
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
    assert_eq!(watched.did().await, ["hold", "release"]);
    assert!(!watched.shows_the_old_shape());
}

const ASK: &str = "  - { when: { level: critical }, do: ask, deadline: 1h, otherwise: hold }";

#[tokio::test(flavor = "multi_thread")]
async fn a_question_waits_for_a_person_and_does_what_is_answered() {
    let watched = Watched::new("watch_ask", 1_000, AT_ONCE, ASK, "1h").await;
    let mut running = watched.cut_over().await;
    let said = watched.world.must(&["status"], 0).await;
    assert!(said.contains("errors") && said.contains("pass"), "{said}");
    watched.measures("7");
    running.until_said("turnback answer 1").await;
    let said = watched.world.must(&["status"], 0).await;
    assert!(said.contains("Question 1 waits"), "{said}");
    let said = watched.world.must(&["answer"], 0).await;
    assert!(
        said.contains("Question 1") && said.contains("turn back keys?"),
        "{said}"
    );
    let said = watched
        .world
        .must(&["answer", "1", "hold", "--by", "night shift"], 0)
        .await;
    assert!(said.contains("stays open"), "{said}");
    assert!(!watched.shows_the_old_shape());
    let said = watched
        .world
        .must(&["answer", "1", "turn-back", "--by", "night shift"], 0)
        .await;
    assert!(said.contains("night shift answered: turn back"), "{said}");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(watched.shows_the_old_shape());
    assert_eq!(
        watched.did().await,
        ["ask", "overdue", "close", "turn_back"]
    );
    let said = watched
        .world
        .must(&["answer", "1", "go-on", "--by", "late"], 2)
        .await;
    assert!(said.contains("closed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_whom_the_plan_names_may_answer() {
    let ask =
        "  - { when: { level: critical }, do: ask, deadline: 1h, otherwise: hold, who: [on-call] }";
    let watched = Watched::new("watch_who", 1_000, AT_ONCE, ask, "2s").await;
    let mut running = watched.cut_over().await;
    watched.measures("7");
    running.until_said("turnback answer 1").await;
    let said = watched
        .world
        .must(&["answer", "1", "go-on", "--by", "team-lead"], 2)
        .await;
    assert!(said.contains("on-call"), "{said}");
    watched
        .world
        .must(&["answer", "1", "go-on", "--by", "on-call"], 0)
        .await;
    let ran = running.ended().await;
    assert_eq!(ran.code, 0, "{}", ran.said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_nobody_met_does_what_the_matrix_says() {
    let ask = "  - { when: { level: critical }, do: ask, deadline: 1s, otherwise: rollback }";
    let watched = Watched::new("watch_deadline", 1_000, AT_ONCE, ask, "1h").await;
    let running = watched.cut_over().await;
    watched.measures("7");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(ran.said.contains("nobody answered in time"), "{}", ran.said);
    assert_eq!(watched.did().await, ["ask", "close", "turn_back"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relative_guard_takes_its_baseline_first_and_compares_with_it() {
    let guard = "warning: x3\n    for: 5 of 5\n    baseline: 4s";
    let rows = "  - { when: { level: warning }, do: rollback, scope: current }";
    let watched = Watched::new("watch_baseline", 1_000, guard, rows, "1h").await;
    watched.measures("10");
    let mut running = watched.world.start(&["up"]);
    running.until_said("baking").await;
    watched.measures("50");
    running.until_said("turning back keys").await;
    watched.measures("10");
    let ran = running.ended().await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(ran.said.contains("baseline of 10"), "{}", ran.said);
    let shown = watched.world.must(&["baseline"], 0).await;
    assert!(shown.contains("values, median 10, 10 to 10"), "{shown}");
    let journal = watched.world.journal().await;
    let at = |found: &dyn Fn(&Json) -> bool| journal.iter().position(found);
    let taken = at(&|event| event["event"] == "baseline_taken");
    let begun = at(&|event| event["event"] == "phase_became");
    assert!(taken.is_some() && taken < begun, "{journal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_a_bake_and_the_same_command_goes_on_with_it() {
    let watched = Watched::new("watch_interrupt", 1_000, AT_ONCE, ROLLBACK, "1h").await;
    let running = watched.cut_over().await;
    running.signal("INT");
    let ran = running.ended().await;
    assert_eq!(ran.code, 4, "{}", ran.said);
    watched.world.must(&["back", "--yes"], 5).await;
    watched.world.must_be_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_disables_every_flag_before_it_turns_back() {
    let decisions =
        "  - { when: { level: critical }, do: rollback, scope: current, disable_flags: true }";
    let watched = Watched::new("watch_flags", 100, AT_ONCE, decisions, "1h").await;
    let made = watched
        .world
        .run(&["flag", "set", "users-uuid", "--rollout", "100%"])
        .await;
    assert_eq!(made.code, 0, "{}", made.said);
    let running = watched.cut_over().await;
    watched.measures("7");
    let ran = watched.turned_back(running).await;
    assert_eq!(ran.code, 5, "{}", ran.said);
    assert!(ran.said.contains("disabled: users-uuid"), "{}", ran.said);
    assert_eq!(watched.did().await, ["disable_flags", "turn_back"]);
    let asked = [
        "flag",
        "evaluate",
        "users-uuid",
        "--targeting-key",
        "user-1",
    ];
    let gives = watched.world.run(&asked).await;
    assert!(
        gives
            .said
            .contains("users-uuid: false (variant off, DISABLED)"),
        "{}",
        gives.said
    );
    let history = watched.world.run(&["flag", "history", "users-uuid"]).await;
    assert!(
        history.said.contains("(turnback: errors says critical"),
        "{}",
        history.said
    );
}
