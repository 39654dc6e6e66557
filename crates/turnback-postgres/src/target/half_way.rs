//! What the ledger knows of work that may be half done, for repair.

use std::collections::BTreeSet;

use turnback_engine::error::TargetError;

use super::PostgresTarget;
use crate::ledger;

impl PostgresTarget {
    /// The plans of which the ledger knows phases.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or the ledger not be read.
    pub async fn plans(&self) -> Result<Vec<String>, TargetError> {
        let mut held = self.held().await?;
        let found = self.answered(ledger::plans(&mut held)).await;
        held.back(found)
    }

    /// Steps of a phase whose backfill has progress in the ledger.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or the ledger not be read.
    pub async fn begun_backfills(
        &self,
        plan: &str,
        phase: &str,
    ) -> Result<BTreeSet<String>, TargetError> {
        let mut held = self.held().await?;
        let found = self
            .answered(ledger::begun_backfills(&mut held, plan, phase))
            .await;
        held.back(found)
    }
}
