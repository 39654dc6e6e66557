//! What can go wrong, as sentences, and the exit code each leads to.

use turnback_core::exit::ExitCode;
use turnback_core::preflight::Finding;
use turnback_core::scope::BackRefused;
use turnback_core::state::{BadTransition, PhaseState};

use crate::edges::Blocker;

/// What a target answers when it cannot.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A lock was not to be had within the budget.
    #[error("a lock was not to be had within the lock budget")]
    LockRefused {
        /// Who holds it.
        blockers: Vec<Blocker>,
    },
    /// Another session won a deadlock or a race; trying again helps.
    #[error("another session was in the way: {0}")]
    TryAgain(String),
    /// The lease is held by another controller.
    #[error("another run is in progress on this database: {holder}, last heard of {seconds} s ago")]
    LeaseHeld {
        /// Who.
        holder: String,
        /// Since when nothing was heard.
        seconds: i64,
    },
    /// Another controller took the lease over: nothing was committed.
    #[error(
        "another controller has taken over this database; nothing more was committed from here"
    )]
    Fenced,
    /// The statement was ended because a stop was asked for.
    #[error("stopped as asked")]
    Stopped,
    /// The connection broke or cannot be made.
    #[error("the connection to the database is lost: {0}")]
    Lost(String),
    /// The server came back without something that had been committed.
    #[error("the server came back without what was done last: {0}")]
    Forgotten(String),
    /// The server cannot at the moment, for want of something that is not ours to give.
    #[error("the server cannot go on: {reason}. {remedy}")]
    Unable {
        /// What it said.
        reason: String,
        /// What helps, as a sentence.
        remedy: &'static str,
    },
    /// The server refused a statement.
    #[error("{message}{}", Hint(.detail, .statement))]
    Sql {
        /// SQLSTATE.
        code: String,
        /// What the server said.
        message: String,
        /// `DETAIL` and `HINT`, joined.
        detail: String,
        /// The beginning of the statement.
        statement: String,
    },
    /// Something in the ledger cannot be read.
    #[error("the ledger in this database cannot be read: {0}")]
    Ledger(String),
}

struct Hint<'a>(&'a String, &'a String);

impl std::fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.0.is_empty() {
            write!(f, " ({})", self.0)?;
        }
        if !self.1.is_empty() {
            write!(f, "; the statement was: {}", self.1)?;
        }
        Ok(())
    }
}

/// The journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the journal cannot be used: {0}")]
pub struct JournalError(pub String);

/// The outbox cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the outbox cannot be used: {0}")]
pub struct OutboxError(pub String);

/// Why a command with hooks came to a stop, and how things stand.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}. {how_it_stands}", what.trim_end_matches('.'))]
pub struct Halt {
    /// What happened, as a sentence.
    pub what: String,
    /// What is done, and what clients meet, as sentences.
    pub how_it_stands: String,
    /// What to type, as sentences.
    pub next: String,
    /// The exit code.
    pub code: ExitCode,
}

/// Why a command ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Preflight says no-go.
    #[error("preflight says no-go: {} finding(s)", .0.len())]
    NoGo(Vec<Finding>),
    /// A stop was asked for, or the lock or the connection was not to be had.
    #[error("stopped at a safe point: {reason}")]
    Stopped {
        /// Why.
        reason: String,
    },
    /// The database is not as the ledger says.
    #[error("{what}. Nothing more was changed. {next}")]
    NeedsPerson {
        /// What was found.
        what: String,
        /// What to do.
        next: String,
    },
    /// A hook, or a line of the validation, stands in the way.
    #[error(transparent)]
    Halted(Box<Halt>),
    /// The scope cannot be turned back.
    #[error(transparent)]
    Back(#[from] BackRefused),
    /// The phase is in a state from which the command cannot go on.
    #[error("phase {phase} is {state}: {advice}")]
    WrongState {
        /// The phase.
        phase: String,
        /// Its state.
        state: PhaseState,
        /// What to type.
        advice: String,
    },
    /// The target refused.
    #[error("{doing}: {source}")]
    Target {
        /// What was being done.
        doing: String,
        /// What it said.
        source: TargetError,
    },
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A defect.
    #[error("a defect in turnback: {0}")]
    Defect(#[from] BadTransition),
}

impl EngineError {
    /// The exit code it leads to.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoGo(_) => ExitCode::NoGo,
            Self::Stopped { .. } => ExitCode::Stopped,
            Self::NeedsPerson { .. } => ExitCode::NeedsPerson,
            Self::Halted(halt) => halt.code,
            Self::Back(BackRefused::UnknownPhase(_) | BackRefused::NothingDone)
            | Self::WrongState { .. } => ExitCode::Usage,
            Self::Back(BackRefused::Contracted(_) | BackRefused::Irreversible(_)) => {
                ExitCode::NeedsPerson
            }
            Self::Target { source, .. } => match source {
                TargetError::LockRefused { .. }
                | TargetError::TryAgain(_)
                | TargetError::LeaseHeld { .. }
                | TargetError::Fenced
                | TargetError::Stopped
                | TargetError::Forgotten(_)
                | TargetError::Unable { .. }
                | TargetError::Lost(_) => ExitCode::Stopped,
                TargetError::Sql { .. } => ExitCode::NeedsPerson,
                TargetError::Ledger(_) => ExitCode::Failed,
            },
            Self::Journal(_) | Self::Defect(_) => ExitCode::Failed,
        }
    }

    /// Whether another controller has taken the lease over.
    pub(crate) fn is_fenced(&self) -> bool {
        matches!(
            self,
            Self::Target {
                source: TargetError::Fenced,
                ..
            }
        )
    }

    /// Puts what was being done before what the target said.
    pub fn while_doing(doing: impl Into<String>) -> impl FnOnce(TargetError) -> Self {
        let doing = doing.into();
        move |source| match source {
            TargetError::Stopped => Self::Stopped {
                reason: "as asked".to_owned(),
            },
            source => Self::Target { doing, source },
        }
    }
}
