//! How things stand when a way back does not come to its end, for whoever reads it at night.

use turnback_core::hook::HookMoment;
use turnback_core::plan::Plan;
use turnback_core::recovery::{Part, SoFar};

use crate::error::{EngineError, Halt, TargetError};

/// What is known of a way back at one moment.
pub(super) struct Standing<'a> {
    pub(super) plan: &'a Plan,
    pub(super) so_far: &'a SoFar,
    /// The parts that this call has done.
    pub(super) done: Vec<Part>,
    /// Hooks belong to it.
    pub(super) has_hooks: bool,
    /// `public` shows the new shape of a phase that is to be turned back.
    pub(super) shows_new: bool,
    /// The new shape is dropped.
    pub(super) is_dropped: bool,
}

impl Standing<'_> {
    /// What is done and what clients meet.
    pub(super) fn how_it_stands(&self) -> String {
        let done: Vec<String> = self.done.iter().map(ToString::to_string).collect();
        let done = match done.as_slice() {
            [] => "Nothing is done yet".to_owned(),
            parts => format!("Done: {}", parts.join(", ")),
        };
        let database = if self.shows_new {
            "The database is as it was: public shows the new shape, the old one stays live"
        } else if self.is_dropped {
            "In the database all is turned back: public shows the old shape, and every row is there"
        } else {
            "public shows the old shape; the new one stays live, and every row is there"
        };
        let ran = |moment| self.ran(moment);
        let off = ran(HookMoment::MaintenanceOff);
        let maintenance = match ran(HookMoment::MaintenanceOn) && !off {
            true => " Maintenance is on, and stays on.",
            false => "",
        };
        let services = match ran(HookMoment::StopServices) && !ran(HookMoment::StartServices) {
            true => " Services are stopped.",
            false => "",
        };
        format!("{done}. {database}.{maintenance}{services}")
    }

    /// Whether all hooks of a moment that belong to it are done, and there are any.
    fn ran(&self, moment: HookMoment) -> bool {
        let of: Vec<_> = self
            .plan
            .hooks
            .iter()
            .filter(|hook| hook.when == moment)
            .collect();
        of.iter().any(|hook| self.so_far.has(&hook.name))
    }

    /// What to type.
    pub(super) fn next(&self) -> String {
        "The same `turnback back` goes on from here, and does nothing again that is done; with --no-hooks it leaves the hooks to you. `turnback status` shows where every phase stands.".to_owned()
    }

    /// Says how things stand beside what happened. Whoever lost the lease knows nothing of it.
    pub(super) fn explain(&self, error: EngineError) -> EngineError {
        if matches!(
            error,
            EngineError::Halted(_)
                | EngineError::Target {
                    source: TargetError::Fenced,
                    ..
                }
        ) {
            return error;
        }
        let code = error.exit_code();
        EngineError::Halted(Box::new(Halt {
            what: error.to_string(),
            how_it_stands: self.how_it_stands(),
            next: self.next(),
            code,
        }))
    }
}
