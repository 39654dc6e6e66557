//! Preflight: go or no-go, each finding with object, reason and remedy.

mod canary;
mod finding;
mod guards;
mod outward;
mod server;

pub use self::canary::canary_finding;
pub use self::finding::{Finding, Weight, unfit_view};
pub use self::guards::guard_finding;
pub use self::outward::outward_findings;
pub use self::server::{
    Archiver, Connections, EventTrigger, Lease, Ledger, PreparedTransaction, Role,
    SequencePosition, ServerFacts, ServerState, Session, Slot, Standby, server_findings,
};
