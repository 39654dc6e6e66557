//! Turning back as a whole: the parts of it, in their order.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One part of turning back as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Makes sure that there is a way back, and which phases it is about.
    Confirm,
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
    pub const ALL: [Self; 11] = [
        Self::Confirm,
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
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirm => "confirm that it is possible",
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
