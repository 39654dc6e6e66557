//! Transactions that last for seconds, one at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::model::Model;
use super::operation::{Operation, Statement};
use super::planner::Planner;

/// How long a client thinks in the middle, in milliseconds.
const REST: std::ops::Range<u64> = 200..1_000;

/// From the end of one to the beginning of the next, at least: whoever needs a moment without
/// one, as a strong lock does, shall find it.
const APART: Duration = Duration::from_secs(3);

/// Lets one long transaction in at a time.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    /// Since when the next one may come in; never, where there is none.
    free: Option<Arc<Mutex<Instant>>>,
}

impl Gate {
    /// A gate that lets one in at a time, or none at all.
    pub(super) fn new(open: bool) -> Self {
        Self {
            free: open.then(|| Arc::new(Mutex::new(Instant::now()))),
        }
    }

    /// Whether a transaction of this length may begin; if so, others may not for a while.
    pub(super) fn enter(&self, length: Duration) -> bool {
        let Some(free) = &self.free else {
            return false;
        };
        let mut free = free.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now < *free {
            return false;
        }
        *free = now + length + APART;
        true
    }
}

impl Planner {
    /// A family whose transaction lasts: it rests holding its locks, or holding nothing but a
    /// snapshot, so that tables may change between that and its first row.
    pub(super) fn long(&mut self, model: &Model) -> Option<Operation> {
        let rest = Duration::from_millis(self.rng.u64(REST));
        if !self.gate.enter(rest) {
            return None;
        }
        let mut operation = self.family(model);
        let mut pause = Statement::sql("SELECT 1").resting(rest);
        pause.rows = 1;
        let place = if self.rng.bool() { 0 } else { 3 };
        operation.statements.insert(place, pause);
        operation.name = "long transaction";
        Some(operation)
    }
}
