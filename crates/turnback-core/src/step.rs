//! A step: one piece of work that can be inspected, done and undone.
//!
//! Steps are data. The SQL in them is what `turnback plan --sql` prints and what the
//! executor runs; nothing is added on the way.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::backfill::Backfill;
use crate::fact::Fact;
use crate::name::{TableName, literal};

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Stable within its phase: the ledger keeps it as done under this name.
    pub id: String,
    /// What it does, as a sentence without a full stop.
    pub title: String,
    /// The work itself.
    pub work: Work,
    /// What holds in the catalog once it is done: recovery inspects this before it acts.
    pub done_when: Vec<Fact>,
}

/// How a step works, and so how it is run, fenced and repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// One transaction: locks first, under the lock budget; then the statements, the fence
    /// and the ledger's row, committed together.
    Transaction {
        /// Locks in the order in which they are taken.
        locks: Vec<TableLock>,
        /// Statements, in order.
        statements: Vec<String>,
    },
    /// One statement that cannot run in a transaction or should not: concurrent index builds
    /// and validations. Long, but it holds up no reader and no writer.
    Online {
        /// The lock it holds while it works.
        lock: TableLock,
        /// The statement.
        statement: String,
        /// Removes the remains of a try that failed, where one leaves any.
        clean: Option<String>,
    },
    /// Fills columns, batch by batch.
    Backfill(Backfill),
    /// Looks and compares; changes nothing.
    Verify {
        /// Each must find nothing wrong.
        checks: Vec<Check>,
    },
    /// SQL of the user's.
    Script {
        /// As written.
        sql: String,
        /// In one transaction with the ledger's row, or by itself.
        transaction: bool,
    },
}

/// A query that counts what is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What must be true, as a sentence without a full stop.
    pub promise: String,
    /// A query with one `bigint`: how many rows break the promise.
    pub sql: String,
}

impl Check {
    /// The query that shows the rows themselves, for a person.
    pub fn shows(&self) -> String {
        self.sql.replacen("count(*)", "*", 1)
    }

    /// What to say of so many rows that break the promise, as a sentence without a full stop.
    pub fn broken_by(&self, rows: i64) -> String {
        format!(
            "{rows} row(s) say otherwise than that {} (to see them: {})",
            self.promise,
            self.shows()
        )
    }
}

/// A lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableLock {
    /// The table.
    pub table: TableName,
    /// How strong.
    pub mode: LockMode,
    /// It is a view, or a materialized one, and the tables it reads are not locked with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub view: bool,
    /// Its partitions too, whichever there are when the lock is taken.
    #[serde(default)]
    pub partitions: bool,
}

/// Lock modes that turnback takes (PostgreSQL manual, 13.3.1), weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// Held by readers.
    AccessShare,
    /// Held by writers.
    RowExclusive,
    /// Holds up schema changes and vacuum, no reader and no writer.
    ShareUpdateExclusive,
    /// Holds up writers.
    ShareRowExclusive,
    /// Holds up readers and writers.
    AccessExclusive,
}

impl LockMode {
    /// As in `LOCK TABLE … IN … MODE`.
    pub fn sql(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }

    /// Whom it holds up, for people.
    pub fn holds_up(self) -> &'static str {
        match self {
            Self::AccessShare | Self::RowExclusive => "nobody",
            Self::ShareUpdateExclusive => "schema changes and vacuum only",
            Self::ShareRowExclusive => "writers",
            Self::AccessExclusive => "readers and writers",
        }
    }

    /// Whether traffic queues behind it, so that it falls under the lock budget.
    pub fn is_strong(self) -> bool {
        self >= Self::ShareRowExclusive
    }
}

impl fmt::Display for TableLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partitions = if self.partitions {
            " and its partitions"
        } else {
            ""
        };
        write!(f, "{} on {}{partitions}", self.mode.sql(), self.table)
    }
}

impl TableLock {
    /// The statement that takes it.
    ///
    /// `LOCK TABLE` on a view locks every table it reads, and knows no materialized views; to
    /// move a view to where it is changes nothing and locks it alone.
    pub fn sql(&self) -> String {
        if self.view {
            return format!(
                "ALTER TABLE {} SET SCHEMA {}",
                self.table, self.table.schema
            );
        }
        if self.partitions {
            return format!(
                "SELECT turnback.lock_partitions({}, {})",
                literal(&self.table.to_string()),
                literal(self.mode.sql())
            );
        }
        format!("LOCK TABLE ONLY {} IN {} MODE", self.table, self.mode.sql())
    }

    /// Readers and writers wait.
    pub fn exclusive(table: &TableName) -> Self {
        Self {
            table: table.clone(),
            mode: LockMode::AccessExclusive,
            view: false,
            partitions: false,
        }
    }

    /// Readers of a view wait, and writers through it; those of the tables it reads do not.
    pub fn view(view: &TableName) -> Self {
        Self {
            view: true,
            ..Self::exclusive(view)
        }
    }

    /// Writers wait.
    pub fn writers(table: &TableName) -> Self {
        Self {
            table: table.clone(),
            mode: LockMode::ShareRowExclusive,
            view: false,
            partitions: false,
        }
    }

    /// Nobody waits but schema changes and vacuum.
    pub fn online(table: &TableName) -> Self {
        Self {
            table: table.clone(),
            mode: LockMode::ShareUpdateExclusive,
            view: false,
            partitions: false,
        }
    }
}

impl Step {
    /// Statements in the order in which they run, for `plan --sql`. What the executor adds
    /// around every transaction (lock budget, fence, ledger row) is described once, there.
    pub fn statements(&self) -> Vec<Cow<'_, str>> {
        match &self.work {
            Work::Transaction { locks, statements } => std::iter::once("BEGIN".into())
                .chain(locks.iter().map(|lock| lock.sql().into()))
                .chain(statements.iter().map(Cow::from))
                .chain(std::iter::once("COMMIT".into()))
                .collect(),
            Work::Online { statement, .. } => vec![statement.into()],
            Work::Backfill(backfill) => {
                let walks = backfill.walks().iter();
                walks
                    .map(|rows| backfill.batch("$first", "$end", *rows).into())
                    .collect()
            }
            Work::Verify { checks } => checks.iter().map(|check| (&check.sql).into()).collect(),
            Work::Script { sql, .. } => vec![sql.into()],
        }
    }

    /// Locks it takes, in order.
    pub fn locks(&self) -> Vec<TableLock> {
        match &self.work {
            Work::Transaction { locks, .. } => locks.clone(),
            Work::Online { lock, .. } => vec![lock.clone()],
            Work::Backfill(backfill) => vec![TableLock {
                table: backfill.table.clone(),
                mode: LockMode::RowExclusive,
                view: false,
                partitions: false,
            }],
            Work::Verify { .. } | Work::Script { .. } => vec![],
        }
    }
}
