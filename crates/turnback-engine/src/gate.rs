//! Holds a run back: while a guard is not content, it goes no further.

use std::sync::Arc;

use tokio::sync::watch;

/// Where a run asks whether it may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Before a phase begins: every guard must have been heard.
    Threshold,
    /// Before its cut-over: every guard must have been heard, and its canary be through.
    CutOver,
    /// Between two steps, and between two batches of a backfill.
    Within,
}

/// What holds a run back, as sentences; nothing where it may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Guards, or people who have been asked.
    pub by: Option<String>,
    /// Guards that have said nothing yet: enough to begin no phase, and to cut none over.
    pub unheard: Option<String>,
    /// A canary that is not through: enough to cut its phase not over.
    pub canary: Option<String>,
}

/// Shared between the watch, which closes it, and the run, which waits before it. Ways back pass
/// it by.
#[derive(Clone, Debug)]
pub struct Gate(Arc<watch::Sender<Held>>);

impl Default for Gate {
    /// An open gate.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Held::default())))
    }
}

impl Gate {
    /// Says what holds the run back from now on.
    pub fn set(&self, held: Held) {
        self.0.send_if_modified(|now| {
            let changed = *now != held;
            *now = held;
            changed
        });
    }

    /// Why a run may not go on at a point.
    pub fn holds(&self, point: Point) -> Option<String> {
        let held = self.0.borrow();
        match point {
            Point::Threshold => held.by.clone().or_else(|| held.unheard.clone()),
            Point::CutOver => held
                .by
                .clone()
                .or_else(|| held.unheard.clone())
                .or_else(|| held.canary.clone()),
            Point::Within => held.by.clone(),
        }
    }

    /// Returns once something about it has changed.
    pub async fn changed(&self, from: &Held) {
        let mut now = self.0.subscribe();
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = now.wait_for(|held| held != from).await;
    }

    /// What holds the run back now.
    pub fn held(&self) -> Held {
        self.0.borrow().clone()
    }
}
