//! Why a command failed: a sentence for people, and the exit code.

use turnback_core::exit::ExitCode;
use turnback_engine::error::{EngineError, JournalError, TargetError};
use turnback_postgres::backup::BackupError;

use crate::output::findings::brief;

/// A command that did not come to its end.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: ExitCode,
    /// What happened and what to do, in sentences.
    pub message: String,
    /// What to type next, where there is something.
    pub next: Option<String>,
}

impl Failure {
    /// The command line or the plan is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// A failure with its exit code.
    pub fn new(code: ExitCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            next: None,
        }
    }

    /// Adds what to type next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = error.exit_code();
        if let EngineError::NoGo(findings) = &error {
            let findings: Vec<String> = findings.iter().map(brief).collect();
            return Self::new(code, format!("{}\n{error}", findings.join("\n")))
                .next("`turnback check` says what to do about each.");
        }
        let failure = Self::new(code, error.to_string());
        if let EngineError::Target {
            source: TargetError::LeaseHeld { .. },
            ..
        } = error
        {
            return failure.next(
                "Nothing was touched. Wait for it; or end it where it runs (Ctrl-C, or `kill -INT` of its process: it stops at a safe point), then type this again.",
            );
        }
        if let EngineError::Halted(halt) = error {
            return failure.next(halt.next);
        }
        match code {
            ExitCode::Stopped => failure.next(
                "The database is safe: clients read and write. The same command goes on from here; `turnback back` turns back; `turnback status` shows where it stands.",
            ),
            ExitCode::NeedsPerson => {
                failure.next("`turnback status` shows where every phase stands; `turnback back` turns back what can be turned back.")
            }
            _ => failure,
        }
    }
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let code = match error {
            TargetError::Ledger(_) => ExitCode::Failed,
            TargetError::Sql { .. } => ExitCode::NeedsPerson,
            _ => ExitCode::Stopped,
        };
        let failure = Self::new(code, error.to_string());
        match code {
            ExitCode::Stopped => failure.next(
                "The database is safe: clients read and write. The same command tries again; `turnback status` shows where it stands.",
            ),
            _ => failure,
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(ExitCode::Failed, error.to_string())
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        Self {
            code: error.exit_code(),
            message: error.to_string(),
            next: error.next(),
        }
    }
}
