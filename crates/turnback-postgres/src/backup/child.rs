//! One of PostgreSQL's tools at work: listened to, bounded in what is kept of it, ended with us.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::error::BackupError;
use super::server::Server;

/// How many lines are kept of what a tool complains about.
const KEPT: usize = 8;
/// No line of a message is longer.
const LONGEST: usize = 600;

/// A tool, on a server.
pub(super) fn tool(path: &Path, on: &Server) -> Command {
    let mut command = Command::new(path);
    // Whatever the user's own surroundings say about where to connect is not meant here.
    for variable in ["PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGPASSWORD"] {
        command.env_remove(variable);
    }
    command
        .envs(on.environment())
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a tool to its end. `hear` gets every line that it says; `place` is where it writes to,
/// for the case that there is no room.
pub(super) async fn run(
    mut command: Command,
    name: &str,
    doing: &str,
    place: &Path,
    mut hear: impl FnMut(&str),
) -> Result<(), BackupError> {
    let mut child = command.spawn().map_err(BackupError::io(format!(
        "{name} could not be started, to {doing}"
    )))?;
    let mut said: Vec<String> = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let mut lines = BufReader::new(stderr).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line).into_owned();
            hear(&line);
            note(&mut said, &line);
        }
    }
    let status = child
        .wait()
        .await
        .map_err(BackupError::io(format!("waiting for {name}")))?;
    if status.success() {
        return Ok(());
    }
    let said = said.join("; ");
    if said.contains("No space left on device") || said.contains("Disk quota exceeded") {
        return Err(BackupError::Full(place.to_owned()));
    }
    match status.signal() {
        Some(signal) => Err(BackupError::Killed {
            tool: name.to_owned(),
            doing: doing.to_owned(),
            signal,
        }),
        None => Err(BackupError::Tool {
            tool: name.to_owned(),
            doing: doing.to_owned(),
            remedy: remedy(&said),
            said: if said.is_empty() {
                format!("it ended with {status} and said nothing")
            } else {
                said
            },
        }),
    }
}

/// Keeps the last lines that complain; of a tool that says what it does, those are few.
fn note(said: &mut Vec<String>, line: &str) {
    let chatter = line.trim().is_empty()
        || (line.starts_with("pg_")
            && !line.contains("error:")
            && !line.contains("warning:")
            && !line.contains("detail:")
            && !line.contains("hint:"));
    if chatter {
        return;
    }
    if said.len() == KEPT {
        said.remove(0);
    }
    said.push(line.trim().chars().take(LONGEST).collect());
}

fn remedy(said: &str) -> Option<&'static str> {
    const KNOWN: [(&str, &str); 6] = [
        (
            "affected by row-level security",
            "The role needs BYPASSRLS, or the backup would lack the rows that a policy hides.",
        ),
        (
            "permission denied",
            "The role needs SELECT on every table (`GRANT pg_read_all_data TO role`), and for a restore the right to create what the dump holds.",
        ),
        (
            "unsupported version",
            "The dump was made by a newer pg_dump than the pg_restore that is installed: install that version's client programs, or name their directory with TURNBACK_PG_BIN.",
        ),
        (
            "lock timeout",
            "Somebody changes the schema at this moment: try again when that is done.",
        ),
        (
            "terminating connection",
            "The server ended the connection: look at its log, and try again.",
        ),
        (
            "does not exist",
            "What the dump refers to is missing on the server, a role perhaps (`CREATE ROLE name NOLOGIN` makes a stand-in) or an extension.",
        ),
    ];
    KNOWN
        .into_iter()
        .find_map(|(sign, remedy)| said.contains(sign).then_some(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[&str]) -> String {
        let mut said = Vec::new();
        for line in lines {
            note(&mut said, line);
        }
        said.join("; ")
    }

    #[test]
    fn chatter_is_left_out_and_complaints_are_kept() {
        let said = kept(&[
            "pg_dump: dumping contents of table \"public.t\"",
            "pg_dump: error: query failed: ERROR:  permission denied for table t",
            "pg_dump: detail: Query was: LOCK TABLE public.t IN ACCESS SHARE MODE",
        ]);
        assert!(said.starts_with("pg_dump: error: query failed"), "{said}");
        assert!(said.contains("Query was") && !said.contains("dumping"));
        assert!(remedy(&said).is_some_and(|remedy| remedy.contains("pg_read_all_data")));
    }

    #[test]
    fn a_tool_that_never_stops_complaining_fills_nothing() {
        let lines: Vec<String> = (0..1_000).map(|n| format!("psql: error: {n}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(kept(&lines).split("; ").count(), KEPT);
    }
}
