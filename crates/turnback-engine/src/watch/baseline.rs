//! Takes what is normal before a phase begins: relative thresholds compare with it.

use std::time::Duration;

use tokio::sync::watch;
use turnback_core::guard::{Baseline, BaselineRecorder, Guard, Moment, baseline_findings};
use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;

use super::sampler::Sampler;
use super::{LOOK, OnePhase, Probes, Scene, WatchStore};
use crate::edges::{Journal, Target};
use crate::error::EngineError;
use crate::progress::Progress;

impl<T: Target, J: Journal, P: Probes, S: WatchStore> OnePhase<'_, T, J, P, S> {
    /// The baseline that guards compare with: the one that is kept, or one that is taken now
    /// where the phase has not begun and it would not start without. None is taken of a phase that
    /// has begun: it would not be one.
    pub(super) async fn baseline(
        &self,
        guards: &[Guard],
        scene: &watch::Receiver<Scene>,
    ) -> Result<Baseline, EngineError> {
        let (store, phase, now) = (
            &self.watchers.store,
            self.phase.id.as_str(),
            self.watchers.now,
        );
        let kept = store.baseline(phase).await.ok().flatten();
        let kept = kept.unwrap_or_default();
        if scene.borrow().state != PhaseState::Pending
            || baseline_findings(guards, phase, &kept, now()).is_empty()
        {
            return Ok(kept);
        }
        let relative: Vec<Guard> = guards
            .iter()
            .filter(|guard| guard.needs_baseline())
            .cloned()
            .collect();
        let taken = self.take_baseline(&relative, scene).await?;
        let lacking = baseline_findings(guards, phase, &taken, now());
        if !lacking.is_empty() {
            return Err(EngineError::NoGo(lacking));
        }
        // Where it cannot be kept this run has it; the store says itself what is wrong.
        let _ = store.keep_baseline(phase, &taken).await;
        let moments =
            |of: fn(&turnback_core::guard::Series) -> Moment| taken.guards.values().map(of);
        let event = JournalEvent::BaselineTaken {
            phase: phase.to_owned(),
            guards: taken.guards.keys().cloned().collect(),
            from: moments(|series| series.from).min().unwrap_or_default(),
            until: moments(|series| series.until).max().unwrap_or_default(),
        };
        self.run.write(event).await?;
        self.run.show(Progress::BaselineTaken {
            phase: phase.to_owned(),
            baseline: taken.clone(),
        });
        Ok(taken)
    }

    async fn take_baseline(
        &self,
        guards: &[Guard],
        scene: &watch::Receiver<Scene>,
    ) -> Result<Baseline, EngineError> {
        let run = self.run;
        let lasts = |guard: &Guard| guard.baseline + guard.initial_delay;
        let of = guards.iter().map(lasts).max().unwrap_or_default();
        let begun = tokio::time::Instant::now();
        let over = begun + of + guards.iter().map(|g| g.interval).max().unwrap_or_default();
        let (probes, now) = (&self.watchers.probes, self.watchers.now);
        let mut sampler = Sampler::start(guards, None, probes, scene, now);
        let mut recorder = BaselineRecorder::new(guards);
        let mut look = tokio::time::interval(LOOK);
        let mut samples = Vec::new();
        loop {
            tokio::select! {
                sample = sampler.next() => {
                    recorder.take(&sample);
                    samples.push(sample);
                }
                _ = look.tick() => {
                    // They are for reports; the store says itself when it cannot be used.
                    let kept = std::mem::take(&mut samples);
                    let _ = self.watchers.store.keep_samples(&self.phase.id, &kept).await;
                    run.show(Progress::TakingBaseline {
                        phase: self.phase.id.clone(),
                        left: over.saturating_duration_since(tokio::time::Instant::now()),
                        of: over.saturating_duration_since(begun),
                    });
                }
                () = run.stop.asked() => run.safe_point()?,
                () = tokio::time::sleep_until(over + Duration::from_millis(100)) => break,
            }
        }
        Ok(recorder.baseline().clone())
    }
}
