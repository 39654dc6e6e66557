//! Takes samples: each guard's probe at its own interval, none waiting for another.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use turnback_core::guard::{Guard, Moment, Reading, Sample};

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
        probes: &P,
        scene: &watch::Receiver<Scene>,
        now: fn() -> Moment,
    ) -> Self {
        let (send, samples) = mpsc::channel(WAITING);
        let mut tasks = JoinSet::new();
        for guard in guards {
            tasks.spawn(keep_sampling(
                guard.clone(),
                probes.clone(),
                scene.clone(),
                now,
                send.clone(),
            ));
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

async fn keep_sampling<P: Probes>(
    guard: Guard,
    probes: P,
    scene: watch::Receiver<Scene>,
    now: fn() -> Moment,
    send: mpsc::Sender<Sample>,
) {
    tokio::time::sleep(guard.initial_delay).await;
    let mut tick = tokio::time::interval(guard.interval);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let scene = scene.borrow().clone();
        if !guard.probe.applies_in(scene.state) {
            continue;
        }
        let limit = guard.timeout + GRACE;
        let reading = tokio::time::timeout(limit, probes.read(&guard, &scene)).await;
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
