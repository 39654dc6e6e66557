//! The guide, as a new user follows it: every command of docs/guide.md, in its order.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use turnback_testkit::Cluster;

/// What is to be done with a block of the guide, as the comment before it says.
#[derive(Debug, PartialEq)]
enum Part {
    Run(String),
    Background(String),
    OnceItSays(String, String),
    EndsWith(i32),
}

/// What the guide has a reader do. Blocks of commands without a word what to do with them are an
/// error: nothing is left out unawares.
fn parts(guide: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut comment = None;
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if let Some(said) = line.strip_prefix("<!-- ") {
            let said = said.trim_end_matches(" -->");
            match said.strip_prefix("the background ends with exit code ") {
                Some(code) => parts.push(Part::EndsWith(code.parse().expect("a number"))),
                None => comment = Some(said),
            }
        } else if line == "```sh" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let block = block.join("\n");
            match comment.take() {
                Some("run") => parts.push(Part::Run(block)),
                Some("run in the background") => parts.push(Part::Background(block)),
                Some(said) if said.starts_with("not run by the test: ") => {}
                Some(said) => {
                    let words = said.strip_prefix("run once the background says: ");
                    let words = words.unwrap_or_else(|| panic!("what is {said:?}?"));
                    parts.push(Part::OnceItSays(words.to_owned(), block));
                }
                None => panic!("nothing is said about this block:\n{block}"),
            }
        }
    }
    parts
}

/// A shell in the reader's directory, with the program on its path.
fn shell(block: &str, directory: &Path, url: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_turnback"));
    let path = std::env::var("PATH").expect("there is a path");
    let mut shell = Command::new("bash");
    shell
        .args(["-euo", "pipefail", "-c", block])
        .current_dir(directory)
        .env(
            "PATH",
            format!(
                "{}:{path}",
                program.parent().expect("it is in a directory").display()
            ),
        )
        .env("DATABASE_URL", url)
        .env_remove("TURNBACK_TARGET")
        .stdin(Stdio::null());
    shell
}

async fn run(block: &str, directory: &Path, url: &str) {
    let done = shell(block, directory, url).output().await;
    let done = done.expect("bash can be started");
    assert!(
        done.status.success(),
        "{block}\nended with {}:\n{}\n{}",
        done.status,
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
}

/// Waits until the output in a file has these words.
async fn wait_for(words: &str, output: &Path, child: &mut Child) {
    let begun = Instant::now();
    loop {
        let said = std::fs::read_to_string(output).expect("it can be read");
        if said.contains(words) {
            return;
        }
        if let Some(status) = child.try_wait().expect("it is ours") {
            panic!("it ended with {status} before it said {words:?}:\n{said}");
        }
        let waited = begun.elapsed();
        assert!(
            waited < Duration::from_secs(180),
            "{words:?} never came:\n{said}"
        );
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn every_command_of_the_guide_does_what_the_guide_says() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = std::fs::read_to_string(repository.join("docs/guide.md")).unwrap();
    let cluster = Cluster::shared();
    let database = cluster.database("guide");
    let version: u32 = database.execute("SHOW server_version_num").parse().unwrap();
    if let Err(error) = turnback_postgres::backup::client("pg_dump", version / 10_000) {
        println!("skipped: {error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let clone = repository.canonicalize().unwrap();
    std::os::unix::fs::symlink(clone, folder.path().join("turnback")).unwrap();
    let directory = &folder.path().join("shop");
    std::fs::create_dir(directory).unwrap();
    let output: PathBuf = directory.join("background.log");
    let mut background: Option<Child> = None;
    for part in parts(&guide) {
        match part {
            Part::Run(block) => run(&block, directory, database.url()).await,
            Part::Background(block) => {
                let file = std::fs::File::create(&output).unwrap();
                let child = shell(&block, directory, database.url())
                    .stdout(file.try_clone().unwrap())
                    .stderr(file)
                    .spawn()
                    .unwrap();
                background = Some(child);
            }
            Part::OnceItSays(words, block) => {
                wait_for(&words, &output, background.as_mut().unwrap()).await;
                run(&block, directory, database.url()).await;
            }
            Part::EndsWith(code) => {
                let status = background.take().unwrap().wait().await.unwrap();
                let said = std::fs::read_to_string(&output).unwrap();
                assert_eq!(status.code(), Some(code), "{said}");
            }
        }
    }
    assert!(directory.join(".turnback/incident-1.html").exists());
}
