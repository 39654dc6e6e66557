//! Why a backfill does not go faster, as data and as a sentence.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::human::human_bytes;

/// Why a backfill waits, rests or has fewer workers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// Somebody asked for it.
    Asked,
    /// A standby or a subscriber is behind.
    Lag {
        /// Which.
        standby: String,
        /// By how many seconds.
        seconds: f64,
        /// How many it may be.
        most: f64,
    },
    /// A replication slot keeps much WAL.
    Retained {
        /// Which.
        slot: String,
        /// How many bytes.
        bytes: u64,
        /// How many it may be.
        most: u64,
    },
    /// A replication slot is about to be lost.
    Endangered {
        /// Which.
        slot: String,
        /// Bytes that may still be written.
        left: u64,
    },
    /// The archiver is behind.
    Archive {
        /// By how many bytes.
        bytes: u64,
        /// How many it may be.
        most: u64,
    },
    /// Clients wait for locks, whoever holds them.
    LockWaits {
        /// How many.
        clients: u32,
        /// How many may.
        most: u32,
    },
    /// The disk is nearly full.
    Disk {
        /// Bytes that are free.
        free: u64,
        /// Bytes that must be.
        least: u64,
    },
    /// The user's own question says so.
    PauseWhen,
    /// The user's own question cannot be asked.
    PauseWhenFails {
        /// What the server said.
        error: String,
    },
    /// The server writes WAL as fast as it may.
    WalRate {
        /// Bytes per second.
        rate: u64,
        /// How many it may be.
        most: u64,
    },
    /// Clients wait for rows of a batch.
    WaitsForUs {
        /// How many.
        clients: u32,
    },
    /// Batches take much longer than they should.
    SlowBatches,
}

impl Reason {
    /// Which reason it is, without its figures.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Lag { .. } => "lag",
            Self::Retained { .. } => "retained",
            Self::Endangered { .. } => "endangered",
            Self::Archive { .. } => "archive",
            Self::LockWaits { .. } => "lock_waits",
            Self::Disk { .. } => "disk",
            Self::PauseWhen => "pause_when",
            Self::PauseWhenFails { .. } => "pause_when_fails",
            Self::WalRate { .. } => "wal_rate",
            Self::WaitsForUs { .. } => "waits_for_us",
            Self::SlowBatches => "slow_batches",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => write!(f, "asked for; `turnback throttle --resume` goes on"),
            Self::Lag {
                standby,
                seconds,
                most,
            } => write!(
                f,
                "standby {standby} is {seconds:.1} s behind, {most} s at most"
            ),
            Self::Retained { slot, bytes, most } => write!(
                f,
                "replication slot {slot} keeps {} of WAL, {} at most",
                human_bytes(*bytes),
                human_bytes(*most)
            ),
            Self::Endangered { slot, left } => write!(
                f,
                "replication slot {slot} is lost after {} more of WAL (max_slot_wal_keep_size)",
                human_bytes(*left)
            ),
            Self::Archive { bytes, most } => write!(
                f,
                "{} of WAL wait for the archiver, {} at most",
                human_bytes(*bytes),
                human_bytes(*most)
            ),
            Self::LockWaits { clients, most } => {
                write!(
                    f,
                    "{clients} clients wait for locks of turnback's or behind one who does, {most} at most"
                )
            }
            Self::Disk { free, least } => write!(
                f,
                "{} are free on the server's disk, {} at least",
                human_bytes(*free),
                human_bytes(*least)
            ),
            Self::PauseWhen => write!(f, "`pause_when` says so"),
            Self::PauseWhenFails { error } => {
                write!(f, "`pause_when` cannot be asked: {error}")
            }
            Self::WalRate { rate, most } => write!(
                f,
                "the server writes {}/s of WAL, {}/s at most",
                human_bytes(*rate),
                human_bytes(*most)
            ),
            Self::WaitsForUs { clients: 0 } => {
                write!(f, "clients waited for rows of a batch")
            }
            Self::WaitsForUs { clients } => {
                write!(f, "{clients} clients wait for rows of a batch")
            }
            Self::SlowBatches => write!(f, "batches take much longer than they should"),
        }
    }
}
