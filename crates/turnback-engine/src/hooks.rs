//! Running one hook: told before and after, with what its failure leads to.

use std::collections::BTreeMap;

use turnback_core::exit::ExitCode;
use turnback_core::hook::{After, Hook, HookOutcome, after};
use turnback_core::journal::JournalEvent;

use crate::edges::{Helpers, Journal, Target};
use crate::error::EngineError;
use crate::progress::Progress;
use crate::run::Run;

/// What a hook came to.
pub(crate) struct Hooked {
    /// What came of it.
    pub(crate) outcome: HookOutcome,
    /// The exit code of a run that must not go on; nothing where it goes on.
    pub(crate) stops: Option<ExitCode>,
}

impl Hooked {
    /// What happened, for people: why the run stopped.
    pub(crate) fn sentence(&self) -> String {
        let failure = self.outcome.failure.as_deref().unwrap_or("it is done");
        let said = match self.outcome.output.lines().last() {
            Some(last) if !last.trim().is_empty() => format!(" (it said: {})", last.trim()),
            _ => String::new(),
        };
        let asked = match self.stops {
            Some(ExitCode::NeedsPerson) => {
                "; the plan has a person decide whether to go on without it, and nobody was there to be asked"
            }
            _ => "",
        };
        format!("hook {} failed: {failure}{said}{asked}", self.outcome.hook)
    }
}

impl<T: Target, J: Journal> Run<T, J> {
    /// Runs a hook for a phase and finds out whether the run goes on.
    pub(crate) async fn hook(
        &self,
        helpers: &Helpers,
        hook: &Hook,
        phase: &str,
        more: &BTreeMap<String, String>,
    ) -> Result<Hooked, EngineError> {
        self.safe_point()?;
        self.show(Progress::HookBegun {
            hook: hook.name.clone(),
            when: hook.when,
        });
        let mut variables = more.clone();
        for (name, value) in [
            ("PLAN", self.plan.as_str()),
            ("PHASE", phase),
            ("HOOK", hook.name.as_str()),
            ("MOMENT", hook.when.as_str()),
        ] {
            variables.insert(format!("TURNBACK_{name}"), value.to_owned());
        }
        let outcome = helpers.hooks.run(hook, &variables).await;
        self.write(JournalEvent::HookRan {
            phase: phase.to_owned(),
            on_failure: hook.on_failure,
            outcome: outcome.clone(),
        })
        .await?;
        self.show(Progress::HookRan {
            outcome: outcome.clone(),
            on_failure: hook.on_failure,
        });
        let stops = match after(hook, &outcome) {
            After::GoOn | After::GoOnAndTell => None,
            After::Stop => Some(ExitCode::Stopped),
            After::Ask => match helpers.asks.goes_on_without(hook, &outcome).await {
                Some(true) => None,
                Some(false) => Some(ExitCode::Stopped),
                None => Some(ExitCode::NeedsPerson),
            },
        };
        Ok(Hooked { outcome, stops })
    }
}
