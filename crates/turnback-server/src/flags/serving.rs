//! The definitions in memory.

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Mutex, watch};
use turnback_core::flag::{By, Change, Stored};
use turnback_engine::flags::{Changed, FlagsError};

use super::asker::Counts;
use crate::edges::Refusal;
use crate::events::Event;
use crate::server::{Server, Shared};

/// How soon a change that another process made is served.
const LOOK: Duration = Duration::from_millis(250);
/// A control store that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is served at one time.
pub struct Served {
    /// The flags, with their version.
    pub stored: Stored,
    /// Since when, in seconds since 1970-01-01 UTC.
    pub since: u64,
}

/// Holds the definitions, for all who ask.
pub struct Serving {
    pub(super) counts: Counts,
    served: watch::Sender<Option<Arc<Served>>>,
    /// Held by whoever takes a new version over, so that none goes back to an older one.
    taking: Mutex<()>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            counts: Counts::default(),
            served: watch::Sender::new(None),
            taking: Mutex::default(),
        }
    }
}

impl Serving {
    /// What is served now. Asked for the first time, it is read from the control store, and from
    /// then on kept fresh for as long as the server is there.
    ///
    /// # Errors
    ///
    /// While it has not been read even once, and cannot be.
    pub async fn now(server: &Shared) -> Result<Arc<Served>, Refusal> {
        let serving = &server.flags;
        if let Some(served) = serving.here() {
            return Ok(served);
        }
        let _taking = serving.taking.lock().await;
        if let Some(served) = serving.here() {
            return Ok(served);
        }
        let stored = in_time(server.edges.flags.stored())
            .await
            .map_err(refusal)?;
        let served = server.take(stored);
        tokio::spawn(keep_fresh(Arc::downgrade(server)));
        Ok(served)
    }

    /// What is served from now on, as it changes.
    pub(super) fn changes(&self) -> watch::Receiver<Option<Arc<Served>>> {
        self.served.subscribe()
    }

    /// Changes flags, and serves them as they are then.
    ///
    /// # Errors
    ///
    /// When the change makes no sense, or the control store cannot be used.
    pub async fn change(server: &Shared, change: &Change, by: &By) -> Result<Changed, Refusal> {
        let changed = in_time(server.edges.flags.change(change, by))
            .await
            .map_err(refusal)?;
        let _taking = server.flags.taking.lock().await;
        let newer = |served: Arc<Served>| changed.stored.version > served.stored.version;
        if server.flags.here().is_none_or(newer) {
            server.take(changed.stored.clone());
        }
        Ok(changed)
    }

    fn here(&self) -> Option<Arc<Served>> {
        self.served.borrow().clone()
    }
}

impl Server {
    /// Serves these from now on, and tells the pages that are open.
    fn take(&self, stored: Stored) -> Arc<Served> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let served = Arc::new(Served {
            stored,
            since: since.unwrap_or_default().as_secs(),
        });
        self.flags.served.send_replace(Some(served.clone()));
        self.events.tell(Event {
            id: None,
            name: "flags",
            data: serde_json::json!({ "version": served.stored.version }).to_string(),
        });
        served
    }
}

/// Looks whether the version is another, and takes what is there then. What was served last is
/// served on while the control store does not answer.
async fn keep_fresh(server: Weak<Server>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(server) = server.upgrade() else {
            return;
        };
        let _taking = server.flags.taking.lock().await;
        let Ok(version) = in_time(server.edges.flags.version()).await else {
            continue;
        };
        let is_served = |served: Arc<Served>| served.stored.version == version;
        if !server.flags.here().is_some_and(is_served)
            && let Ok(stored) = in_time(server.edges.flags.stored()).await
        {
            server.take(stored);
        }
    }
}

async fn in_time<R>(answer: impl Future<Output = Result<R, FlagsError>>) -> Result<R, FlagsError> {
    tokio::time::timeout(PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(FlagsError::Store("it does not answer".to_owned())))
}

/// Why flags cannot be read or changed, as the API says it.
pub(crate) fn refusal(error: FlagsError) -> Refusal {
    use turnback_core::flag::ChangeRefused as Why;
    let what = error.to_string();
    match error {
        FlagsError::Refused(Why::NoFlag(_)) => {
            Refusal::not_there(what).next("`GET /api/v1/flags` names those that there are.")
        }
        FlagsError::Refused(Why::Faults(_) | Why::NoVariant { .. }) => Refusal::invalid(what),
        FlagsError::Refused(
            Why::NoRollout(_) | Why::Disabled(_) | Why::Moved(..) | Why::BuiltIn(_),
        ) => Refusal::conflict(what),
        FlagsError::Store(_) => {
            Refusal::not_now(what).next("Nothing was changed. Try again in a moment.")
        }
    }
}
