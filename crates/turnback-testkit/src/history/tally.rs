//! What the clients of histories were refused, counted.

use std::collections::BTreeMap;

use super::client::sentence;
use super::deeds::Kind;
use super::hand::Fault;
use crate::workload::Shape;

/// How many errors are kept.
const KEPT: usize = 20;

/// Counts since the last look.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Events acknowledged that wrote something.
    pub acknowledged: u64,
    /// Tries repeated for a serialization failure, deadlock or lock timeout, by SQLSTATE.
    pub retries: BTreeMap<String, u64>,
    /// How often a client of `public` had to prepare its statements again, as PostgreSQL's
    /// "cached plan must not change result type" asks for.
    pub prepared_again: u64,
    /// Connections lost.
    pub lost: u64,
    /// Everything else, with its statement.
    pub errors: Vec<String>,
}

impl Tally {
    /// Counts a fault; whether the deed is tried again.
    pub(super) fn take(&mut self, fault: &Fault, kind: Kind, shape: &Shape) -> bool {
        let code = fault.code();
        match code.as_str() {
            "40001" | "40P01" | "55P03" => {
                *self.retries.entry(code).or_default() += 1;
                true
            }
            "0A000" if fault.is_old_plan() && *shape == Shape::Public => {
                self.prepared_again += 1;
                true
            }
            // The session is gone, or is being ended.
            _ if matches!(fault.source, sqlx::Error::Io(_)) || code.starts_with("57P") => {
                self.lost += 1;
                false
            }
            _ => {
                self.error(sentence(fault, kind, shape));
                false
            }
        }
    }

    pub(super) fn give_up(&mut self, kind: Kind, shape: &Shape) {
        self.error(format!("{kind:?} through {shape}: given up"));
    }

    fn error(&mut self, sentence: String) {
        if self.errors.len() < KEPT {
            self.errors.push(sentence);
        }
    }
}
