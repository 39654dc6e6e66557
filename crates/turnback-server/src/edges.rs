//! The edges: what the server asks of the world, and how it is refused.
//!
//! Each trait is small and object-safe, and answers plain data of [`crate::model`]. The command
//! line's crate implements them on the target and the control store; tests make them up.

use std::sync::Arc;

use turnback_core::incident::report;
pub use turnback_engine::edges::Boxed;
pub use turnback_engine::flags::Flags;

use crate::access::{Fingerprint, Role};
use crate::model::{
    AuditEntry, Backup, BackupRule, Baseline, Canary, Check, Finding, Guard, Incident,
    JournalEntry, Lead, NewAnswer, NewAuditEntry, NewRun, Phase, Plan, Progress, Question,
    ReportFormat, Run, Samples, SetThrottle, Tallies, Throttle, Token, WayBack,
};

/// What an edge answers, in time.
pub type Answer<'a, R> = Boxed<'a, Result<R, Refusal>>;

/// Everything that leads to the world.
#[derive(Clone)]
pub struct Edges {
    /// How things stand.
    pub looks: Arc<dyn Looks>,
    /// What can be asked for.
    pub acts: Arc<dyn Acts>,
    /// Who may come in.
    pub keys: Arc<dyn Keys>,
    /// What was done by whom.
    pub audit: Arc<dyn Audit>,
    /// The flags of the plan.
    pub flags: Arc<dyn Flags>,
}

/// How things stand.
pub trait Looks: Send + Sync {
    /// The plan, as it was read when the process began.
    fn plan(&self) -> Plan;

    /// What preflight finds now.
    fn findings(&self) -> Answer<'_, Vec<Finding>>;

    /// Every phase of the plan, in order, with its state and what can be done now.
    fn phases(&self) -> Answer<'_, Vec<Phase>>;

    /// What is at work: the run, its stage and step, its backfill; nothing where nothing is.
    fn progress(&self) -> Answer<'_, Option<Progress>>;

    /// Every guard of the plan, with what it said last.
    fn guards(&self) -> Answer<'_, Vec<Guard>>;

    /// Canaries that are under way, and how their clients compare with the rest.
    fn canaries(&self) -> Answer<'_, Vec<Canary>>;

    /// The samples of a guard since a moment (milliseconds since 1970), the last `most` of them.
    /// Those of the rest, beside a canary, are of the guard `NAME@rest`.
    fn samples(&self, guard: &str, since: u64, most: u32) -> Answer<'_, Samples>;

    /// What was normal before each phase.
    fn baselines(&self) -> Answer<'_, Vec<Baseline>>;

    /// Questions that are open, and the last that are closed.
    fn questions(&self) -> Answer<'_, Vec<Question>>;

    /// Entries of the journal about this plan after a number, oldest first.
    fn journal(&self, after: i64, most: u32) -> Answer<'_, Vec<JournalEntry>>;

    /// The last entries of the journal about this plan, oldest first.
    fn last_of_journal(&self, most: u32) -> Answer<'_, Vec<JournalEntry>>;

    /// The number of the last entry of the journal about this plan; 0 where there is none.
    fn journal_end(&self) -> Answer<'_, i64>;

    /// Incidents of this plan, the last first.
    fn incidents(&self) -> Answer<'_, Vec<Incident>>;

    /// The report of an incident.
    fn report(&self, incident: usize, format: ReportFormat) -> Answer<'_, String>;

    /// What the report of an incident says, part by part. Who cannot tell has the report alone.
    fn report_page(&self, incident: usize) -> Answer<'_, report::Page> {
        let refusal =
            Refusal::not_there(format!("incident {incident} is told by its report alone"));
        Box::pin(std::future::ready(Err(refusal)))
    }

    /// Backups, the last first.
    fn backups(&self) -> Answer<'_, Vec<Backup>>;

    /// What the plan asks of backups, and whether what is there meets that.
    fn backup_rule(&self) -> Answer<'_, BackupRule>;

    /// What limits a backfill.
    fn throttle(&self) -> Answer<'_, Throttle>;

    /// What turning back so far would come to. Changes nothing.
    fn way_back(&self, scope: &str) -> Answer<'_, WayBack>;

    /// What is counted while the process runs.
    fn tallies(&self) -> Tallies {
        Tallies::default()
    }

    /// Who leads, and how this process stands to it.
    fn lead(&self) -> Boxed<'_, Lead>;

    /// What must hold for the process to do its work.
    fn ready(&self) -> Boxed<'_, Vec<Check>>;
}

