//! `incident`, by the real program, on journals that are written through the store.

use std::path::PathBuf;
use std::process::{Command, Output};

use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::edges::Journal;
use turnback_store::SqliteStore;

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
        let store = SqliteStore::open(&self.store(), plan)
            .await
            .expect("opened");
        for event in events {
            store.append(event).await.expect("written");
        }
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
