//! A moment in the middle of a command, drawn at random.

use std::time::Duration;

use crate::world::{Running, World};

/// So many steps of the ledger from now, and a little later.
#[derive(Debug)]
pub struct Moment {
    steps: u32,
    later: Duration,
}

impl Moment {
    /// Some moment of a command that has so many steps left.
    pub fn draw(rng: &mut fastrand::Rng, steps: u32) -> Self {
        Self {
            steps: rng.u32(0..=steps),
            later: Duration::from_micros(rng.u64(0..30_000)),
        }
    }

    /// Waits until it has come, or the command is over.
    pub async fn comes(&self, world: &World, running: &mut Running) {
        if self.steps > 0 {
            let done = world
                .db
                .try_execute("SELECT count(*) FROM turnback.step")
                .map_or(0, |count| count.parse().unwrap_or(0));
            let goal: u32 = done + self.steps;
            let reached = format!("SELECT count(*) >= {goal} FROM turnback.step");
            world
                .until_or_end(&reached, &mut || running.is_over())
                .await;
        }
        tokio::time::sleep(self.later).await;
    }
}
