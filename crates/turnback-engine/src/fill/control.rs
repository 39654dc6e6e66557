//! The control of a backfill: looks at what the server bears, and at what people have set,
//! twice a second, and sets the pace. Batches never wait for it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use turnback_core::plan::Settings;
use turnback_core::throttle::{Gauge, Limits, Observed, Pace, PaceRecord, Wish, decide};

use super::{Shared, locked};
use crate::edges::{Fence, Journal, StepKey, Target};
use crate::progress::Progress;
use crate::run::Run;
use crate::stage::search_path;

/// Between two looks: what people set is heeded within a second.
const LOOK: Duration = Duration::from_millis(500);

pub(super) struct Control<T> {
    target: T,
    fence: Fence,
    key: StepKey,
    settings: Settings,
    path: String,
    begun: Instant,
    gauge: Arc<Mutex<Gauge>>,
    wish: Wish,
    pace: Pace,
    shown: Option<Pace>,
}

impl<T: Target> Control<T> {
    pub(super) fn new<J: Journal>(run: &Run<T, J>, key: &StepKey) -> Self {
        let wish = Wish::default();
        Self {
            target: run.target.clone(),
            fence: run.fence,
            key: key.clone(),
            settings: run.settings.clone(),
            path: search_path(&run.schema),
            begun: run.begun,
            gauge: run.gauge.clone(),
            pace: Pace {
                workers_changed: run.begun.elapsed(),
                ..Pace::full(&Limits::new(&run.settings, &wish))
            },
            wish,
            shown: None,
        }
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace.clone()
    }

    /// Looks until the backfill is over.
    pub(super) async fn keep(mut self, shared: Arc<Shared<T>>, over: Arc<Notify>) {
        loop {
            let next = async {
                tokio::time::sleep(LOOK).await;
                self.look(&shared).await;
            };
            // A look at a server that does not answer must not hold up whoever stops.
            tokio::select! {
                () = over.notified() => return,
                () = next => {}
            }
        }
    }

    /// One look. When the server cannot be asked the pace stays as it is: batches meet the same
    /// server, and the run finds out from them.
    pub(super) async fn look(&mut self, shared: &Shared<T>) {
        let question = self.settings.pause_when.as_deref();
        let Ok(pressure) = self.target.pressure(question, &self.path).await else {
            return;
        };
        let observed = locked(&self.gauge).observe(self.begun.elapsed(), &pressure);
        self.decide(shared, &observed);
        let record = self.record(shared, observed);
        match self.target.pace(self.fence, &self.key.plan, &record).await {
            Ok(wish) if wish != self.wish => {
                self.wish = wish;
                self.decide(shared, &record.observed);
                let record = self.record(shared, record.observed);
                // Whoever has set something waits for this; the next look tells it again.
                let _ = self.target.pace(self.fence, &self.key.plan, &record).await;
            }
            Ok(_) | Err(_) => {}
        }
    }

    fn limits(&self) -> Limits {
        Limits::new(&self.settings, &self.wish)
    }

    fn decide(&mut self, shared: &Shared<T>, observed: &Observed) {
        let at = self.begun.elapsed();
        self.pace = decide(&self.limits(), observed, shared.strain(), &self.pace, at);
        shared.pace.send_if_modified(|pace| {
            let changed = *pace != self.pace;
            *pace = self.pace.clone();
            changed
        });
        let is_news = match &self.shown {
            Some(shown) => !shown.is_like(&self.pace),
            None => !self.pace.reasons.is_empty(),
        };
        if is_news {
            self.shown = Some(self.pace.clone());
            shared.observer.see(&Progress::Paced {
                table: shared.backfill.table.to_string(),
                pace: self.pace.clone(),
            });
        }
    }

    fn record(&self, shared: &Shared<T>, observed: Observed) -> PaceRecord {
        PaceRecord {
            step: self.key.step.clone(),
            table: shared.backfill.table.to_string(),
            pages: (shared.pages.load(Ordering::Relaxed), shared.of_pages),
            rows: shared.rows.load(Ordering::Relaxed),
            pace: self.pace.clone(),
            limits: self.limits(),
            observed,
            wish: self.wish.clone(),
        }
    }
}
