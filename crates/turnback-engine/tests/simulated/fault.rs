//! What goes wrong, and when.

/// What goes wrong at a point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The controller's process is gone.
    Kill,
    /// The connection is lost; the next one can be made.
    Lost,
    /// The server crashes and comes back; what it had not written to disk is forgotten.
    Crash,
    /// The server is replaced by a standby that has not heard of the last commits.
    Failover,
    /// The server cannot be reached any more.
    Gone,
    /// The controller stands still, until it is told to go on.
    Stall,
}

impl Kind {
    /// Everything after which the same command, started again, must go on.
    pub const ALL: [Self; 5] = [
        Self::Kill,
        Self::Lost,
        Self::Crash,
        Self::Failover,
        Self::Gone,
    ];
}

/// One thing that goes wrong: at the point of this number, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The point.
    pub at: usize,
    /// What.
    pub kind: Kind,
}
