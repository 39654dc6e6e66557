//! What a phase changed, for probes that look at it.

use std::sync::Arc;

use turnback_core::program::Program;
use turnback_core::state::PhaseState;
use turnback_engine::search_path;

/// What the probes of a phase look at: its plan, its program, and where it stands.
#[derive(Clone, Debug)]
pub struct ProbeScope {
    pub(super) plan: String,
    pub(super) schema: String,
    pub(super) program: Arc<Program>,
    pub(super) state: PhaseState,
}

impl ProbeScope {
    /// Of a phase with this program, which is kept in the ledger, or planned where the phase is
    /// not begun. `schema` is the plan's: queries of the user's resolve there, and its tables are
    /// looked at where the phase does not say which it changes (`sql`).
    ///
    /// Probes that depend on the state take it from the ledger with the names that they look at,
    /// so that a cut-over between two readings does not mislead them; the one given here counts
    /// where the ledger has none.
    pub fn new(plan: &str, schema: &str, program: Arc<Program>, state: PhaseState) -> Self {
        Self {
            plan: plan.to_owned(),
            schema: schema.to_owned(),
            program,
            state,
        }
    }

    /// The path of the user's own queries, as a setting.
    pub(super) fn path(&self) -> String {
        search_path(&self.schema)
    }
}
