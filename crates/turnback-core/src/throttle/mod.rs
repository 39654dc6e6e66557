//! How fast a backfill may go: from limits and what was measured to a pace, with the reasons.
//!
//! The edges measure ([`Pressure`]), [`Gauge`] makes rates of two measurements, and [`decide`]
//! is one pure function from there to a [`Pace`].

mod decide;
mod gauge;
mod reason;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::decide::decide;
pub use self::gauge::{Gauge, Observed};
pub use self::reason::Reason;
use crate::plan::Settings;

/// What a backfill must not exceed: the plan's settings, or what was set while it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Somebody has asked it to pause.
    pub paused: bool,
    /// Sessions side by side.
    pub workers: u32,
    /// What one batch should take.
    pub batch_time: Duration,
    /// How far a standby or a subscriber may be behind.
    pub max_lag: Duration,
    /// Bytes of WAL per second that the whole server may write while it runs.
    pub max_wal_rate: Option<u64>,
    /// Bytes of WAL that may wait for the archiver.
    pub max_archive_lag: u64,
    /// Bytes of WAL that replication slots may keep.
    pub max_retained_wal: Option<u64>,
    /// Clients that may wait for locks of turnback's, or for one another behind such.
    pub max_lock_waits: u32,
    /// Bytes that must stay free on the server's disk, where that can be seen; otherwise a
    /// twentieth of it, and no more than 1 GB.
    pub min_free_disk: Option<u64>,
    /// Standbys and subscribers whose lag does not count, by `application_name`.
    pub ignore_standbys: Vec<String>,
}

impl Limits {
    /// The plan's settings, with what was set while it runs in their place.
    pub fn new(settings: &Settings, wish: &Wish) -> Self {
        let millis = |millis: Option<u64>| millis.map(Duration::from_millis);
        Self {
            paused: wish.paused,
            workers: wish.workers.unwrap_or(settings.workers).max(1),
            batch_time: millis(wish.batch_time_millis).unwrap_or(settings.batch_time),
            max_lag: millis(wish.max_lag_millis).unwrap_or(settings.max_lag),
            max_wal_rate: wish.max_wal_rate.or(settings.max_wal_rate),
            max_archive_lag: settings.max_archive_lag,
            max_retained_wal: settings.max_retained_wal,
            max_lock_waits: settings.max_lock_waits,
            min_free_disk: settings.min_free_disk,
            ignore_standbys: settings.ignore_standbys.clone(),
        }
    }
}

/// What `turnback throttle` has set, in place of the plan's settings, until it is reset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wish {
    /// Pause.
    pub paused: bool,
    /// Sessions side by side.
    pub workers: Option<u32>,
    /// What one batch should take, in milliseconds.
    pub batch_time_millis: Option<u64>,
    /// How far a standby may be behind, in milliseconds.
    pub max_lag_millis: Option<u64>,
    /// Bytes of WAL per second.
    pub max_wal_rate: Option<u64>,
}

/// One look at what the server bears. What may not be seen, or does not apply, is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pressure {
    /// The end of the WAL, in bytes from its beginning.
    pub wal_end: u64,
    /// Standbys and subscribers.
    pub standbys: Vec<Standby>,
    /// Replication slots that keep WAL.
    pub slots: Vec<Slot>,
    /// Bytes of WAL that wait for the archiver.
    pub archive_lag: Option<u64>,
    /// Clients of this database that wait for a lock of turnback's, or for one who does.
    pub lock_waits: u32,
    /// Those among them that wait for a session of turnback's itself.
    pub waits_for_us: u32,
    /// Free bytes on the server's disk, and its size.
    pub disk: Option<(u64, u64)>,
    /// What the user's own question answered: true is to pause. An error is its text.
    pub pause_when: Option<Result<bool, String>>,
}

/// A standby or a subscriber.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standby {
    /// Its `application_name`.
    pub name: String,
    /// How far it has replayed, as the end of the WAL is counted; none when it may not be seen.
    pub replayed: Option<u64>,
    /// Its lag as the server tells it, in seconds.
    pub told_lag: Option<f64>,
}

/// A replication slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Bytes of WAL it keeps.
    pub retained: u64,
    /// Bytes that may still be written before it is lost (`max_slot_wal_keep_size`).
    pub safe: Option<i64>,
}

/// How fast a backfill goes, and why no faster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// No batch begins.
    pub paused: bool,
    /// Sessions side by side.
    pub workers: u32,
    /// What one batch should take.
    pub batch_time: Duration,
    /// The rest after each batch, as a multiple of the batch's own time.
    pub rest: f64,
    /// Why it does not go as fast as the plan would have it, the strongest reason first.
    pub reasons: Vec<Reason>,
    /// When workers were last made fewer or more, from the beginning of the backfill.
    pub workers_changed: Duration,
}

impl Pace {
    /// Where a backfill begins.
    pub fn full(limits: &Limits) -> Self {
        Self {
            paused: limits.paused,
            workers: limits.workers,
            batch_time: limits.batch_time,
            rest: 0.0,
            reasons: vec![],
            workers_changed: Duration::ZERO,
        }
    }

    /// The same for everybody who does not look at figures that change all the time.
    pub fn is_like(&self, other: &Self) -> bool {
        let kinds = |pace: &Self| pace.reasons.iter().map(Reason::kind).collect::<Vec<_>>();
        self.paused == other.paused && self.workers == other.workers && kinds(self) == kinds(other)
    }
}

/// What a running controller writes into the ledger about its backfill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaceRecord {
    /// The step.
    pub step: String,
    /// The table.
    pub table: String,
    /// Pages done and pages to do since the step was begun or gone on with.
    pub pages: (u64, u64),
    /// Rows written since then.
    pub rows: u64,
    /// The pace.
    pub pace: Pace,
    /// The limits it follows from.
    pub limits: Limits,
    /// What was measured.
    pub observed: Observed,
    /// What had been set while it runs, as the controller last read it.
    pub wish: Wish,
}
