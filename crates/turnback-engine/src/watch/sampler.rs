//! Takes samples: each guard's probe at its own interval, none waiting for another.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use turnback_core::canary::{Compare, Share, Side, of_side};
use turnback_core::guard::{Guard, Moment, Of, Reading, Sample};

use super::{Probes, Scene};

/// Beyond a guard's time limit: what a probe may take to notice that its time is over.
const GRACE: Duration = Duration::from_secs(1);
/// Samples that may wait to be judged.
const WAITING: usize = 1_000;

/// Samples of some guards, for as long as this value lives.
pub(super) struct Sampler {
    samples: mpsc::Receiver<Sample>,
    /// Ends with it.
    _tasks: JoinSet<()>,
}

impl Sampler {
    pub(super) fn start<P: Probes>(
        guards: &[Guard],
        compare: Option<&Compare>,
        probes: &P,
        scene: &watch::Receiver<Scene>,
        now: fn() -> Moment,
    ) -> Self {
        let (send, samples) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        for guard in guards {
            for sampled in Sampled::of(guard, compare) {
                let (probes, scene) = (probes.clone(), scene.clone());
                tasks.spawn(keep_sampling(sampled, probes, scene, now, send.clone()));
            }
        }
        Self {
            samples,
            _tasks: tasks,
        }
    }

    /// The next sample; never, where there are no guards.
    pub(super) async fn next(&mut self) -> Sample {
        match self.samples.recv().await {
            Some(sample) => sample,
            None => std::future::pending().await,
        }
    }
}

/// What is measured of one guard.
struct Sampled {
    guard: Guard,
    /// The group that it is measured of; everybody where none is named.
    of: Option<Side>,
}

impl Sampled {
    /// A guard of the canary is measured of each group, at the same interval.
    fn of(guard: &Guard, compare: Option<&Compare>) -> Vec<Self> {
        match (guard.of, compare) {
            (Of::Everybody, _) => vec![Self {
                guard: guard.clone(),
                of: None,
            }],
            (Of::Canary, Some(compare)) => {
                // Limits of their own are compared with nothing.
                let sides = if guard.is_relative() {
                    &[Side::Canary, Side::Rest][..]
                } else {
                    &[Side::Canary]
                };
                let sampled = |side: &Side| Self {
                    guard: of_side(guard, compare, *side),
                    of: Some(*side),
                };
                sides.iter().map(sampled).collect()
            }
            (Of::Canary, None) => vec![],
        }
    }

    /// Whether there is anybody to measure.
    fn applies(&self, scene: &Scene) -> bool {
        let share = scene.share.unwrap_or_default();
        self.guard.applies_in(scene.state)
            && match self.of {
                None => true,
                Some(Side::Canary) => share > Share::NONE,
                Some(Side::Rest) => share < Share::ALL,
            }
    }
}

async fn keep_sampling<P: Probes>(
    sampled: Sampled,
    probes: P,
    scene: watch::Receiver<Scene>,
    now: fn() -> Moment,
    send: mpsc::Sender<Sample>,
) {
    let guard = &sampled.guard;
    tokio::time::sleep(guard.initial_delay).await;
    let mut tick = tokio::time::interval(guard.interval);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let scene = scene.borrow().clone();
        if !sampled.applies(&scene) {
            continue;
        }
        let limit = guard.timeout + GRACE;
        let reading = tokio::time::timeout(limit, probes.read(guard, &scene)).await;
        let sample = Sample {
            guard: guard.name.clone(),
            at: now(),
            reading: reading.unwrap_or_else(|_| {
                Reading::Failed(format!(
                    "the probe did not answer within {} s",
                    limit.as_secs_f64()
                ))
            }),
        };
        if send.send(sample).await.is_err() {
            return;
        }
    }
}
