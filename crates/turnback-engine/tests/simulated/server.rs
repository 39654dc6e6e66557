//! The simulated server: a catalog of named things, their rows, and the ledger, all of which
//! one commit changes together.

use std::collections::BTreeMap;

use turnback_core::fact::Fact;
use turnback_core::name::{Ident, TableName};
use turnback_core::schema::{Schema, Snapshot};
use turnback_engine::error::TargetError;

use crate::canary::Outside;
use crate::ledger::Ledger;

/// What is committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Database {
    /// Things that are there; the value says whether they are whole (an index is not while it
    /// is being built).
    pub things: BTreeMap<String, bool>,
    /// Pages that are filled, a bit for each, by column.
    pub filled: BTreeMap<String, u128>,
    pub ledger: Ledger,
    pub epoch: i64,
}

/// A server.
#[derive(Clone, Debug, Default)]
pub struct Server {
    pub now: Database,
    /// What is on disk: a crash goes back to it.
    disk: Database,
    /// What a standby has: a failover goes back to it.
    standby: Database,
    pub ledger_is_open: bool,
    /// Hooks that ran: no matter of the server's, and nothing that it could forget.
    pub hooks: Vec<String>,
    /// What a canary meets outside of the server, which forgets nothing of it either.
    pub outside: Outside,
    pub held: bool,
}

impl Server {
    pub fn with(ledger: Ledger) -> Self {
        let mut server = Self::default();
        server.now.ledger = ledger;
        server.commit();
        server.commit();
        server
    }

    /// Ends a transaction that waits for the disk. The standby hears of it with the next one.
    pub fn commit(&mut self) {
        self.standby = std::mem::replace(&mut self.disk, self.now.clone());
    }

    pub fn crash(&mut self) {
        self.now = self.disk.clone();
        self.held = false;
    }

    pub fn fail_over(&mut self) {
        self.now = self.standby.clone();
        self.disk = self.standby.clone();
        self.held = false;
    }

    pub fn snapshot(&self) -> Snapshot {
        let things = self.now.things.keys();
        Snapshot {
            schemas: things
                .map(|name| (Ident::new(name.clone()), Schema::default()))
                .collect(),
            ..Snapshot::default()
        }
    }
}

impl Database {
    pub fn fact(&self, fact: &Fact) -> bool {
        let thing = |name: &TableName| self.things.get(name.name.as_str()).copied();
        match fact {
            Fact::IndexPresent(name) => thing(name).is_some(),
            Fact::IndexValid(name) => thing(name) == Some(true),
            other => unreachable!("no program here has {other:?}"),
        }
    }

    /// Runs a statement. What is there already cannot be added, nor what is missing dropped.
    pub fn run(&mut self, statement: &str) -> Result<(), TargetError> {
        let words: Vec<&str> = statement.split_whitespace().collect();
        match words.as_slice() {
            ["SET", ..] => Ok(()),
            ["add", name, "if", "missing"] => {
                self.things.insert((*name).to_owned(), true);
                Ok(())
            }
            ["add", name] => match self.things.insert((*name).to_owned(), true) {
                None => Ok(()),
                Some(_) => Err(refused(format!("{name} is there already"))),
            },
            ["drop", name, "if", "there"] => {
                self.remove(name);
                Ok(())
            }
            ["drop", name] if self.remove(name) => Ok(()),
            ["drop" | "validate", name] if !self.things.contains_key(*name) => {
                Err(refused(format!("there is no {name}")))
            }
            ["validate", _] => Ok(()),
            _ => Err(refused(format!("not a statement: {statement}"))),
        }
    }

    fn remove(&mut self, name: &str) -> bool {
        self.filled.remove(name);
        self.things.remove(name).is_some()
    }

    /// Answers a check.
    pub fn count(&self, sql: &str) -> Result<i64, TargetError> {
        let words: Vec<&str> = sql.split_whitespace().collect();
        match words.as_slice() {
            ["unfilled", name] => {
                let filled = self.filled.get(*name).copied().unwrap_or(0);
                Ok(i64::from(filled == 0))
            }
            [
                ..,
                "there",
                name,
                ")",
                "THEN",
                "0",
                "ELSE",
                "1",
                "END::bigint",
            ] => Ok(i64::from(!self.things.contains_key(*name))),
            _ => Err(refused(format!("not a check: {sql}"))),
        }
    }
}

pub fn refused(message: String) -> TargetError {
    TargetError::Sql {
        code: "XX000".to_owned(),
        message,
        detail: String::new(),
        statement: String::new(),
    }
}
