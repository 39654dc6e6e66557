//! `incident`, by the real program, on journals that are written through the store.

#[path = "../../turnback-core/tests/incidents/night.rs"]
#[allow(dead_code, reason = "shared with the tests of the core")]
mod night;

use std::path::PathBuf;
use std::process::{Command, Output};

use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::edges::Journal;
use turnback_engine::watch::WatchStore;
use turnback_store::{ControlStore, StorePlace};
use turnback_testkit::Cluster;

use night::Night;

struct World {
    directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
        }
    }

    fn store(&self) -> PathBuf {
        self.directory.path().join("journal.db")
    }

    async fn write(&self, plan: &str, events: &[JournalEvent]) {
        let store = ControlStore::open(&StorePlace::File(self.store()), plan)
            .await
            .expect("opened");
        for event in events {
            store.append(event).await.expect("written");
        }
    }

    /// What happened on a night. The store gives entries the time of day, so these are put in
    /// with their own, as an older turnback left them; what the store writes next chains them.
    async fn lives_through(&self, night: &Night) {
        let store = ControlStore::open(&StorePlace::File(self.store()), "shop")
            .await
            .expect("opened");
        let url = format!("sqlite://{}", self.store().display());
        let pool = sqlx::SqlitePool::connect(&url).await.expect("it opens");
        for entry in &night.entries {
            let event = serde_json::to_string(&entry.event).expect("it is written");
            sqlx::query("INSERT INTO journal (at, plan, event) VALUES (?1, ?2, ?3)")
                .bind(entry.at.rfc3339())
                .bind(&entry.plan)
                .bind(event)
                .execute(&pool)
                .await
                .expect("written");
        }
        pool.close().await;
        let kept = store.keep_samples("users", &night.samples).await;
        kept.expect("samples are kept");
        let kept = store.keep_baseline("users", &night.baseline).await;
        kept.expect("a baseline is kept");
        self.write("another", &[became("users", PhaseState::Expanding)])
            .await;
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.turnback(arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    }

    fn turnback(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_turnback"))
            .arg("incident")
            .args(arguments)
            .arg("--store")
            .arg(self.store())
            // Nothing but the journal is there.
            .current_dir(self.directory.path())
            .env_remove("DATABASE_URL")
            .output()
            .expect("the program runs")
    }

    fn did(&self, arguments: &[&str], code: i32) -> String {
        let output = self.turnback(arguments);
        let said =
            [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        let said = said.concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
        said
    }
}

fn became(phase: &str, state: PhaseState) -> JournalEvent {
    JournalEvent::PhaseBecame {
        phase: phase.to_owned(),
        state,
    }
}

#[tokio::test]
async fn a_journal_that_nobody_edited_is_whole_and_its_head_can_be_kept() {
    let world = World::new();
    world
        .write("shop", &[became("users", PhaseState::Expanding)])
        .await;
    let said = world.did(&["verify"], 0);
    assert!(said.contains("whole: 1 entry"), "{said}");
    let head = said
        .lines()
        .find_map(|line| line.strip_prefix("Its head: "));
    let head = head.expect("it is printed").to_owned();
    world
        .write("other", &[became("users", PhaseState::Expanded)])
        .await;
    let said = world.did(&["verify", "--head", &head], 0);
    assert!(said.contains("the head that you gave among them"), "{said}");
    let strange = format!("1:{}", "00".repeat(32));
    let said = world.did(&["verify", "--head", &strange], 6);
    assert!(said.contains("does not hold 1:0000"), "{said}");
}

#[tokio::test]
async fn an_edited_journal_is_named_and_needs_a_person() {
    let world = World::new();
    let events = [
        became("users", PhaseState::Expanding),
        became("users", PhaseState::Expanded),
    ];
    world.write("shop", &events).await;
    let url = format!("sqlite://{}", world.store().display());
    let pool = sqlx::SqlitePool::connect(&url).await.expect("it opens");
    sqlx::raw_sql(
        "DROP TRIGGER journal_kept; UPDATE journal SET plan = 'another' WHERE number = 1",
    )
    .execute(&pool)
    .await
    .expect("edited");
    pool.close().await;
    let said = world.did(&["verify"], 6);
    assert!(said.contains("Entry 1 is not as written"), "{said}");
    assert!(said.contains("journal_kept"), "{said}");
    let json = world.turnback(&["verify", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
    assert_eq!(json["whole"], false);
    assert_eq!(json["findings"][0]["finding"]["from"], 1);
}

#[test]
fn a_journal_that_is_not_there_is_not_made() {
    let world = World::new();
    let said = world.did(&["verify"], 2);
    assert!(said.contains("there is no journal"), "{said}");
    assert!(!world.store().exists(), "it was made");
}

/// A night with a hold that ends, and a breach that a relative guard finds.
fn a_night() -> Night {
    let mut night = Night::deciding(
        "- { when: { guard: slower, level: critical }, do: rollback }
         - { when: { guard: latency, level: warning }, do: hold }",
    );
    let quiet = |n: i32| 20.0 + f64::from(n % 7) / 10.0;
    night.baseline_of("slower", (0..40).map(quiet));
    night.cuts_over("users");
    for value in [20.0, 200.0, 200.0, 20.0, 20.0, 20.0] {
        night.measures("latency", value);
    }
    for n in 0..12 {
        night.measures("slower", quiet(n));
    }
    for n in 0..5 {
        night.measures("slower", 60.0 + f64::from(n));
    }
    night.turns_back("users");
    night.ends("turned back", 5);
    night
}

#[tokio::test]
async fn incidents_are_listed_with_their_times_without_plan_or_database() {
    let world = World::new();
    world.lives_through(&a_night()).await;
    let said = world.did(&["list"], 0);
    for words in ["latency", "slower", "went on", "turned back", "way back"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let json = world.json(&["list", "--json"]);
    let incidents = json["incidents"].as_array().expect("a list");
    assert_eq!(incidents.len(), 2, "{said}");
    let times = &incidents[1]["times"];
    assert_eq!(times["to_detect_millis"], 40_000);
    assert_eq!(times["to_recover_millis"], 100);
    assert_eq!(json["mean_to_recover_millis"], times["in_all_millis"]);
    assert_eq!(json["unreadable_entries"], 0);
    let none = world.did(&["list", "--plan", "nobody"], 0);
    assert!(none.contains("No incidents"), "{none}");
    // The journal is whole all the same.
    let said = world.did(&["verify"], 0);
    assert!(said.contains("older than the chain"), "{said}");
}

#[tokio::test]
async fn an_incident_is_told_from_the_first_bad_sample_to_the_end() {
    let world = World::new();
    world.lives_through(&a_night()).await;
    let said = world.did(&["show", "2"], 0);
    for words in [
        "way back of phase users: slower said critical",
        "after 40.0 s",
        "slower beyond its threshold for",
        "Row 1 of the decisions",
        "phase users is cut over",
        "→ decided: turn back users",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!said.contains("secret"), "{said}");
    let json = world.json(&["show", "2", "--json"]);
    assert_eq!(json["incident"]["kind"], "turn_back");
    assert_eq!(json["over"], true);
    let said = world.did(&["show", "3"], 2);
    assert!(said.contains("there are 1 to 2"), "{said}");
}

#[tokio::test]
async fn a_report_is_written_as_markdown_and_as_one_html_file_and_never_over_another() {
    let world = World::new();
    world.lives_through(&a_night()).await;
    let markdown = world.did(&["report", "2"], 0);
    assert!(markdown.starts_with("# Incident 2: "), "{markdown}");
    assert!(markdown.contains("- [ ] "), "{markdown}");
    let file = world.directory.path().join("incident-2.html");
    let output = file.display().to_string();
    let said = world.did(&["report", "2", "--output", &output], 0);
    assert!(said.contains("incident-2.html"), "{said}");
    let html = std::fs::read_to_string(&file).expect("it is there");
    assert!(html.starts_with("<!doctype html>"), "{html}");
    assert!(html.contains("<svg") && html.contains("40 s"), "{html}");
    // Both hold the head, which the journal still has.
    let head = |text: &str| {
        let (_, after) = text
            .split_once("Head of the journal: ")
            .expect("it is said");
        let head = after.trim_start_matches(['`', '<', 'c', 'o', 'd', 'e', '>']);
        let end = head.find(['`', '<']).expect("it ends");
        head[..end].to_owned()
    };
    assert_eq!(head(&html), head(&markdown));
    world.did(&["verify", "--head", &head(&html)], 0);
    // What people wrote into it stays.
    std::fs::write(&file, "our lessons").expect("written");
    let said = world.did(&["report", "2", "--output", &output], 2);
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(
        std::fs::read_to_string(&file).expect("it is there"),
        "our lessons"
    );
    world.did(
        &[
            "report", "2", "--output", &output, "--format", "md", "--force",
        ],
        0,
    );
    let written = std::fs::read_to_string(&file).expect("it is there");
    assert!(written.starts_with("# Incident 2: "), "{written}");
}

#[test]
fn a_way_back_on_a_real_database_is_told_when_that_is_gone() {
    let world = World::new();
    let plan = world.directory.path().join("turnback.yaml");
    let text = "version: 1\nname: shop\nphases:\n  - id: notes\n    operations:\n      \
                - sql: { up: CREATE TABLE notes (id int), down: DROP TABLE notes }\n";
    std::fs::write(&plan, text).expect("the plan is written");
    let database = Cluster::shared().database("incident_real");
    for (arguments, code) in [(vec!["up"], 0), (vec!["back", "--yes"], 5)] {
        let output = Command::new(env!("CARGO_BIN_EXE_turnback"))
            .args(&arguments)
            .args(["--target", database.url()])
            .arg("--plan")
            .arg(&plan)
            .arg("--store")
            .arg(world.store())
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(code), "{arguments:?} {output:?}");
    }
    drop(database);
    let json = world.json(&["list", "--json"]);
    let incidents = json["incidents"].as_array().expect("a list");
    assert_eq!(incidents.len(), 1, "{json:#}");
    let incident = &incidents[0]["incident"];
    assert_eq!(incident["kind"], "turn_back");
    assert_eq!(incident["phases"][0], "notes");
    assert_eq!(incident["ended"]["how"]["end"], "turned_back", "{json:#}");
    assert!(
        incidents[0]["times"]["to_recover_millis"].is_u64(),
        "{json:#}"
    );
    let target = incident["target"].as_str().expect("it is known");
    assert!(target.starts_with("postgres://"), "{target}");
    let report = world.did(&["report", "1"], 0);
    assert!(
        report.contains("A person turned back phase notes"),
        "{report}"
    );
    assert!(report.contains("turnback back --scope current"), "{report}");
    world.did(&["verify"], 0);
}
