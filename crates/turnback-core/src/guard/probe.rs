//! What is measured, and where.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a guard measures, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Probe {
    /// Needs no query of the user's.
    BuiltIn(BuiltIn),
    /// A query on the target in a read-only transaction: one number, or rows of an object's name
    /// and its number.
    Sql(String),
    /// An instant query to a Prometheus server (`/api/v1/query`).
    Prometheus {
        /// The server, without a path.
        url: String,
        /// The query, in PromQL.
        query: String,
    },
    /// A request.
    Http(HttpProbe),
    /// Alerts that are firing at an Alertmanager (`/api/v2/alerts`): how many.
    Alertmanager {
        /// The server, without a path.
        url: String,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HttpProbe {
    /// Where to.
    pub url: String,
    /// Headers to send.
    pub headers: BTreeMap<String, String>,
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
