//! `notify`, by the real program: what a run tells, what waits for a channel that is down, and who
//! takes an issue on.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;
use turnback_testkit::{Cluster, Database};

/// Takes requests down, and answers with a status that can be changed.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    bodies: Arc<Mutex<Vec<Json>>>,
    arrived: Arc<Condvar>,
}

impl Receiver {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has one").port();
        let (status, bodies) = (Arc::new(AtomicU16::new(200)), Arc::default());
        let arrived = Arc::new(Condvar::new());
        let receiver = Self {
            url: format!("http://127.0.0.1:{port}/s3cret-path"),
            status: Arc::clone(&status),
            bodies: Arc::clone(&bodies),
            arrived: Arc::clone(&arrived),
        };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, status.load(Ordering::SeqCst), &bodies);
                arrived.notify_all();
            }
        });
        receiver
    }

    /// Waits until it has taken something with a title that begins so.
    fn takes(&self, beginning: &str) {
        let bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        let is_missing = |bodies: &mut Vec<Json>| {
            let mut titles = bodies.iter().filter_map(|body| body["title"].as_str());
            !titles.any(|title| title.starts_with(beginning))
        };
        let waited = self
            .arrived
            .wait_timeout_while(bodies, Duration::from_secs(120), is_missing);
        let (bodies, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "{beginning}: {bodies:#?}");
    }

    /// Titles of what it took since it was asked last.
    fn titles(&self) -> Vec<String> {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        let titles = bodies.drain(..);
        titles
            .map(|body| body["title"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

fn answer(mut stream: TcpStream, status: u16, bodies: &Mutex<Vec<Json>>) {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = vec![0; length];
    let whole = reader.read_exact(&mut body).is_ok();
    if whole && status == 200 {
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.push(body);
    }
    let head = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
}

struct World {
    database: Database,
    directory: tempfile::TempDir,
    team: Receiver,
    lead: Receiver,
}

impl World {
    fn new(name: &str) -> Self {
        Self {
            database: Cluster::shared().database(name),
            directory: tempfile::tempdir().expect("a temporary directory"),
            team: Receiver::new(),
            lead: Receiver::new(),
        }
    }

    fn plan(&self, up: &str) {
        let text = format!(
            r#"
version: 1
name: told
phases:
  - id: notes
    operations:
      - sql: {{ up: "{up}", down: DROP TABLE notes }}
notify:
  channels:
    team: {{ webhook: {{ url: "${{TEAM}}" }} }}
    lead: {{ webhook: {{ url: "${{LEAD}}" }} }}
  rules:
    - {{ when: [before, after], to: [team] }}
    - {{ when: [issue], to: [team], escalate: [{{ after: 1s, to: [lead] }}] }}
"#
        );
        std::fs::write(self.file(), text).expect("the plan is written");
    }

    fn file(&self) -> std::path::PathBuf {
        Path::new(self.directory.path()).join("plan.yaml")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_turnback"));
        command
            .args(arguments)
            .arg("--plan")
            .arg(self.file())
            .arg("--store")
            .arg(self.directory.path().join("journal.db"))
            .args(["--target", self.database.url()])
            .env("TEAM", &self.team.url)
            .env("LEAD", &self.lead.url)
            .env("NO_PROXY", "127.0.0.1");
        command
    }

    fn turnback(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().expect("the program runs");
        let said = said(&output);
        assert!(!said.contains("s3cret"), "{said}");
        output
    }

    fn did(&self, arguments: &[&str], code: i32) -> String {
        let output = self.turnback(arguments);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{said}");
        said
    }
}

fn said(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

const GOOD: &str = "CREATE TABLE notes (id int)";

#[test]
fn a_test_message_goes_through_every_channel_and_says_what_came_of_it() {
    let world = World::new("notify_test");
    world.plan(GOOD);
    world.lead.status.store(403, Ordering::SeqCst);
    let shown = world.did(&["notify", "test"], 1);
    assert!(shown.contains("arrived in"), "{shown}");
    assert!(shown.contains("answered with status 403"), "{shown}");
    assert_eq!(world.team.titles(), ["A test of this channel"]);
    world.did(&["notify", "test", "--channel", "team"], 0);
    let unknown = world.did(&["notify", "test", "--channel", "teem"], 2);
    assert!(unknown.contains("its channels are: "), "{unknown}");
    let shown = world.turnback(&["notify", "test", "--channel", "lead", "--json"]);
    let shown: Json = serde_json::from_slice(&shown.stdout).expect("JSON");
    assert_eq!(shown["channels"][0]["arrived"], false);
}

#[test]
fn a_run_tells_of_itself_and_what_a_channel_missed_comes_later_and_once() {
    let world = World::new("notify_run");
    world.plan(GOOD);
    world.did(&["up"], 0);
    let told = world.team.titles();
    assert_eq!(
        told.first().map(String::as_str),
        Some("`turnback up` begins")
    );
    assert!(
        told.contains(&"Phase notes is cut over".to_owned()),
        "{told:?}"
    );
    assert_eq!(
        told.last().map(String::as_str),
        Some("`turnback up` is done")
    );

    world.team.status.store(503, Ordering::SeqCst);
    let shown = world.did(&["back", "--yes"], 5);
    assert!(shown.contains("Messages wait for team"), "{shown}");
    assert!(world.team.titles().is_empty());
    world.team.status.store(200, Ordering::SeqCst);
    // Each comes when its time has come; then nothing is left.
    let mut told = Vec::new();
    while world.did(&["notify", "list"], 0).contains("status 503") {
        world.did(&["notify", "send"], 0);
        told.extend(world.team.titles());
    }
    while world.did(&["notify", "list"], 0).contains("waits") {
        world.did(&["notify", "send"], 0);
    }
    told.extend(world.team.titles());
    let mut once = told.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), told.len(), "{told:?}");
    assert!(
        told.contains(&"Phase notes is turned back".to_owned()),
        "{told:?}"
    );
    assert!(world.did(&["notify", "send"], 0).contains("Nothing is due"));
}

#[test]
fn an_issue_calls_the_next_until_somebody_takes_it_on_and_its_end_is_told() {
    let world = World::new("notify_issue");
    world.plan("CREATE TABLE notes (id nonsense)");
    let output = world.turnback(&["up"]);
    assert!(!output.status.success());
    let told = world.team.titles();
    assert!(
        told.iter()
            .any(|title| title.contains("needs a person") || title.contains("stopped")),
        "{told:?}"
    );
    // Nobody takes it on: the lead is called once its time has come.
    let called = loop {
        world.did(&["notify", "send"], 0);
        let called = world.lead.titles();
        if !called.is_empty() {
            break called;
        }
    };
    assert!(called[0].starts_with("Not acknowledged:"), "{called:?}");
    assert!(
        world
            .did(&["notify", "list"], 0)
            .contains("nobody has taken it on")
    );
    let taken = world.did(&["notify", "acknowledge", "--by", "on-call"], 0);
    assert!(taken.contains("on-call has taken on"), "{taken}");
    let again = world.did(&["notify", "acknowledge", "--by", "team-lead"], 0);
    assert!(again.contains("was taken on by on-call"), "{again}");
    world.did(&["back", "--yes"], 5);
    assert!(
        world
            .team
            .titles()
            .iter()
            .any(|title| title.starts_with("Over:"))
    );
    assert!(
        world
            .lead
            .titles()
            .iter()
            .any(|title| title.starts_with("Over:"))
    );
    assert!(
        world
            .did(&["notify", "acknowledge", "--by", "team-lead"], 0)
            .contains("No issue is open")
    );
}

#[test]
fn a_question_of_the_watch_is_told_with_its_answer_and_every_issue_of_it_has_its_end() {
    let world = World::new("notify_watch");
    world.plan(GOOD);
    let text = std::fs::read_to_string(world.file()).expect("the plan");
    let watched = text.replace(
        "notify:",
        "    bake: 1h\nguards:\n  notes:\n    \
         sql: SELECT count(*) FROM pg_class WHERE relname = 'notes'\n    \
         critical: \"> 0\"\n    interval: 100ms\n    for: 1 of 1\ndecisions:\n  \
         - { when: { level: critical }, do: ask, deadline: 1s, otherwise: rollback }\nnotify:",
    );
    std::fs::write(world.file(), watched).expect("written");
    let said = world.did(&["up"], 5);
    let told = world.team.titles();
    let at = |title: &str| {
        told.iter()
            .position(|other| other == title)
            .unwrap_or_else(|| panic!("{title}: {told:#?}\n{said}"))
    };
    let order = [
        "Question 1: turn back notes?",
        "Over: Question 1: turn back notes?",
        "Turning back notes",
        "Over: Turning back notes",
    ]
    .map(at);
    assert!(order.is_sorted(), "{told:#?}");
    assert!(
        world
            .did(&["notify", "acknowledge", "--by", "team-lead"], 0)
            .contains("No issue is open")
    );
}

#[test]
fn what_a_killed_run_held_for_is_over_when_the_next_one_begins() {
    let world = World::new("notify_killed");
    world.plan(GOOD);
    world.database.execute("CREATE TABLE trouble AS SELECT 1");
    let text = std::fs::read_to_string(world.file()).expect("the plan");
    let guarded = text.replace(
        "notify:",
        "guards:\n  trouble:\n    sql: SELECT count(*) FROM public.trouble\n    critical: \"> 0\"\n    \
         interval: 100ms\n    for: 1 of 1\ndecisions:\n  - { when: { level: critical }, do: hold }\nnotify:",
    );
    std::fs::write(world.file(), guarded).expect("written");
    let mut run = world.command(&["up"]);
    let mut run = run
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    world.team.takes("Phase notes holds");
    // That it arrived is written down, too.
    while world.did(&["notify", "list"], 0).contains("waits") {}
    run.kill().expect("it is there");
    run.wait().expect("it ends");
    world.team.titles();
    world.database.execute("DELETE FROM trouble");
    world.did(&["up"], 0);
    let told = world.team.titles();
    let at = |beginning: &str| {
        told.iter()
            .position(|title| title.starts_with(beginning))
            .unwrap_or_else(|| panic!("{beginning}: {told:#?}"))
    };
    assert!(
        at("Over: Phase notes holds") < at("Phase notes is cut over"),
        "{told:#?}"
    );
    let over = told.iter().filter(|title| title.starts_with("Over:"));
    assert_eq!(over.count(), 1, "{told:#?}");
}

#[test]
fn a_variable_that_is_not_set_stops_nobody_and_is_told_by_check() {
    let world = World::new("notify_unset");
    world.plan(GOOD);
    let text = std::fs::read_to_string(world.file()).expect("the plan");
    std::fs::write(world.file(), text.replace("${LEAD}", "${NOT_SET_AT_ALL}")).expect("written");
    let checked = world.did(&["check"], 0);
    assert!(checked.contains("NOT_SET_AT_ALL"), "{checked}");
    world.did(&["up"], 0);
    let tried = world.did(&["notify", "test", "--channel", "lead"], 1);
    assert!(tried.contains("NOT_SET_AT_ALL has no value"), "{tried}");
}
