//! What `explain` and `replay` print, by the real program; neither needs a database.

use std::path::Path;
use std::process::{Command, Output};

const PAGE: &str = include_str!("../../../../docs/decisions.md");

/// The plan of the page about decisions, in a file of its own.
fn page_plan(directory: &Path) {
    let plan = PAGE
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("the page has a plan");
    std::fs::write(directory.join("turnback.yaml"), plan).expect("it can be written");
}

fn turnback(directory: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_turnback"))
        .args(args)
        .current_dir(directory)
        .env_remove("DATABASE_URL")
        .env_remove("TURNBACK_TARGET")
        .output()
        .expect("the program starts")
}

fn out(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("there is room");
    page_plan(home.path());
    home
}

#[test]
fn explain_says_what_the_page_says_it_says() {
    let home = home();
    let shown = out(&turnback(
        home.path(),
        &[
            "explain",
            "--guard",
            "latency",
            "--level",
            "warning",
            "--lasting",
            "5m",
        ],
    ));
    let example = PAGE
        .split("--level warning --lasting 5m\n")
        .nth(1)
        .and_then(|rest| rest.split("  …").next())
        .expect("the page shows it");
    assert!(shown.starts_with(example), "{shown}\n{example}");
}

#[test]
fn explain_tells_scripts_the_whole_decision() {
    let home = home();
    let shown = out(&turnback(
        home.path(),
        &[
            "explain", "--guard", "orphans", "--level", "critical", "--json",
        ],
    ));
    let json: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(json["decision"]["action"]["do"], "rollback");
    assert_eq!(
        json["decision"]["phases"],
        serde_json::json!(["users", "leaf-tables"])
    );
    assert_eq!(json["decision"]["by"]["row"]["number"], 1);
}

#[test]
fn explain_names_what_the_plan_does_have() {
    let home = home();
    for (args, has) in [
        (vec!["--guard", "latncy"], "it has orphans, latency, login"),
        (
            vec!["--guard", "latency", "--phase", "user"],
            "it has leaf-tables, users",
        ),
        (vec!["--guard", "latency", "--at-once", "4"], "has 3 guards"),
    ] {
        let args = [vec!["explain", "--level", "critical"], args].concat();
        let output = turnback(home.path(), &args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(has), "{said}");
    }
}

#[test]
fn the_replay_of_the_page_ends_as_its_rows_say() {
    let home = home();
    let script = PAGE
        .split("```text\n# fifteen minutes")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("the page has a script");
    let script = format!("# fifteen minutes{script}");
    std::fs::write(home.path().join("samples.jsonl"), script).expect("it can be written");
    let shown = out(&turnback(home.path(), &["replay", "samples.jsonl"]));
    assert!(
        shown.contains("It would have turned back users."),
        "{shown}"
    );
    let json = out(&turnback(
        home.path(),
        &["replay", "samples.jsonl", "--json"],
    ));
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["turned_back"], serde_json::json!(["users"]));
}

#[test]
fn a_replay_that_cannot_be_read_says_where() {
    let home = home();
    let lines = "{\"at\": \"1s\", \"guard\": \"latency\", \"value\": 1}\n{\"at\": 1}\n";
    std::fs::write(home.path().join("samples.jsonl"), lines).expect("it can be written");
    let output = turnback(home.path(), &["replay", "samples.jsonl"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("samples.jsonl:2: expected one of `guard`"),
        "{said}"
    );
}
