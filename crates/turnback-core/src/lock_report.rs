//! The worst locks of each phase, from the journal.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::{JournalEvent, TakenLock};
use crate::program::Stage;

/// What the runs of one phase did to traffic by their locks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PhaseLocks {
    /// The lock that held up traffic for the longest time.
    pub longest_hold: Option<WorstLock>,
    /// The lock that was waited for longest: so long others may have queued behind it.
    pub longest_wait: Option<WorstLock>,
    /// How many locks that hold up traffic were taken.
    pub strong_locks: u64,
    /// How often a lock was not to be had within the budget.
    pub refusals: u64,
    /// Sessions that were cancelled or terminated, as they were named.
    pub removed: Vec<String>,
}

/// One lock, with the step that took it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstLock {
    /// The stage.
    pub stage: Stage,
    /// The step.
    pub step: String,
    /// The lock.
    #[serde(flatten)]
    pub lock: TakenLock,
}

/// The worst of each phase.
pub fn worst_locks<'a>(
    events: impl IntoIterator<Item = &'a JournalEvent>,
) -> BTreeMap<String, PhaseLocks> {
    let mut phases: BTreeMap<String, PhaseLocks> = BTreeMap::new();
    for event in events {
        match event {
            JournalEvent::StepDone {
                phase,
                stage,
                step,
                lock: Some(times),
                ..
            } => {
                let worst = phases.entry(phase.clone()).or_default();
                worst.removed.extend(times.removed.iter().cloned());
                for lock in times.taken.iter().filter(|lock| lock.holds_up_traffic()) {
                    worst.strong_locks += 1;
                    let candidate = || WorstLock {
                        stage: *stage,
                        step: step.clone(),
                        lock: lock.clone(),
                    };
                    if is_worse(&worst.longest_hold, lock, |lock| Some(lock.hold_millis)) {
                        worst.longest_hold = Some(candidate());
                    }
                    if is_worse(&worst.longest_wait, lock, |lock| lock.wait_millis) {
                        worst.longest_wait = Some(candidate());
                    }
                }
            }
            JournalEvent::LockRefused { phase, .. } => {
                phases.entry(phase.clone()).or_default().refusals += 1;
            }
            _ => {}
        }
    }
    phases
}

/// Of two that are alike the stronger one is the worse.
fn is_worse(
    known: &Option<WorstLock>,
    lock: &TakenLock,
    by: impl Fn(&TakenLock) -> Option<f64>,
) -> bool {
    let Some(millis) = by(lock) else {
        return false;
    };
    let Some(known) = known else {
        return true;
    };
    let so_far = by(&known.lock).unwrap_or_default();
    let stronger = lock.mode == "AccessExclusiveLock" && known.lock.mode != "AccessExclusiveLock";
    millis > so_far || (millis == so_far && stronger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::LockTimes;

    fn lock(relation: &str, mode: &str, wait: Option<f64>, hold: f64) -> TakenLock {
        TakenLock {
            relation: relation.to_owned(),
            mode: mode.to_owned(),
            wait_millis: wait,
            hold_millis: hold,
        }
    }

    fn done(phase: &str, step: &str, taken: Vec<TakenLock>) -> JournalEvent {
        JournalEvent::StepDone {
            phase: phase.to_owned(),
            stage: Stage::Expand,
            step: step.to_owned(),
            millis: 1,
            rows: None,
            lock: Some(LockTimes {
                taken,
                ..LockTimes::default()
            }),
        }
    }

    #[test]
    fn the_worst_is_the_longest_that_holds_up_traffic() {
        let refused = JournalEvent::LockRefused {
            phase: "users".to_owned(),
            step: "a".to_owned(),
            attempt: 1,
            blockers: vec![],
        };
        let events = [
            done(
                "users",
                "a",
                vec![
                    lock("t", "ShareUpdateExclusiveLock", Some(900.0), 9_000.0),
                    lock("t", "ShareRowExclusiveLock", Some(3.0), 12.0),
                    lock("u", "AccessExclusiveLock", None, 12.0),
                ],
            ),
            done(
                "users",
                "b",
                vec![lock("v", "AccessExclusiveLock", Some(8.0), 5.0)],
            ),
            done("other", "c", vec![]),
            refused,
        ];
        let worst = worst_locks(&events);
        let users = &worst["users"];
        let named = |worst: &Option<WorstLock>| {
            worst
                .as_ref()
                .map(|worst| (worst.step.clone(), worst.lock.relation.clone()))
        };
        assert_eq!(
            named(&users.longest_hold),
            Some(("a".to_owned(), "u".to_owned()))
        );
        assert_eq!(
            named(&users.longest_wait),
            Some(("b".to_owned(), "v".to_owned()))
        );
        assert_eq!((users.strong_locks, users.refusals), (3, 1));
        assert_eq!(worst["other"], PhaseLocks::default());
    }
}
