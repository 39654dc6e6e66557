//! What depends on the server's state and the role's rights: facts as the edge found them,
//! and the rules that judge them.

mod activity;
mod objects;
mod replication;
mod rights;
mod space;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::name::{Ident, TableName};
use crate::plan::Settings;
use crate::preflight::Finding;
use crate::program::{Program, Stage};
use crate::schema::Snapshot;
use crate::step::{Step, Work};

/// What one look at the server found. `None` says that the role may not know.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Version, modes and settings.
    pub state: ServerState,
    /// The role of the session and its rights.
    pub role: Role,
    /// How many sessions there may be, and are.
    pub connections: Connections,
    /// Other sessions with a transaction open in this database, the oldest first.
    pub sessions: Vec<Session>,
    /// Sessions in this database that belong to others and show nothing to this role.
    pub hidden_sessions: u64,
    /// Transactions of this database that were prepared and wait for their second phase.
    pub prepared: Vec<PreparedTransaction>,
    /// Replication slots, those that live no longer than their session left out.
    pub slots: Vec<Slot>,
    /// Standbys and other receivers of WAL.
    pub standbys: Vec<Standby>,
    /// The archiver, where there is one.
    pub archiver: Option<Archiver>,
    /// Sequences with the last value that each gave; those never used, or not shown to this
    /// role, left out.
    pub sequences: Vec<SequencePosition>,
    /// The ledger, where there is one.
    pub ledger: Option<Ledger>,
    /// Event triggers that are switched on.
    pub event_triggers: Vec<EventTrigger>,
}

/// Version, modes and settings of the server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerState {
    /// `server_version_num`, for example 150018.
    pub version: u32,
    /// Name of the database.
    pub database: String,
    /// `pg_is_in_recovery()`
    pub standby: bool,
    /// `default_transaction_read_only`, as a session of this role starts with it.
    pub read_only: bool,
    /// `autovacuum`
    pub autovacuum: bool,
    /// Age of the oldest unfrozen transaction id of the database (`age(datfrozenxid)`).
    pub frozen_age: u64,
    /// Age of its oldest multixact (`mxid_age(datminmxid)`).
    pub multixact_age: u64,
    /// How many locks the server has room for, those of all sessions together (PostgreSQL
    /// manual, 20.12, max_locks_per_transaction); zero where that is not known.
    #[serde(default)]
    pub lock_slots: u64,
    /// Bytes free on the disk of the data directory. SQL cannot tell: whoever can, says so.
    pub free_bytes: Option<u64>,
}

/// The role of the session and its rights.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Whether it is a superuser.
    pub superuser: bool,
    /// Roles whose rights it has, its own among them; superusers have everybody's.
    pub has_rights_of: BTreeSet<String>,
    /// Whether it may create schemas in the database.
    pub creates_schemas: bool,
    /// Schemas in which it may create objects.
    pub creates_in: BTreeSet<Ident>,
    /// Whether it may set `session_replication_role`.
    pub may_silence_triggers: bool,
    /// Whether it may see what other roles' sessions do (`pg_read_all_stats`).
    pub sees_all_sessions: bool,
}

/// How many sessions there may be, and are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// The most that this role may have at once, those of everybody counted.
    pub most: u64,
    /// Those there are.
    pub used: u64,
    /// Those that a run opens: see [`Connections::needed_for`].
    pub needed: u64,
}

impl Connections {
    /// Sessions beside the backfill's workers: the statement at work, the one that watches
    /// it, the lease, and one to spare.
    const BESIDE_WORKERS: u64 = 4;

    /// Sessions that probes of the target take turns on.
    const OF_PROBES: u64 = 4;

    /// How many sessions a run with so many workers opens, whose guards measure the target or not.
    pub fn needed_for(workers: u32, measures_target: bool) -> u64 {
        let probes = if measures_target { Self::OF_PROBES } else { 0 };
        u64::from(workers) + Self::BESIDE_WORKERS + probes
    }
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 0,
            used: 0,
            needed: Self::needed_for(Settings::default().workers, false),
        }
    }
}

