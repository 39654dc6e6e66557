//! Disabling every flag, because a row of the decisions says so.

use std::time::Duration;

use turnback_core::flag::{By, Change};
use turnback_core::journal::JournalEvent;

use crate::edges::{Journal, Target};
use crate::error::EngineError;
use crate::progress::Progress;
use crate::run::Run;

/// A way back that was decided at the same moment waits no longer for the control store.
const PATIENCE: Duration = Duration::from_secs(2);

impl<T: Target, J: Journal> Run<T, J> {
    /// Disables every flag, and takes down what came of it. That it cannot be is told, and stops
    /// nothing: what else was decided is done all the same.
    pub(super) async fn disable_flags(&self, because: String) -> Result<(), EngineError> {
        let (flags, failure) = match self.disable_all(because).await {
            Ok(flags) => (flags, None),
            Err(failure) => (vec![], Some(failure)),
        };
        self.write(JournalEvent::FlagsDisabled {
            flags: flags.clone(),
            failure: failure.clone(),
        })
        .await?;
        self.show(Progress::FlagsDisabled { flags, failure });
        Ok(())
    }

    async fn disable_all(&self, because: String) -> Result<Vec<String>, String> {
        let Some(flags) = &self.flags else {
            return Err("there is no control store, which keeps flags".to_owned());
        };
        let by = By {
            who: "turnback".to_owned(),
            why: Some(because),
        };
        let changed = tokio::time::timeout(PATIENCE, flags.change(&Change::DisableAll, &by)).await;
        let changed = changed
            .map_err(|_| "the control store does not answer".to_owned())?
            .map_err(|error| error.to_string())?;
        let keys = changed.differences.into_iter();
        Ok(keys.map(|difference| difference.key).collect())
    }
}
