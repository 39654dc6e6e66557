//! A request to stop at the next safe point.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared between whoever asks (Ctrl-C) and the run that heeds it.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Receiver<bool>,
    ask: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        let (ask, asked) = watch::channel(false);
        Self {
            asked,
            ask: Arc::new(ask),
        }
    }
}

impl Stop {
    /// Asks the run to stop.
    pub fn ask(&self) {
        self.ask.send_replace(true);
    }

    /// Whether a stop was asked for.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Returns once a stop is asked for.
    pub async fn asked(&self) {
        let mut asked = self.asked.clone();
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = asked.wait_for(|asked| *asked).await;
    }
}
