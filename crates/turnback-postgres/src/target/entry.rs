//! How a run comes in: the ledger is opened and the lease taken. A holder that only looks silent,
//! because the server's clock was set, is listened to first.

use std::time::Duration;

use turnback_engine::edges::Fence;
use turnback_engine::error::TargetError;

use super::PostgresTarget;
use crate::ledger::{lease, opening};

impl PostgresTarget {
    /// Opens the ledger; makes it, or brings it up to date, where that is needed.
    pub(super) async fn enter(&self, budget: Duration) -> Result<(), TargetError> {
        let mut held = self.held().await?;
        let opened = self.answered(opening::open(&mut held, budget, None)).await;
        let opened = held.back(opened);
        let Err(TargetError::LeaseHeld { .. }) = &opened else {
            return opened;
        };
        let Some(silent) = lease::listen(self).await? else {
            return opened;
        };
        let mut held = self.held().await?;
        let opened = opening::open(&mut held, budget, Some(&silent));
        let opened = self.answered(opened).await;
        held.back(opened)
    }

    /// Takes the lease, on a session that is kept for it.
    pub(super) async fn take_lease(&self, holder: &str) -> Result<Fence, TargetError> {
        let mut session = self.session().await?;
        let taken = self.answered(lease::acquire(&mut session, holder, None));
        let fence = match taken.await {
            Err(error @ TargetError::LeaseHeld { .. }) => {
                let Some(silent) = lease::listen(self).await? else {
                    return Err(error);
                };
                let taken = lease::acquire(&mut session, holder, Some(&silent));
                self.answered(taken).await?
            }
            taken => taken?,
        };
        *self.lease.lock().await = Some(session);
        Ok(fence)
    }
}
