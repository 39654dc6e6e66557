//! The plan: what the user asks for, parsed, checked and in the order it will run.

mod backup_shape;
mod backups;
mod canary;
mod canary_shape;
mod check;
mod decision_shape;
mod decisions;
mod document;
mod duration;
mod environment;
mod expansion;
mod guard_shape;
mod guards;
pub(crate) mod hint;
mod hooks;
mod json_schema;
mod notify;
mod objectives;
mod operation;
mod operation_shape;
mod order;
mod outward;
mod reader;
mod recreate;
mod request;
mod risks;
mod shape;
mod size;
mod source;
mod sql_name;
mod target;
mod thresholds;
mod values;
pub(crate) mod yaml;

use std::time::Duration;

pub use self::backups::{BackupCommand, Backups, By, PgBackRest, Require};
pub use self::check::check_against;
pub use self::duration::{parse as parse_duration, show as show_duration};
pub use self::json_schema::json_schema;
pub use self::size::{parse as parse_size, show as show_size};
pub(crate) use self::source::tree;
pub use self::source::{KeySpans, ParsedPlan, PhaseSpans, PlanSource, Spans, parse};
pub use self::sql_name::parse_table;
use crate::canary::Canary;
use crate::decision::Matrix;
use crate::guard::Guard;
use crate::hook::Hook;
use crate::name::{Ident, TableName};
use crate::notify::Notify;
use crate::recovery::Objectives;
use crate::risk::Risk;

/// A plan file that has been checked. Phases stand in the order in which they run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Name of the plan: the ledger keeps phases under it.
    pub name: String,
    /// Where the database is.
    pub target: Target,
    /// Schema of table names that are written without one.
    pub schema: Ident,
    /// How fast and how patient.
    pub settings: Settings,
    /// Where backups are kept, and when one is required.
    pub backups: Backups,
    /// Phases, each after all that it depends on.
    pub phases: Vec<Phase>,
    /// Guards, in the order of the file.
    pub guards: Vec<Guard>,
    /// Who is told what, and how.
    pub notify: Notify,
    /// What the user's own programs and servers do at certain moments, in the order of the file.
    pub hooks: Vec<Hook>,
    /// How long turning back may take, part by part and as a whole.
    pub objectives: Objectives,
    /// What may go wrong, in the order of the file.
    pub risks: Vec<Risk>,
    /// What to do about what guards say.
    pub decisions: Matrix,
}

/// A connection string. Never printed: `Debug` and messages show [`Target::redacted`].
#[derive(Clone, PartialEq, Eq)]
pub struct Target(String);

impl Target {
    /// Takes a connection string (`postgres://…`).
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The connection string with its password, for the driver alone.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// The connection string without user name, password and parameters.
    pub fn redacted(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return "postgres://…".to_owned();
        };
        let rest = rest.split(['?', '#']).next().unwrap_or("");
        // The last `@` before the path: a password may hold one.
        let (authority, path) = match rest.rsplit_once('@') {
            Some((_, after)) => after.split_once('/').unwrap_or((after, "")),
            None => rest.split_once('/').unwrap_or((rest, "")),
        };
        format!("{scheme}://{authority}/{path}")
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// How fast and how patient a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The lock budget: the longest that a statement may queue for a strong lock, and so the
    /// longest that it may hold up traffic behind it. Default 100 ms.
    pub lock_timeout: Duration,
    /// How many times a strong lock is tried before the run stops. Default 60.
    pub lock_attempts: u32,
    /// Sessions that backfill one table side by side. Default 2.
    pub workers: u32,
    /// What one backfill batch should take. Default 200 ms.
    pub batch_time: Duration,
    /// How long the server may go without an answer before the connection counts as lost.
    /// Default 30 s.
    pub answer_timeout: Duration,
    /// Sessions that hold up a way back for so long are cancelled, where the command line says
    /// nothing of them. Default: never.
    pub way_back_cancels_after: Option<Duration>,
    /// Hundredths of a table after which a backfill lets vacuum free what it has left dead; 0
    /// for not before its end. Default 20.
    pub vacuum_after: u32,
    /// How far a standby or a subscriber may be behind before a backfill pauses. Default 10 s.
    pub max_lag: Duration,
    /// Bytes of WAL per second that the server may write while a backfill runs. Default: no limit.
    pub max_wal_rate: Option<u64>,
    /// Bytes of WAL that may wait for the archiver before a backfill pauses. Default 2 GB.
    pub max_archive_lag: u64,
    /// Bytes of WAL that replication slots may keep before a backfill pauses. Default: no limit
    /// but `max_slot_wal_keep_size`.
    pub max_retained_wal: Option<u64>,
    /// Clients that may wait for locks of turnback's, or behind one who does, before a backfill
    /// pauses. Default 10.
    pub max_lock_waits: u32,
    /// Bytes that must stay free on the server's disk, where that can be seen. Default: a
    /// twentieth of it, and no more than 1 GB.
    pub min_free_disk: Option<u64>,
    /// A query that answers true for a backfill to pause.
    pub pause_when: Option<String>,
    /// Standbys and subscribers whose lag does not count, by `application_name`.
    pub ignore_standbys: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_millis(100),
            lock_attempts: 60,
            workers: 2,
            batch_time: Duration::from_millis(200),
            answer_timeout: Duration::from_secs(30),
            way_back_cancels_after: None,
            vacuum_after: 20,
            max_lag: Duration::from_secs(10),
            max_wal_rate: None,
            max_archive_lag: 2 << 30,
            max_retained_wal: None,
            max_lock_waits: 10,
            min_free_disk: None,
            pause_when: None,
            ignore_standbys: vec![],
        }
    }
}