/// What can be asked for.
pub trait Acts: Send + Sync {
    /// Asks for a run. Refused while another is at work, but for a way back while one goes
    /// forward: that is stopped at its next safe point.
    fn ask(&self, run: NewRun, by: &str) -> Answer<'_, Run>;

    /// Runs, the last first.
    fn runs(&self, most: u32) -> Answer<'_, Vec<Run>>;

    /// A run by its number.
    fn run(&self, number: i64) -> Answer<'_, Run>;

    /// Stops a run at its next safe point.
    fn stop(&self, number: i64, by: &str) -> Answer<'_, Run>;

    /// Answers a question.
    fn answer(&self, question: i64, answer: NewAnswer, by: &str) -> Answer<'_, Question>;

    /// Sets what limits a backfill.
    fn set_throttle(&self, wish: SetThrottle) -> Answer<'_, Throttle>;
}

/// Tokens and sessions. Secrets are never kept: their fingerprints are.
pub trait Keys: Send + Sync {
    /// Whether there is any token, expired or not.
    fn any(&self) -> Answer<'_, bool>;

    /// The token of a fingerprint, where there is one and it is neither expired nor revoked.
    fn token(&self, of: Fingerprint) -> Answer<'_, Option<Token>>;

    /// Takes down that a token was used.
    fn used(&self, token: i64) -> Answer<'_, ()>;

    /// Opens a session for a token, for so many seconds.
    fn open_session(&self, of: Fingerprint, token: i64, seconds: u64) -> Answer<'_, ()>;

    /// The token of an open session, where that is still good.
    fn session(&self, of: Fingerprint) -> Answer<'_, Option<Token>>;

    /// Closes a session.
    fn close_session(&self, of: Fingerprint) -> Answer<'_, ()>;
}

/// What was done by whom.
pub trait Audit: Send + Sync {
    /// Takes an action down.
    fn record(&self, entry: NewAuditEntry) -> Answer<'_, ()>;

    /// Actions before a number (all where none is given), the last first.
    fn entries(&self, before: Option<i64>, most: u32) -> Answer<'_, Vec<AuditEntry>>;
}

/// Why an edge refused, as sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Of which kind.
    pub kind: RefusalKind,
    /// What happened, and what is safe.
    pub what: String,
    /// What to do next, where there is something.
    pub next: Option<String>,
}

/// Kinds of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// There is no such thing.
    NotThere,
    /// What was asked makes no sense.
    Invalid,
    /// Not as things stand.
    Conflict,
    /// The role does not suffice.
    Forbidden,
    /// Not at the moment: the target or the control store cannot be reached.
    NotNow,
    /// The tool failed.
    Failed,
}

impl Refusal {
    /// A refusal.
    pub fn new(kind: RefusalKind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            next: None,
        }
    }

    /// There is no such thing.
    pub fn not_there(what: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotThere, what)
    }

    /// What was asked makes no sense.
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, what)
    }

    /// Not as things stand.
    pub fn conflict(what: impl Into<String>) -> Self {
        Self::new(RefusalKind::Conflict, what)
    }

    /// Not at the moment.
    pub fn not_now(what: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotNow, what)
    }

    /// The role does not suffice.
    pub fn forbidden(has: Role, needs: Role) -> Self {
        Self::new(
            RefusalKind::Forbidden,
            format!("this takes the role {needs}, and this token has the role {has}"),
        )
        .next(format!(
            "`turnback token create --role {needs} --name NAME` makes one that may."
        ))
    }

    /// Adds what to do next.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}
