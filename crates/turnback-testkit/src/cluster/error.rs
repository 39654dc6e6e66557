//! What can go wrong with a throw-away cluster, in sentences.

use std::path::Path;
use std::process::{Command, Stdio};

/// Why a cluster or a database of it could not be had or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No usable PostgreSQL binaries.
    #[error(
        "no PostgreSQL server binaries found (looked in TURNBACK_PG_BIN, /usr/lib/postgresql/*/bin, \
         `pg_config --bindir` and PATH for initdb, pg_ctl and postgres): run `make setup`, or \
         set TURNBACK_PG_BIN to the directory that holds them"
    )]
    NoBinaries,
    /// TURNBACK_PG_BIN names a directory without them.
    #[error("TURNBACK_PG_BIN names {0}, which does not hold initdb, pg_ctl and postgres")]
    NotBinaries(String),
    /// PostgreSQL does not run as root, and there is nobody else to run it as.
    #[error(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run it as"
    )]
    NoAccount,
    /// The operating system allows sockets only short paths.
    #[error(
        "the path {0} is too long for a socket: set TMPDIR to a directory with a short path, such as /tmp"
    )]
    LongPath(String),
    /// Stopping and starting is its owner's business.
    #[error("cannot {doing} a cluster that this process did not start")]
    Borrowed {
        /// What was wanted.
        doing: &'static str,
    },
    /// The operating system refused.
    #[error("could not {doing}: {source}")]
    Io {
        /// What was tried.
        doing: String,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A program of PostgreSQL's failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Its name.
        program: String,
        /// What it printed.
        output: String,
    },
}

impl ClusterError {
    pub(super) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io {
            doing: doing.into(),
            source,
        }
    }

    /// Adds the end of the server's log to a program's failure.
    pub(super) fn with_log(self, log: &Path) -> Self {
        let Self::Program { program, output } = self else {
            return self;
        };
        let log = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(10)..].join("\n");
        Self::Program {
            program,
            output: format!("{output}\nthe server's log ends:\n{end}"),
        }
    }
}

/// Runs a program to its end and returns what it printed.
pub(super) fn run(program: &str, command: &mut Command) -> Result<String, ClusterError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| ClusterError::io(format!("run {program}"), e))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(printed);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(ClusterError::Program {
        program: program.to_owned(),
        output: format!("{}{}", printed, complaint.trim_end()),
    })
}
