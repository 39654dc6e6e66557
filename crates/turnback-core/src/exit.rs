//! Exit codes: the one list, for people and scripts.

use serde::{Deserialize, Serialize};

/// What the process's exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub enum ExitCode {
    /// Done.
    Done = 0,
    /// The tool failed: a defect, or a part of it that is missing.
    Failed = 1,
    /// The command line or the plan is wrong; nothing was touched.
    Usage = 2,
    /// Preflight says no-go; nothing was touched.
    NoGo = 3,
    /// Stopped before the end. The database is safe, and the same command goes on.
    Stopped = 4,
    /// Turned back.
    TurnedBack = 5,
    /// Needs a person: something is not as the ledger says, or a decision is due.
    NeedsPerson = 6,
}

impl ExitCode {
    /// Every code.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NoGo,
        Self::Stopped,
        Self::TurnedBack,
        Self::NeedsPerson,
    ];

    /// What it means, for help and documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "the tool failed",
            Self::Usage => "bad usage or plan; nothing was touched",
            Self::NoGo => "no-go; nothing was touched",
            Self::Stopped => "stopped before the end, safe, and the same command goes on",
            Self::TurnedBack => "turned back",
            Self::NeedsPerson => "needs a person",
        }
    }
}
