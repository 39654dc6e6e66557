//! A request to stop at the next safe point.

use std::sync::Arc;

use tokio::sync::watch;

/// Shared between whoever asks (Ctrl-C) and the run that heeds it.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: watch::Receiver<Asked>,
    ask: Arc<watch::Sender<Asked>>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    /// Going forward ends, so that the same run can turn back.
    MakeWay,
    /// The run ends.
    Stop,
}

impl Default for Stop {
    fn default() -> Self {
        let (ask, asked) = watch::channel(Asked::Nothing);
        Self {
            asked,
            ask: Arc::new(ask),
        }
    }
}

impl Stop {
    /// Asks the run to stop.
    pub fn ask(&self) {
        self.ask.send_replace(Asked::Stop);
    }

    /// Asks whatever goes forward to end at the next safe point, for the run is about to turn
    /// back. A stop that was asked for stays asked for.
    pub fn make_way(&self) {
        self.turn(Asked::Nothing, Asked::MakeWay);
    }

    /// Nothing goes forward any more: the way back may begin.
    pub fn way_is_clear(&self) {
        self.turn(Asked::MakeWay, Asked::Nothing);
    }

    fn turn(&self, from: Asked, to: Asked) {
        self.ask.send_if_modified(|asked| {
            let turns = *asked == from;
            if turns {
                *asked = to;
            }
            turns
        });
    }

    /// Whether a stop was asked for.
    pub fn is_asked(&self) -> bool {
        *self.asked.borrow() != Asked::Nothing
    }

    /// Returns once a stop is asked for.
    pub async fn asked(&self) {
        let mut asked = self.asked.clone();
        // The sender lives as long as this value, so waiting cannot fail.
        let _ = asked.wait_for(|asked| *asked != Asked::Nothing).await;
    }
}
