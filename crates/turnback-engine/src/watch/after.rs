//! After turning back: whether what guards measure is as it should be again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch as channel;
use tokio::time::Instant;
use turnback_core::guard::{Baseline, Guard, Judge, Level, Moment, Of, Verdict};
use turnback_core::program::Program;
use turnback_core::recovery::ValidationLine;
use turnback_core::state::PhaseState;

use super::sampler::Sampler;
use super::{Probes, Scene, WatchStore, Watchers};
use crate::edges::{Boxed, Journal, Measures, Target};
use crate::run::Run;

/// However slow its guards are, a validation waits no longer: clients may be shut out meanwhile.
const LONGEST: Duration = Duration::from_secs(60);
/// However fast they are, what was disturbed gets this long to settle.
const SHORTEST: Duration = Duration::from_secs(5);

/// Measures again what the watch over a phase measured, with the same baseline.
#[derive(Clone)]
pub struct AfterBack<P> {
    pub(super) guards: Vec<Guard>,
    pub(super) baseline: Baseline,
    pub(super) program: Arc<Program>,
    pub(super) probes: P,
    pub(super) now: fn() -> Moment,
}

impl<P: Probes> Measures for AfterBack<P> {
    fn lines(&self) -> Boxed<'_, Vec<ValidationLine>> {
        Box::pin(self.measure())
    }
}

impl<P: Probes> AfterBack<P> {
    /// For a way back that somebody asks for: what is measured of the phase that turns back first,
    /// with the baseline from before it. Nothing where no guard watches it; what cannot be found
    /// out leaves guards without a baseline, for it is no reason not to turn back.
    pub async fn of_latest<T: Target, J: Journal, S: WatchStore>(
        run: &Run<T, J>,
        watchers: &Watchers<P, S>,
    ) -> Option<Self> {
        let records = run.phases().await.ok()?;
        let latest = records
            .into_iter()
            .filter(|record| record.state.can_turn_back())
            .max_by_key(|record| record.ordinal)?;
        let guards: Vec<Guard> = watchers
            .guards
            .iter()
            .filter(|guard| guard.of == Of::Everybody && guard.watches(&latest.phase))
            .cloned()
            .collect();
        if guards.is_empty() {
            return None;
        }
        let baseline = watchers.store.baseline(&latest.phase).await;
        Some(Self {
            guards,
            baseline: baseline.ok().flatten().unwrap_or_default(),
            program: Arc::new(latest.program),
            probes: watchers.probes.clone(),
            now: watchers.now,
        })
    }

    /// A line for each guard that has something to measure: waits until it passes, for as long as
    /// it takes to believe its samples, and again as long.
    async fn measure(&self) -> Vec<ValidationLine> {
        let guards: Vec<Guard> = self
            .guards
            .iter()
            .filter(|guard| guard.applies_in(PhaseState::Pending))
            .map(|guard| Guard {
                initial_delay: Duration::ZERO,
                ..guard.clone()
            })
            .collect();
        let scene = Scene {
            program: Arc::clone(&self.program),
            state: PhaseState::Pending,
            share: None,
        };
        let (_held, scene) = channel::channel(scene);
        let mut sampler = Sampler::start(&guards, None, &self.probes, &scene, self.now);
        let mut judges: BTreeMap<&str, Judge> = guards
            .iter()
            .map(|guard| {
                let baseline = self.baseline.guards.get(&guard.name);
                let judge = Judge::new(guard.clone(), baseline, (self.now)());
                (guard.name.as_str(), judge)
            })
            .collect();
        let mut said: BTreeMap<String, Verdict> = BTreeMap::new();
        let passes = |said: &BTreeMap<String, Verdict>, guard: &Guard| {
            said.get(&guard.name)
                .is_some_and(|verdict| verdict.level == Level::Pass)
        };
        let over = Instant::now() + guards.iter().map(patience).max().unwrap_or_default();
        while !guards.iter().all(|guard| passes(&said, guard)) {
            let sample = tokio::select! {
                sample = sampler.next() => sample,
                () = tokio::time::sleep_until(over) => break,
            };
            let judge = judges.get_mut(sample.guard.as_str());
            if let Some(verdict) = judge.and_then(|judge| judge.take(&sample)) {
                said.insert(verdict.guard.clone(), verdict);
            }
        }
        guards
            .iter()
            .map(|guard| line(guard, said.get(&guard.name)))
            .collect()
    }
}

/// How long a guard is waited for.
fn patience(guard: &Guard) -> Duration {
    let window = guard.interval * guard.belief.of.saturating_add(2) + guard.timeout;
    (window * 2).clamp(SHORTEST, LONGEST)
}

fn line(guard: &Guard, said: Option<&Verdict>) -> ValidationLine {
    let promise = format!("guard {} is content again", guard.name);
    match said {
        None => ValidationLine::not_found_out(promise, "it has not said anything in time"),
        Some(verdict) => match verdict.level {
            Level::Pass => ValidationLine::found(promise, true, &verdict.because),
            Level::Warning | Level::Critical => {
                ValidationLine::found(promise, false, &verdict.because)
            }
            Level::NoData | Level::Error => {
                ValidationLine::not_found_out(promise, &verdict.because)
            }
        },
    }
}
