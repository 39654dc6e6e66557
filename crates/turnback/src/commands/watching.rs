//! Whoever watches a run, put together: probes of the target and of others, the control store.

use turnback_core::guard::{Guard, Reading};
use turnback_core::plan::Plan;
use turnback_engine::watch::{Probes, Scene, Watchers};
use turnback_outbound::{Http, Prober};

use crate::failure::Failure;
use crate::journal::Entries;
use crate::telling::now;

/// Runs probes, each where it belongs.
#[derive(Clone)]
pub(crate) struct EveryProbe {
    outbound: Prober,
}

impl Probes for EveryProbe {
    async fn read(&self, guard: &Guard, _scene: &Scene) -> Reading {
        match self.outbound.read(&guard.probe, guard.timeout).await {
            Some(reading) => reading,
            None => Reading::Failed("not yet".to_owned()),
        }
    }
}

/// Those who watch a run of a plan.
pub(crate) fn watchers(
    plan: &Plan,
    entries: &Entries,
) -> Result<Watchers<EveryProbe, Entries>, Failure> {
    let http = Http::new()
        .map_err(|error| Failure::new(turnback_core::exit::ExitCode::Failed, error.to_string()))?;
    Ok(Watchers {
        guards: plan.guards.clone(),
        matrix: plan.decisions.clone(),
        probes: EveryProbe {
            outbound: Prober::new(http),
        },
        store: entries.clone(),
        now,
    })
}
