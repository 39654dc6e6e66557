//! Whoever watches a run, put together: probes of the target and of others, the control store.

use std::sync::Arc;
use std::time::Duration;

use turnback_core::guard::{Guard, Reading};
use turnback_core::plan::Plan;
use turnback_engine::error::EngineError;
use turnback_engine::watch::{Probes, Scene, WatchStore, Watchers};
use turnback_outbound::{Http, Prober};
use turnback_postgres::{PostgresTarget, ProbeScope, TargetProber};

use crate::telling::now;

/// A way back waits no longer than this for probes to end: it is to take less than a second.
const STAND_ASIDE: Duration = Duration::from_millis(200);

/// Runs probes, each where it belongs.
#[derive(Clone)]
pub(crate) struct EveryProbe {
    outbound: Prober,
    on_target: TargetProber,
    target: PostgresTarget,
    plan: String,
    schema: String,
}

impl Probes for EveryProbe {
    async fn read(&self, guard: &Guard, scene: &Scene) -> Reading {
        let (probe, timeout) = (&guard.probe, guard.timeout);
        let program = Arc::clone(&scene.program);
        let scope = ProbeScope::new(&self.plan, &self.schema, program, scene.state);
        let on_target = self.on_target.read(&guard.name, probe, &scope, timeout);
        if let Some(reading) = on_target.await {
            return reading;
        }
        match self.outbound.read(probe, timeout).await {
            Some(reading) => reading,
            // Every probe is of one of the two.
            None => Reading::NoData,
        }
    }

    async fn stand_aside(&self) {
        // What cannot be ended in time ends by itself, at its own time limit.
        let ended = self.on_target.stand_aside(&self.target);
        let _ = tokio::time::timeout(STAND_ASIDE, ended).await;
    }
}

/// Those who watch a run of a plan.
///
/// # Errors
///
/// When no requests can be made from this machine.
pub(crate) fn watchers<S: WatchStore>(
    plan: &Plan,
    target: &PostgresTarget,
    store: S,
) -> Result<Watchers<EveryProbe, S>, EngineError> {
    Ok(Watchers {
        guards: plan.guards.clone(),
        matrix: plan.decisions.clone(),
        probes: probes(plan, target)?,
        store,
        now,
    })
}

/// Whoever runs the probes of a plan.
///
/// # Errors
///
/// When no requests can be made from this machine.
pub(crate) fn probes(plan: &Plan, target: &PostgresTarget) -> Result<EveryProbe, EngineError> {
    let http = Http::new().map_err(|error| EngineError::Stopped {
        reason: error.to_string(),
    })?;
    Ok(EveryProbe {
        outbound: Prober::new(http),
        on_target: target.prober(),
        target: target.clone(),
        plan: plan.name.clone(),
        schema: plan.schema.as_str().to_owned(),
    })
}
