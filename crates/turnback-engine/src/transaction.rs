//! A transaction step: several short tries for its locks, and patience with a server that
//! does not answer.

use std::time::{Duration, Instant};

use turnback_core::journal::{JournalEvent, LockTimes};
use turnback_core::program::Stage;
use turnback_core::removal::Removal;
use turnback_core::step::TableLock;

use crate::edges::{Blocker, Journal, Mark, StepKey, Target, removed_of};
use crate::error::{EngineError, TargetError};
use crate::progress::Progress;
use crate::run::Run;

/// The longest pause between two tries, while what is in the way may be a matter of moments:
/// busy clients that take the same locks in another order.
const LONG_PAUSE: Duration = Duration::from_secs(1);
/// After so many tries it is not.
const MANY: u32 = 20;
/// The longest pause from then on.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often a lost connection is tried again before the run stops.
pub(crate) const RECONNECTS: u32 = 30;

impl<T: Target, J: Journal> Run<T, J> {
    /// Runs locks, statements and mark as one transaction, however many tries that takes.
    pub(crate) async fn transact(
        &self,
        key: &StepKey,
        locks: &[TableLock],
        statements: &[String],
        mark: &Mark,
    ) -> Result<LockTimes, EngineError> {
        let mut refused = 0;
        let mut lost = 0;
        let mut removed = Vec::new();
        let begun = Instant::now();
        loop {
            let outcome = self
                .target
                .transaction(
                    self.fence,
                    self.settings.lock_timeout,
                    self.removal_in(key.stage).now(begun.elapsed()),
                    locks,
                    statements,
                    mark,
                )
                .await;
            match outcome {
                Ok(mut times) => {
                    for session in &times.removed {
                        self.show(Progress::Removed {
                            step: key.step.clone(),
                            session: session.clone(),
                        });
                    }
                    removed.append(&mut times.removed);
                    times.removed = removed;
                    return Ok(times);
                }
                Err(TargetError::LockRefused { blockers }) => {
                    refused += 1;
                    removed.extend(removed_of(&blockers));
                    self.note_refusal(key, refused, blockers.clone()).await?;
                    if refused >= self.settings.lock_attempts {
                        return Err(self.out_of_patience(key, refused, &blockers));
                    }
                    self.pause(haste(key.stage, refused)).await?;
                }
                Err(TargetError::TryAgain(_)) if refused < self.settings.lock_attempts => {
                    refused += 1;
                    self.pause(haste(key.stage, refused)).await?;
                }
                // The commit may have arrived although its answer did not; the next try finds
                // its mark then, and runs nothing.
                Err(TargetError::Lost(reason)) if lost < RECONNECTS => {
                    lost += 1;
                    self.reconnect(reason, lost).await?;
                }
                Err(error) => return Err(EngineError::while_doing(&key.step)(error)),
            }
        }
    }

    async fn note_refusal(
        &self,
        key: &StepKey,
        attempt: u32,
        blockers: Vec<Blocker>,
    ) -> Result<(), EngineError> {
        self.write(JournalEvent::LockRefused {
            phase: key.phase.clone(),
            step: key.step.clone(),
            attempt,
            blockers: blockers.iter().map(ToString::to_string).collect(),
        })
        .await?;
        self.show(Progress::LockRefused {
            step: key.step.clone(),
            attempt,
            attempts: self.settings.lock_attempts,
            blockers,
        });
        Ok(())
    }

    /// What may be done about sessions in the way of a stage.
    pub(crate) fn removal_in(&self, stage: Stage) -> Removal {
        match stage {
            Stage::SwapBack | Stage::Withdraw | Stage::Retire => Removal {
                after: self.removal.after.or(self.settings.way_back_cancels_after),
                ..self.removal
            },
            Stage::Expand | Stage::CutOver | Stage::Settle | Stage::Contract => self.removal,
        }
    }

    fn out_of_patience(&self, key: &StepKey, tries: u32, blockers: &[Blocker]) -> EngineError {
        let by = blockers
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("; ");
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(", last held by {by}")
        };
        EngineError::Stopped {
            reason: format!(
                "the locks for {} were not to be had in {tries} tries of {:?}{by}",
                key.step, self.settings.lock_timeout
            ),
        }
    }

    /// Does something that may be repeated, through lost connections.
    pub(crate) async fn persist<R>(
        &self,
        doing: &str,
        mut work: impl AsyncFnMut() -> Result<R, TargetError>,
    ) -> Result<R, EngineError> {
        let mut lost = 0;
        loop {
            match work().await {
                Err(TargetError::Lost(reason)) if lost < RECONNECTS => {
                    lost += 1;
                    self.reconnect(reason, lost).await?;
                }
                outcome => return outcome.map_err(EngineError::while_doing(doing)),
            }
        }
    }

    /// Says that the connection is lost, and waits before the next try.
    pub(crate) async fn reconnect(&self, reason: String, attempt: u32) -> Result<(), EngineError> {
        self.show(Progress::Reconnecting { reason, attempt });
        self.pause(attempt + 2).await
    }

    /// Waits a little longer each time, with jitter, so that traffic flows in between.
    pub(crate) async fn pause(&self, attempt: u32) -> Result<(), EngineError> {
        let wait =
            between_tries(self.settings.lock_timeout, attempt).mul_f64(0.5 + fastrand::f64());
        tokio::select! {
            () = tokio::time::sleep(wait) => Ok(()),
            () = self.stop.asked() => self.safe_point(),
        }
    }
}

/// A way back is in a hurry: at first, traffic gets no more time between two tries than each
/// of them may take from it.
fn haste(stage: Stage, attempt: u32) -> u32 {
    match stage {
        Stage::SwapBack if attempt <= MANY => 0,
        _ => attempt,
    }
}

/// Before jitter.
pub(crate) fn between_tries(budget: Duration, attempt: u32) -> Duration {
    let most = if attempt <= MANY {
        LONG_PAUSE
    } else {
        LONGEST_PAUSE
    };
    budget.saturating_mul(1 << attempt.min(6)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_the_way_back_hurries() {
        let pause = |stage, attempt| {
            between_tries(Duration::from_millis(100), haste(stage, attempt)).as_millis()
        };
        assert_eq!(
            [1, 2, 10, 21].map(|n| pause(Stage::CutOver, n)),
            [200, 400, 1_000, 5_000]
        );
        assert_eq!(
            [1, 2, 10, 21].map(|n| pause(Stage::SwapBack, n)),
            [100, 100, 100, 5_000]
        );
    }
}
