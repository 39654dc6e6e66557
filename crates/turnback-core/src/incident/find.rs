//! From the entries of the journal to incidents.

use std::collections::BTreeMap;

use super::thread::Thread;
use super::{Entry, Incident};

/// Every incident of a journal, in the order of their numbers. The entries are given in the order
/// of the journal; those of several plans may stand between each other.
pub fn incidents(entries: impl IntoIterator<Item = Entry>) -> Vec<Incident> {
    let mut threads: BTreeMap<String, Thread> = BTreeMap::new();
    let mut opened = 0;
    for entry in entries {
        let thread = threads.entry(entry.plan.clone()).or_default();
        thread.take(&entry, &mut opened);
    }
    let mut found: Vec<Incident> = threads
        .into_values()
        .flat_map(Thread::into_incidents)
        .collect();
    found.sort_by_key(|incident| incident.number);
    found
}
