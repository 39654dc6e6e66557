//! The journal of a controller, and whoever looks on.

use turnback_core::journal::JournalEvent;
use turnback_engine::edges::{Journal, Observer};
use turnback_engine::error::JournalError;
use turnback_engine::progress::Progress;

use crate::target::Wire;

impl Journal for Wire {
    /// Not a matter of the server's: only the process itself can end here.
    async fn append(&self, _event: &JournalEvent) -> Result<(), JournalError> {
        let gone = self.is_gone();
        if !gone {
            // An error is the connection's; the journal has none.
            let _ = self.point().await;
        }
        Ok(())
    }
}

impl Observer for Wire {
    fn see(&self, progress: &Progress) {
        if let Progress::CanaryStopped { .. } = progress {
            self.note_hook("the canary waits for a person");
        }
    }
}
