//! What a person at a terminal is asked when a hook has failed: a pseudo-terminal, and somebody
//! who types.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use turnback_testkit::Cluster;

use crate::world::World;

/// The longest that a person waits for something to appear.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody at a terminal on which the program runs.
struct Person {
    script: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    seen: String,
}

impl Person {
    /// Starts the program on a terminal of its own (`script` of util-linux).
    fn runs(world: &World, arguments: &[&str]) -> Self {
        let typed: Vec<String> = std::iter::once(env!("CARGO_BIN_EXE_turnback"))
            .chain(arguments.iter().copied())
            .map(|word| format!("'{word}'"))
            .collect();
        let mut command = Command::new("script");
        world.place(&mut command);
        command
            .env("SHELL", "/bin/sh")
            .args(["-qefc", &typed.join(" "), "/dev/null"]);
        let mut script = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("this test needs `script` (on Debian: bsdutils)");
        Self {
            keys: script.stdin.take().expect("it is piped"),
            screen: script.stdout.take().expect("it is piped"),
            script,
            seen: String::new(),
        }
    }

    /// Looks at the screen until this stands there.
    async fn sees(&mut self, text: &str) {
        while !self.seen.contains(text) {
            assert!(self.looks().await, "the program ended:\n{}", self.seen);
        }
    }

    /// Reads on; false where the program has ended.
    async fn looks(&mut self) -> bool {
        let mut part = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.screen.read(&mut part)).await;
        let read = read
            .unwrap_or_else(|_| panic!("nothing more appeared after:\n{}", self.seen))
            .unwrap_or(0);
        self.seen += &String::from_utf8_lossy(&part[..read]);
        read > 0
    }

    async fn types(&mut self, keys: &str) {
        self.keys
            .write_all(keys.as_bytes())
            .await
            .expect("the terminal is there");
        self.keys.flush().await.expect("the terminal is there");
    }

    /// Waits for the end; gives the exit code and what was on the screen.
    async fn ends(mut self) -> (i32, String) {
        while self.looks().await {}
        let status = self.script.wait().await.expect("it can be waited for");
        (status.code().unwrap_or(-1), self.seen)
    }
}

/// Two phases, and a hook before each that fails and asks.
async fn world(name: &str) -> World {
    let world = World::chat(Cluster::shared(), name, 10).await;
    world.write_plan(
        "phases:
  - id: first
    operations:
      - sql: { up: CREATE TABLE first (id int), down: DROP TABLE first }
hooks:
  - { name: tell the team, when: before_phase, run: [sh, -c, 'echo nobody picks up; exit 3'], on_failure: ask }
",
    );
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_yes_to_a_failed_hook_lets_the_run_go_on() {
    let world = world("asked_yes").await;
    let mut person = Person::runs(&world, &["up"]);
    person.sees("[y/N]").await;
    assert!(person.seen.contains("tell the team"), "{}", person.seen);
    assert_eq!(world.states(), "", "it went on before anybody had said so");
    person.types("y\n").await;
    let (code, seen) = person.ends().await;
    assert_eq!(code, 0, "{seen}");
    assert_eq!(world.states(), "cut_over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_no_to_a_failed_hook_or_nothing_at_all_stops_the_run() {
    let world = world("asked_no").await;
    // A bare Enter is no; the end of what is typed (Ctrl-D) is nobody.
    for (keys, code) in [("n\n", 4), ("\n", 4), ("\u{4}", 6)] {
        let mut person = Person::runs(&world, &["up"]);
        person.sees("[y/N]").await;
        person.types(keys).await;
        let (ended, seen) = person.ends().await;
        assert_eq!(ended, code, "{keys:?}: {seen}");
        assert!(seen.contains("Phase first was not begun"), "{seen}");
        assert_eq!(world.states(), "", "{keys:?}");
    }
}
