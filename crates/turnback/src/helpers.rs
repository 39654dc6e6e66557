//! The edges of hooks: programs and requests run by turnback-outbound, and the person at the
//! terminal.

use std::collections::BTreeMap;
use std::sync::Arc;

use turnback_core::exit::ExitCode;
use turnback_core::hook::{Hook, HookOutcome};
use turnback_core::plan::Plan;
use turnback_engine::edges::{Asks, Boxed, Helpers, Hooks};
use turnback_outbound::{Hooks as Outbound, Http};

use crate::failure::Failure;
use crate::output::Screen;

/// What a run needs for the hooks of a plan; nothing where it has none.
pub(crate) fn helpers(plan: &Plan, screen: &Arc<dyn Screen>) -> Result<Option<Helpers>, Failure> {
    if plan.hooks.is_empty() {
        return Ok(None);
    }
    let http = Http::new().map_err(|error| Failure::new(ExitCode::Failed, error.to_string()))?;
    Ok(Some(Helpers {
        plan: plan.hooks.clone().into(),
        hooks: Arc::new(Runner(Outbound::new(http))),
        asks: Arc::new(AtScreen(screen.clone())),
    }))
}

struct Runner(Outbound);

impl Hooks for Runner {
    fn run<'a>(
        &'a self,
        hook: &'a Hook,
        variables: &'a BTreeMap<String, String>,
    ) -> Boxed<'a, HookOutcome> {
        Box::pin(self.0.run(hook, variables))
    }
}

/// Whoever sits before the screen, if somebody does.
struct AtScreen(Arc<dyn Screen>);

impl Asks for AtScreen {
    fn goes_on_without<'a>(
        &'a self,
        hook: &'a Hook,
        outcome: &'a HookOutcome,
    ) -> Boxed<'a, Option<bool>> {
        Box::pin(async move {
            let failure = outcome.failure.as_deref().unwrap_or_default();
            let question = format!("Hook {} failed: {failure}. Go on without it?", hook.name);
            let screen = Arc::clone(&self.0);
            // Reading waits for a person; the lease is kept alive meanwhile.
            tokio::task::spawn_blocking(move || screen.asked(&question))
                .await
                .unwrap_or(None)
        })
    }
}
