//! What can go wrong with backups, as sentences with the next step.

use std::path::PathBuf;

use turnback_core::backup::Difference;
use turnback_core::exit::ExitCode;
use turnback_engine::error::TargetError;

/// Why work on a backup did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A tool is not there, or too old.
    #[error("{tool} of version {needed} or newer is needed, and {}", found_in_words(.found))]
    NoTool {
        /// Its name.
        tool: &'static str,
        /// The oldest version that will do.
        needed: u32,
        /// The newest that is installed.
        found: Option<u32>,
    },
    /// A tool failed.
    #[error("{tool} could not {doing}: {said}")]
    Tool {
        /// Its name.
        tool: String,
        /// What it was to do.
        doing: String,
        /// What it said last.
        said: String,
        /// What helps, where that is known.
        remedy: Option<&'static str>,
    },
    /// A tool was ended by a signal.
    #[error("{tool} was ended by signal {signal} while it was to {doing}")]
    Killed {
        /// Its name.
        tool: String,
        /// What it was to do.
        doing: String,
        /// The signal.
        signal: i32,
    },
    /// There is no room.
    #[error("there is no room left in {}", .0.display())]
    Full(PathBuf),
    /// The server refused or did not answer.
    #[error("{doing}: {source}")]
    Server {
        /// What was being done.
        doing: String,
        /// What it said.
        source: TargetError,
    },
    /// A file could not be read or written.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It cannot be done as asked.
    #[error("{what}")]
    Refused {
        /// Why.
        what: String,
        /// What to type instead.
        next: String,
    },
    /// What was restored is not what was backed up.
    #[error("what was restored from {id} is not what was backed up: {}", in_words(.differences))]
    Differs {
        /// The backup.
        id: String,
        /// How it differs.
        differences: Vec<Difference>,
    },
    /// Something is not as it must be, and a person has to look.
    #[error("{what}")]
    Person {
        /// What was found.
        what: String,
        /// What to do.
        next: String,
    },
}

impl BackupError {
    /// Puts what was being done before what the server said.
    pub(crate) fn server(doing: impl Into<String>) -> impl FnOnce(TargetError) -> Self {
        let doing = doing.into();
        |source| Self::Server { doing, source }
    }

    /// Puts what was being done before what the driver said.
    pub(crate) fn sql(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        let doing = doing.into();
        |error| Self::Server {
            doing,
            source: crate::error::target_error(error, ""),
        }
    }

    /// Puts what was being done before what the system said.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }

    pub(crate) fn refused(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Refused {
            what: what.into(),
            next: next.into(),
        }
    }

    /// The exit code it leads to.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoTool { .. } | Self::Refused { .. } => ExitCode::Usage,
            Self::Tool { .. } => ExitCode::Failed,
            Self::Killed { .. } | Self::Full(_) | Self::Io { .. } => ExitCode::Stopped,
            Self::Server { source, .. } => match source {
                TargetError::Sql { .. } => ExitCode::Failed,
                _ => ExitCode::Stopped,
            },
            Self::Differs { .. } | Self::Person { .. } => ExitCode::NeedsPerson,
        }
    }

    /// What to do next, where there is something to say.
    pub fn next(&self) -> Option<String> {
        match self {
            Self::NoTool { needed, .. } => Some(format!(
                "Install PostgreSQL's client programs (Debian, Ubuntu: postgresql-client-{needed}), or name their directory with TURNBACK_PG_BIN."
            )),
            Self::Tool { remedy, .. } => remedy.map(str::to_owned),
            Self::Killed { .. } => {
                Some("Find out who ended it (the system, for want of memory?), and try again.".to_owned())
            }
            Self::Full(_) => Some(
                "Make room (`turnback backup prune` removes what is not needed), or name another directory with --to.".to_owned(),
            ),
            Self::Refused { next, .. } | Self::Person { next, .. } => Some(next.clone()),
            Self::Differs { .. } => Some(
                "It counts as no backup: take another with `turnback backup create --verify`, and look at the server's disks and log.".to_owned(),
            ),
            Self::Server { .. } | Self::Io { .. } => None,
        }
    }
}

fn found_in_words(found: &Option<u32>) -> String {
    match found {
        Some(version) => format!("the newest here is of version {version}"),
        None => "there is none here".to_owned(),
    }
}

fn in_words(differences: &[Difference]) -> String {
    const MOST: usize = 5;
    let shown: Vec<String> = differences
        .iter()
        .take(MOST)
        .map(ToString::to_string)
        .collect();
    let more = differences.len().saturating_sub(MOST);
    let more = if more == 0 {
        String::new()
    } else {
        format!("; and {more} more")
    };
    format!("{}{more}", shown.join("; "))
}
