//! Turning back as a whole: the parts of it, in their order.

mod counts;
mod line;
mod objectives;
mod order;
mod so_far;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::counts::{orphans, rows, unvalidated};
pub use self::line::ValidationLine;
pub use self::objectives::Objectives;
pub use self::order::{Ahead, hooks_of, parts};
pub use self::so_far::SoFar;
use crate::hook::HookMoment;

/// One part of turning back as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Makes sure that there is a way back, and which phases it is about.
    Confirm,
    /// The flag of a canary sends nobody to the new shape any more.
    EndCanary,
    /// Clients see that there is maintenance (hooks).
    MaintenanceOn,
    /// Whoever hears of it is told.
    Tell,
    /// The state as it is now is put by (hooks).
    Snapshot,
    /// Services stop (hooks).
    StopServices,
    /// `public` shows the old shape again.
    Database,
    /// The application that fits it is restored (hooks).
    RestoreApplication,
    /// Services start (hooks).
    StartServices,
    /// The new shape is dropped.
    DropNewShape,
    /// Whether all is well again (built in, and hooks).
    Validate,
    /// Clients are let in again (hooks).
    MaintenanceOff,
}

impl Part {
    /// Every part, in the order in which they are done.
    pub const ALL: [Self; 12] = [
        Self::Confirm,
        Self::EndCanary,
        Self::MaintenanceOn,
        Self::Tell,
        Self::Snapshot,
        Self::StopServices,
        Self::Database,
        Self::RestoreApplication,
        Self::StartServices,
        Self::DropNewShape,
        Self::Validate,
        Self::MaintenanceOff,
    ];

    /// As plans write them, under `objectives`.
    pub const WORDS: [&'static str; 12] = [
        "confirm",
        "end_canary",
        "maintenance_on",
        "tell",
        "snapshot",
        "stop_services",
        "database",
        "restore_application",
        "start_services",
        "drop_new_shape",
        "validate",
        "maintenance_off",
    ];

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .into_iter()
            .zip(Self::WORDS)
            .find_map(|(part, word)| (part == self).then_some(word))
            .unwrap_or_default()
    }

    /// The moment of the hooks that run in it; none where it is turnback's own alone.
    pub fn moment(self) -> Option<HookMoment> {
        match self {
            Self::MaintenanceOn => Some(HookMoment::MaintenanceOn),
            Self::Snapshot => Some(HookMoment::Snapshot),
            Self::StopServices => Some(HookMoment::StopServices),
            Self::RestoreApplication => Some(HookMoment::RestoreApplication),
            Self::StartServices => Some(HookMoment::StartServices),
            Self::Validate => Some(HookMoment::Validate),
            Self::MaintenanceOff => Some(HookMoment::MaintenanceOff),
            Self::Confirm | Self::EndCanary | Self::Tell | Self::Database | Self::DropNewShape => {
                None
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirm => "confirm that it is possible",
            Self::EndCanary => "flag of the canary to 0%",
            Self::MaintenanceOn => "maintenance on",
            Self::Tell => "tell",
            Self::Snapshot => "snapshot of the current state",
            Self::StopServices => "stop services",
            Self::Database => "database back",
            Self::RestoreApplication => "restore the application",
            Self::StartServices => "start services",
            Self::DropNewShape => "drop the new shape",
            Self::Validate => "validate",
            Self::MaintenanceOff => "maintenance off",
        })
    }
}
