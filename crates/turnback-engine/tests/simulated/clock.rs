//! The wall clock of a run: it goes with the runtime's, which jumps ahead to whatever is waited for,
//! and somebody sets it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use turnback_core::guard::Moment;

/// What it shows when a run begins, in milliseconds: far enough from 0 to be set back.
const BEGINS: u64 = 1_000_000_000;

thread_local! {
    /// When the clock of this thread's runtime began.
    static BEGUN: Cell<Option<tokio::time::Instant>> = const { Cell::new(None) };
    /// When it is set, counted from then, and by how many milliseconds.
    static SET: RefCell<Vec<(Duration, i64)>> = const { RefCell::new(Vec::new()) };
}

/// The clock of a run begins.
pub fn begins() {
    BEGUN.set(Some(tokio::time::Instant::now()));
}

/// Runs something while somebody sets the clock: after so many seconds of each run, by so many
/// milliseconds.
pub fn while_set<R>(sets: &[(u64, i64)], run: impl FnOnce() -> R) -> R {
    let sets = sets
        .iter()
        .map(|(after, by)| (Duration::from_secs(*after), *by));
    SET.set(sets.collect());
    let outcome = run();
    SET.take();
    outcome
}

/// What it shows.
pub fn now() -> Moment {
    let begun = BEGUN.get().expect("the clock has begun");
    let passed = begun.elapsed();
    let set: i64 = SET.with_borrow(|sets| {
        let done = sets.iter().filter(|(after, _)| *after <= passed);
        done.map(|(_, by)| by).sum()
    });
    Moment(BEGINS.saturating_add_signed(set)) + passed
}
