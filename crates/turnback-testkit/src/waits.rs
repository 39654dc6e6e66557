//! How long single statements waited for the server.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So much of a statement is kept.
const SHOWN: usize = 120;

/// The wait of one statement, from sending it to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long it took, or has taken so far.
    pub duration: Duration,
    /// Through which shape, and the statement's beginning.
    pub statement: String,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1?} for {}", self.duration, self.statement)
    }
}

/// Gathers the waits of many clients.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: BTreeMap<u64, (Instant, String)>,
    longest: Option<Wait>,
}

/// A statement that waits; dropped when its answer is there.
#[derive(Debug)]
pub(crate) struct Waiting {
    waits: Waits,
    number: u64,
}

impl Waits {
    /// A statement is about to be sent.
    pub(crate) fn begin(&self, by: &dyn fmt::Display, statement: &str) -> Waiting {
        let beginning: String = statement.chars().take(SHOWN).collect();
        let mut state = self.lock();
        state.next += 1;
        let number = state.next;
        let waiting = (Instant::now(), format!("{beginning} [{by}]"));
        state.waiting.insert(number, waiting);
        Waiting {
            waits: self.clone(),
            number,
        }
    }

    /// The longest since the last mark, those that still wait included.
    pub(crate) fn mark(&self) -> Option<Wait> {
        let mut state = self.lock();
        let longest = state.longest.take();
        let waiting = state.waiting.values().map(Wait::so_far);
        waiting.chain(longest).max_by_key(|wait| wait.duration)
    }

    /// Whoever panicked left the numbers whole: each is changed in one go.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    fn so_far((since, statement): &(Instant, String)) -> Self {
        Self {
            duration: since.elapsed(),
            statement: statement.clone(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut state = self.waits.lock();
        let Some(ended) = state.waiting.remove(&self.number) else {
            return;
        };
        let wait = Wait::so_far(&ended);
        if state
            .longest
            .as_ref()
            .is_none_or(|longest| longest.duration < wait.duration)
        {
            state.longest = Some(wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_that_still_waits_counts_and_counts_again_when_it_ends() {
        let waits = Waits::default();
        let waiting = waits.begin(&"public", "SELECT 1");
        let first = waits.mark().expect("it waits").duration;
        drop(waiting);
        let second = waits.mark().expect("it has ended");
        assert!(second.duration >= first);
        assert_eq!(second.statement, "SELECT 1 [public]");
        assert_eq!(waits.mark(), None);
    }
}
