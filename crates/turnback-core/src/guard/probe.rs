//! What is measured, and where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Unit;
use crate::secret::{Address, Secret};
use crate::state::PhaseState;

/// What a guard measures, and where.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// Needs no query of the user's.
    BuiltIn(BuiltIn),
    /// The same, of what one role does alone: of a canary whose clients connect as a role of their
    /// own.
    OfRole(BuiltIn, String),
    /// A query on the target in a read-only transaction: one number, or rows of an object's name
    /// and its number.
    Sql(String),
    /// An instant query to a Prometheus server (`/api/v1/query`).
    Prometheus {
        /// The server; a path of its own comes before that of the request.
        url: Address,
        /// The query, in PromQL.
        query: String,
    },
    /// A request.
    Http(HttpProbe),
    /// Alerts that are firing at an Alertmanager (`/api/v2/alerts`): how many.
    Alertmanager {
        /// The server; a path of its own comes before that of the request.
        url: Address,
        /// Labels that they must have; all alerts where there are none.
        labels: BTreeMap<String, String>,
    },
    /// A command: its exit code, or the number that it prints.
    Command {
        /// Program and arguments; no shell.
        run: Vec<String>,
        /// Whether the number that it prints counts, rather than its exit code.
        number: bool,
    },
}

/// A request, and what of its answer is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpProbe {
    /// Where to.
    pub url: Address,
    /// Headers to send.
    pub headers: BTreeMap<String, Secret>,
    /// What of its answer is measured.
    pub expected: Expected,
}

/// What of an answer is measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// 0 where the status is 2xx, 1 where it is another or the server does not answer.
    Failure,
    /// Seconds until the whole answer was there.
    Latency,
    /// The number at a JSON pointer (RFC 6901).
    Json(String),
}

/// Probes that need no query of the user's. Rates are per second, times in seconds, sizes in
/// bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuiltIn {
    /// Connections in use, as a part of `max_connections`.
    Connections,
    /// Transactions rolled back, as a part of all of them, since the sample before.
    RollbackRate,
    /// Deadlocks per second since the sample before.
    DeadlockRate,
    /// Sessions that wait for a lock.
    LockWaits,
    /// Age of the oldest transaction.
    LongestTransaction,
    /// How far the furthest standby or subscriber is behind.
    ReplicationLag,
    /// WAL that the furthest replication slot keeps.
    SlotLag,
    /// Free space on the server's disk, where it can be known.
    DiskFree,
    /// WAL written per second since the sample before.
    WalRate,
    /// Mean time of statements on the phase's tables since the sample before, from
    /// `pg_stat_statements`.
    StatementTime,
    /// Foreign keys of the phase's tables that are not valid.
    InvalidForeignKeys,
    /// Rows without the row that they refer to, for each foreign key of the phase's tables.
    Orphans,
    /// Rows in which the two shapes do not agree, for each of the phase's tables.
    Disagreement,
    /// New keys that more than one row has, for each of the phase's tables.
    DuplicateKeys,
}

impl BuiltIn {
    /// Every one, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::Connections,
        Self::RollbackRate,
        Self::DeadlockRate,
        Self::LockWaits,
        Self::LongestTransaction,
        Self::ReplicationLag,
        Self::SlotLag,
        Self::DiskFree,
        Self::WalRate,
        Self::StatementTime,
        Self::InvalidForeignKeys,
        Self::Orphans,
        Self::Disagreement,
        Self::DuplicateKeys,
    ];

    /// As plans write them, in the order of [`BuiltIn::ALL`].
    pub const NAMES: [&str; 14] = [
        "connections",
        "rollback_rate",
        "deadlock_rate",
        "lock_waits",
        "longest_transaction",
        "replication_lag",
        "slot_lag",
        "disk_free",
        "wal_rate",
        "statement_time",
        "invalid_foreign_keys",
        "orphans",
        "disagreement",
        "duplicate_keys",
    ];

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The one that plans call so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|probe| probe.as_str() == name)
    }

    /// What its numbers are.
    pub fn unit(self) -> Unit {
        match self {
            Self::Connections | Self::RollbackRate => Unit::Share,
            Self::DeadlockRate => Unit::PerSecond,
            Self::LongestTransaction | Self::ReplicationLag | Self::StatementTime => Unit::Seconds,
            Self::SlotLag | Self::DiskFree => Unit::Bytes,
            Self::WalRate => Unit::BytesPerSecond,
            Self::LockWaits
            | Self::InvalidForeignKeys
            | Self::Orphans
            | Self::Disagreement
            | Self::DuplicateKeys => Unit::Number,
        }
    }

    /// Whether it counts rows and constraints that are wrong, rather than measuring something
    /// that comes and goes: then one sample is enough to believe it.
    pub fn is_proof(self) -> bool {
        matches!(
            self,
            Self::InvalidForeignKeys | Self::Orphans | Self::Disagreement | Self::DuplicateKeys
        )
    }

    /// Whether there is anything to measure while a phase is in a state: two shapes can only be
    /// compared where both live.
    pub fn applies_in(self, state: PhaseState) -> bool {
        !matches!(self, Self::Disagreement | Self::DuplicateKeys) || state.both_shapes_live()
    }

    /// Whether less of it is worse.
    pub fn worse_when_less(self) -> bool {
        self == Self::DiskFree
    }
}

impl Probe {
    /// Whether it asks the target itself.
    pub fn is_of_target(&self) -> bool {
        match self {
            Self::BuiltIn(_) | Self::OfRole(..) | Self::Sql(_) => true,
            Self::Prometheus { .. }
            | Self::Http(_)
            | Self::Alertmanager { .. }
            | Self::Command { .. } => false,
        }
    }

    /// Whether there is anything to measure while a phase is in a state.
    pub fn applies_in(&self, state: PhaseState) -> bool {
        match self {
            Self::BuiltIn(probe) | Self::OfRole(probe, _) => probe.applies_in(state),
            _ => true,
        }
    }

    /// The unit that its numbers always have; none where only the user knows.
    pub fn fixed_unit(&self) -> Option<Unit> {
        match self {
            Self::BuiltIn(probe) | Self::OfRole(probe, _) => Some(probe.unit()),
            Self::Http(http) => match http.expected {
                Expected::Failure => Some(Unit::Number),
                Expected::Latency => Some(Unit::Seconds),
                Expected::Json(_) => None,
            },
            Self::Alertmanager { .. } | Self::Command { number: false, .. } => Some(Unit::Number),
            Self::Sql(_) | Self::Prometheus { .. } | Self::Command { number: true, .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_probe_is_found_by_its_name() {
        for probe in BuiltIn::ALL {
            assert_eq!(BuiltIn::named(probe.as_str()), Some(probe));
            assert_eq!(
                serde_json::to_value(probe).unwrap(),
                serde_json::Value::from(probe.as_str())
            );
        }
        assert_eq!(BuiltIn::named("lag"), None);
    }
}