/// A session with a transaction open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its process.
    pub pid: i32,
    /// `application_name`, empty where it gave none.
    pub application: String,
    /// Its role.
    pub role: String,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// Age of its transaction in seconds.
    pub age_seconds: u64,
    /// The beginning of its last query, cut before the first literal: those hold data.
    pub query: String,
}

/// A prepared transaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreparedTransaction {
    /// Its global identifier.
    pub gid: String,
    /// The role that prepared it.
    pub owner: String,
    /// Seconds since it was prepared.
    pub age_seconds: u64,
}

/// A replication slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether somebody reads from it.
    pub active: bool,
    /// Bytes of WAL that the server keeps for it.
    pub retained_bytes: Option<u64>,
    /// `wal_status`: `reserved`, `extended`, `unreserved` or `lost`.
    pub wal_status: Option<String>,
}

/// A receiver of WAL.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standby {
    /// `application_name`
    pub name: String,
    /// `replay_lag` in seconds; none for one that has caught up.
    pub lag_seconds: Option<f64>,
    /// Bytes that it has not replayed.
    pub lag_bytes: Option<u64>,
}

/// The WAL archiver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Archiver {
    /// Whether its last try failed.
    pub failing: bool,
    /// Tries that failed since statistics were reset.
    pub failed: u64,
}

/// Where a sequence stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SequencePosition {
    /// Its name.
    pub sequence: TableName,
    /// The last value it gave.
    pub last_value: i64,
}

/// turnback's own schema in the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// The role that owns it.
    pub owner: String,
    /// Who holds the lease, where anybody does and this role may know.
    pub lease: Option<Lease>,
}

/// A lease that somebody holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Who.
    pub holder: String,
    /// The process of the session that holds it.
    pub backend: Option<i32>,
    /// Whether that session is still there.
    pub present: bool,
    /// Seconds since it last said that it is alive.
    pub silent_seconds: u64,
}

/// An event trigger.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventTrigger {
    /// Its name.
    pub name: Ident,
    /// `ddl_command_start`, `ddl_command_end`, `sql_drop`, `table_rewrite` or `login`.
    pub event: String,
    /// Its function, quoted for SQL.
    pub function: String,
}

/// Judges a server for the programs that are to run on it, one after another.
///
/// The facts are to be taken before the run holds its own lease, or the rules would take it
/// for another run in progress.
pub fn server_findings(
    facts: &ServerFacts,
    programs: &[&Program],
    snapshot: &Snapshot,
) -> Vec<Finding> {
    let look = Look::new(facts, programs, snapshot);
    let mut findings = Vec::new();
    state::findings(&look, &mut findings);
    rights::findings(&look, &mut findings);
    activity::findings(&look, &mut findings);
    replication::findings(&look, &mut findings);
    objects::findings(&look, &mut findings);
    space::findings(&look, &mut findings);
    findings
}

/// What every rule looks at.
struct Look<'a> {
    facts: &'a ServerFacts,
    programs: &'a [&'a Program],
    snapshot: &'a Snapshot,
    /// Tables that any program changes, each with its touched columns.
    touched: BTreeMap<&'a TableName, BTreeSet<&'a Ident>>,
}

impl<'a> Look<'a> {
    fn new(facts: &'a ServerFacts, programs: &'a [&'a Program], snapshot: &'a Snapshot) -> Self {
        let mut touched: BTreeMap<&TableName, BTreeSet<&Ident>> = BTreeMap::new();
        for program in programs {
            for table in &program.tables {
                touched.entry(table).or_default();
            }
            for (table, column) in &program.columns {
                touched.entry(table).or_default().insert(column);
            }
        }
        Self {
            facts,
            programs,
            snapshot,
            touched,
        }
    }

    fn database(&self) -> String {
        format!("database {}", self.facts.state.database)
    }

    /// Every step of every program, in every direction.
    fn steps(&self) -> impl Iterator<Item = &'a Step> {
        self.programs.iter().flat_map(|program| {
            Stage::ALL
                .into_iter()
                .flat_map(move |stage| program.steps(stage))
        })
    }

    /// Tables whose triggers must not fire for a backfill.
    fn quiet_tables(&self) -> BTreeSet<&'a TableName> {
        self.steps()
            .filter_map(|step| match &step.work {
                Work::Backfill(backfill) if backfill.quiet => Some(&backfill.table),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