/// One phase: goes forward and turns back as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Lower-case letters, digits, `-` and `_`, starting with a letter, at most 40 bytes.
    pub id: String,
    /// Phases that must be through before this one starts.
    pub after: Vec<String>,
    /// What it does.
    pub operations: Operations,
    /// How long guards watch after the cut-over before the phase counts as done.
    pub bake: Option<Duration>,
    /// How users are sent to the new shape bit by bit before the cut-over.
    pub canary: Option<Canary>,
}

/// What a phase does: key conversions, all of one phase as one, or SQL of the user's.
#[derive(Clone, Debug, PartialEq)]
pub enum Operations {
    /// `convert_key`, one or more.
    ConvertKeys(Vec<ConvertKey>),
    /// `sql`, in order.
    Sql(Vec<SqlOperation>),
}

/// Convert an integer key, and every foreign key that points at it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvertKey {
    /// The table whose key it is.
    pub table: TableName,
    /// The key column; by default that of the primary key ([`Table::own_key`]).
    ///
    /// [`Table::own_key`]: crate::schema::Table::own_key
    pub column: Option<Ident>,
    /// How new keys are made.
    pub generate: Generate,
    /// Objects that compute with a key, given anew for the new shape.
    pub recreate: Vec<Recreate>,
}

/// An object that is given anew for the new shape, since it cannot be carried by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recreate {
    /// Which object it is.
    pub what: Recreated,
    /// SQL that makes it, under its own name, where the tables have the new shape.
    pub sql: String,
}

/// Kinds of objects that can be given anew.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recreated {
    /// A row-level security policy.
    Policy {
        /// Its name.
        name: Ident,
        /// Its table.
        on: TableName,
    },
    /// A materialized view.
    MaterializedView(TableName),
}

impl std::fmt::Display for Recreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Policy { name, on } => write!(f, "policy {name} on {on}"),
            Self::MaterializedView(name) => write!(f, "materialized view {name}"),
        }
    }
}

/// How new keys are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Generate {
    /// Random (RFC 9562, 5.4).
    V4,
    /// Time-ordered (RFC 9562, 5.7), from the clock.
    V7,
    /// Time-ordered; rows that are there already take their time from this column.
    V7From(Ident),
}

/// SQL of the user's.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlOperation {
    /// Goes forward.
    pub up: String,
    /// Turns back; absent only where [`SqlOperation::irreversible`].
    pub down: Option<String>,
    /// A query that must answer `true` after `up`.
    pub verify: Option<String>,
    /// The user has said that there is no way back.
    pub irreversible: bool,
    /// Run inside a transaction (default), or statement by statement.
    pub transaction: bool,
}

impl Phase {
    /// Whether it runs SQL that is marked irreversible.
    pub fn is_irreversible(&self) -> bool {
        match &self.operations {
            Operations::Sql(statements) => statements.iter().any(|sql| sql.irreversible),
            Operations::ConvertKeys(_) => false,
        }
    }
}

impl Plan {
    /// Finds a phase by id.
    pub fn phase(&self, id: &str) -> Option<&Phase> {
        self.phases.iter().find(|phase| phase.id == id)
    }

    /// Finds a guard by name.
    pub fn guard(&self, name: &str) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let target = Target::new("postgres://app:s3cr@t/x@db.example:5433/shop?password=s3cr3t");
        let shown = format!("{target:?} {}", target.redacted());
        assert!(!shown.contains("s3c") && !shown.contains("app:"), "{shown}");
        assert!(shown.contains("db.example:5433/shop"), "{shown}");
    }
}
