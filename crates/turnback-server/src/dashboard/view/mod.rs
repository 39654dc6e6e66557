//! What pages show, as plain data: everything is said already, templates only put it in place.

mod act;
mod audit;
mod backups;
mod canary;
mod decisions;
mod flags;
mod guards;
mod incidents;
mod mark;
mod overview;
mod problem;
mod risks;
mod shell;
mod sign_in;
mod time;
mod way_back;

pub use self::act::{Act, ActPage, Field, Found};
pub use self::audit::{Audit, AuditPage, AuditRow};
pub use self::backups::{BackupNeed, BackupRow, Backups, BackupsPage};
pub use self::canary::{CanaryStep, CanaryView, ComparedGuard};
pub use self::decisions::{AnswerPage, ClosedQuestion, Decisions, DecisionsPage, OpenQuestion};
pub use self::flags::{FlagRow, Flags, FlagsPage, MaintenanceView};
pub use self::guards::{GuardCard, Guards, GuardsPage, SampleRow, Verdicts};
pub use self::incidents::{IncidentPage, IncidentRow, IncidentView, Incidents, IncidentsPage};
pub use self::mark::{Badge, Mark};
pub use self::overview::{
    Can, Fill, Happened, Overview, OverviewPage, PhaseCard, RunNow, RunRow, Stand, Station,
};
pub use self::problem::ProblemPage;
pub use self::risks::{Cell, RiskRow, Risks, RisksPage};
pub use self::shell::{Leads, Notice, Place, Shell, Standing, Who};
pub use self::sign_in::{SignIn, SignInPage};
pub use self::time::{At, Left, On, Since};
pub use self::way_back::{Choice, Statement, TurnedPhase, WayBack, WayBackPage};

/// A name and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// What stands beside it.
    pub value: String,
}

impl Pair {
    /// A name and what stands beside it.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// What a page is about, as far as it is known.
#[derive(Clone, Debug)]
pub enum Part<T> {
    /// It is being looked up for the first time.
    Loading,
    /// It could not be looked up.
    Broken(Broken),
    /// Here it is.
    Ready(T),
}

/// Why something could not be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What happened, as a sentence.
    pub what: String,
    /// What is safe all the same, as a sentence.
    pub safe: String,
    /// What to do next, as a sentence.
    pub next: String,
}

/// Text in HTML, as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            sign => escaped.push(sign),
        }
    }
    escaped
}
