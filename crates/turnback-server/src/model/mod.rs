//! What edges answer and the API says: plain data, the same for pages, scripts and tests.
//!
//! Moments are milliseconds since 1970-01-01 UTC; times are in milliseconds.

mod access;
mod canary;
mod flag;
mod guard;
mod lead;
mod phase;
mod plan;
mod progress;
mod record;
mod run;
mod throttle;

pub use self::access::{AuditEntry, NewAuditEntry, Outcome, Token};
pub use self::canary::{Canary, Compared, Holding};
pub use self::flag::{
    ChangedFlags, Flag, FlagChange, FlagList, MaintenanceState, NewShare, SetFlag, SetMaintenance,
};
pub use self::guard::{
    Baseline, BaselineOf, Guard, NewAnswer, Question, Reading, Said, Samples, Terms,
};
pub use self::lead::{Lead, LeadRole, Leader};
pub use self::phase::{Deed, Phase, WayBack, WayBackOf};
pub use self::plan::{Check, Finding, Plan, PlannedCanary, PlannedPhase, Risk};
pub use self::progress::{Filling, Pool, Progress, Tallies};
pub use self::record::{Backup, BackupNeed, BackupRule, Incident, JournalEntry, ReportFormat};
pub use self::run::{NewRun, Order, Run, RunState};
pub use self::throttle::{Limit, SetThrottle, Throttle};
