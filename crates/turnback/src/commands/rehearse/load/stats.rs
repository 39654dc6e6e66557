//! What clients felt: when each transaction began and ended, and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Errors that a client is told to expect and to try again after (manual, appendix A).
const EXPECTED: [&str; 3] = ["40001", "40P01", "55P03"];

/// How a transaction ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Done,
    /// With this SQLSTATE, on this table, and how the server said it.
    Refused(String, String, String),
}

impl Outcome {
    pub(super) fn of(error: &sqlx::Error, table: &str) -> Self {
        let (code, said) = match error.as_database_error() {
            Some(error) => (
                error.code().unwrap_or_default().into_owned(),
                error.message().to_owned(),
            ),
            None => ("connection".to_owned(), error.to_string()),
        };
        Self::Refused(code, table.to_owned(), said)
    }
}

/// One transaction of one client.
#[derive(Clone, Debug)]
struct Event {
    begun: Instant,
    ended: Instant,
    /// On the table that nothing touches.
    control: bool,
    outcome: Outcome,
}

/// Everything that happened, and what has not ended yet.
#[derive(Debug, Default)]
pub(in crate::commands::rehearse) struct Stats {
    events: Mutex<Vec<Event>>,
}

/// What clients felt in a stretch of time.
#[derive(Clone, Debug, Default, Serialize)]
pub(in crate::commands::rehearse) struct Felt {
    /// Transactions that ended in it.
    pub(in crate::commands::rehearse) transactions: u64,
    /// The longest that any was under way, in milliseconds; one that only overlaps counts whole.
    pub(in crate::commands::rehearse) longest_millis: f64,
    /// The same on a table that nothing touches.
    pub(in crate::commands::rehearse) untouched_longest_millis: f64,
    /// Refusals that a client is told to expect, by SQLSTATE.
    pub(in crate::commands::rehearse) retries: BTreeMap<String, u64>,
    /// All other errors, by SQLSTATE and table (`23502 on public.t`), with the first of each.
    pub(in crate::commands::rehearse) errors: BTreeMap<String, (u64, String)>,
}

impl Felt {
    /// Takes in what was felt at another time.
    pub(in crate::commands::rehearse) fn add(&mut self, other: &Self) {
        self.transactions += other.transactions;
        self.longest_millis = self.longest_millis.max(other.longest_millis);
        self.untouched_longest_millis = self
            .untouched_longest_millis
            .max(other.untouched_longest_millis);
        for (code, times) in &other.retries {
            *self.retries.entry(code.clone()).or_default() += times;
        }
        for (code, (times, first)) in &other.errors {
            let known = self
                .errors
                .entry(code.clone())
                .or_insert((0, first.clone()));
            known.0 += times;
        }
    }
}

impl Stats {
    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, begun: Instant, control: bool, outcome: Outcome) {
        let ended = Instant::now();
        self.events().push(Event {
            begun,
            ended,
            control,
            outcome,
        });
    }

    /// What was felt from one moment to another.
    pub(in crate::commands::rehearse) fn between(&self, from: Instant, to: Instant) -> Felt {
        let mut felt = Felt::default();
        for event in self.events().iter() {
            if event.begun > to || event.ended < from {
                continue;
            }
            let took = millis(event.ended - event.begun);
            let longest = if event.control {
                &mut felt.untouched_longest_millis
            } else {
                &mut felt.longest_millis
            };
            *longest = longest.max(took);
            if event.ended > to || event.control {
                continue;
            }
            felt.transactions += 1;
            if let Outcome::Refused(code, table, said) = &event.outcome {
                if EXPECTED.contains(&code.as_str()) {
                    *felt.retries.entry(code.clone()).or_default() += 1;
                } else {
                    let class = if table.is_empty() {
                        code.clone()
                    } else {
                        format!("{code} on {table}")
                    };
                    let known = felt.errors.entry(class).or_insert((0, said.clone()));
                    known.0 += 1;
                }
            }
        }
        felt
    }

    /// Transactions so far, for whoever watches.
    pub(in crate::commands::rehearse) fn count(&self) -> usize {
        self.events().len()
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_wherever_it_overlaps_and_an_error_where_it_ended() {
        let stats = Stats::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        stats.events().push(Event {
            begun: at(1),
            ended: at(4),
            control: false,
            outcome: Outcome::Refused("22P02".to_owned(), "t".to_owned(), "bad".to_owned()),
        });
        let (early, late) = (stats.between(at(0), at(2)), stats.between(at(3), at(5)));
        assert_eq!([early.longest_millis, late.longest_millis], [3_000.0; 2]);
        assert!(early.errors.is_empty());
        assert_eq!(late.errors["22P02 on t"], (1, "bad".to_owned()));
        assert_eq!(stats.between(at(5), at(6)).longest_millis, 0.0);
    }
}
