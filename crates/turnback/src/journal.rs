//! The journal of a command, which goes on without one where the control store cannot be used:
//! the journal is for people, and what was done to a database is in that database's ledger.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use turnback_core::guard::{Baseline, Moment, Sample};
use turnback_core::journal::JournalEvent;
use turnback_core::plan::Plan;
use turnback_core::watch::Question;
use turnback_engine::edges::Journal;
use turnback_engine::error::JournalError;
use turnback_engine::flags::Flags;
use turnback_engine::watch::{Answered, WatchStore};
use turnback_store::{ControlStore, StorePlace};

use crate::flags::TimedFlags;
use crate::output::Screen;
use crate::telling::{Correspondent, Telling};

/// How long a file system or a server that does not answer may hold up an entry, and so the way back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Entries in the control store, until that refuses one. Then it says so, once, and the command
/// goes on: for want of a journal nobody loses the way back.
#[derive(Clone)]
pub(crate) struct Entries {
    store: Arc<Mutex<Option<ControlStore>>>,
    place: StorePlace,
    terminal: Arc<dyn Screen>,
    /// Whoever tells people, where the plan says so.
    telling: Option<Arc<Telling>>,
    /// The database, without what is secret.
    target: Option<String>,
}

impl Entries {
    /// Opens the control store, or says why there will be no journal.
    pub(crate) async fn open(place: &StorePlace, plan: &str, terminal: Arc<dyn Screen>) -> Self {
        let opened = in_time(ControlStore::open(place, plan)).await;
        let entries = Self {
            store: Arc::default(),
            place: place.clone(),
            terminal,
            telling: None,
            target: None,
        };
        match opened {
            Ok(store) => entries.keep(Some(store)),
            Err(error) => entries.give_up(&error),
        }
        entries
    }

    /// Has what is written here refused as soon as another controller leads.
    pub(crate) fn under(self, epoch: i64) -> Self {
        let store = self.store().map(|store| store.under(epoch));
        self.keep(store);
        self
    }

    /// Has people told of what is written here, by the rules of the plan; nobody where there is
    /// no control store, which holds the outbox.
    pub(crate) fn telling(mut self, plan: &Plan) -> (Self, Option<Correspondent>) {
        self.target = Some(plan.target.redacted());
        if let Some(store) = self.store() {
            let telling = Telling::new(plan, store, self.terminal.clone());
            self.telling = telling.map(Arc::new);
        } else if !plan.notify.rules.is_empty() {
            self.terminal
                .line("warning: nobody is told of this run: the outbox is in the control store.");
        }
        let correspondent = self.telling.clone().map(Telling::start);
        (self, correspondent)
    }

    /// The event with what is known here alone: which database a run is about.
    fn complete(&self, event: &JournalEvent) -> JournalEvent {
        let mut event = event.clone();
        if let JournalEvent::RunBegun { target, .. } = &mut event {
            target.clone_from(&self.target);
        }
        event
    }

    /// Where flags are kept; nothing where there is no control store.
    pub(crate) fn flags(&self) -> Option<Arc<dyn Flags>> {
        let flags = TimedFlags(self.store()?);
        Some(Arc::new(flags))
    }

    fn store(&self) -> Option<ControlStore> {
        self.store
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn keep(&self, store: Option<ControlStore>) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = store;
    }

    fn give_up(&self, error: &JournalError) {
        self.keep(None);
        self.terminal.line(&format!(
            "warning: {error}. This command goes on without a journal: the ledger in the database \
             holds what was done, and the way back. {}",
            remedy(&self.place)
        ));
    }
}

impl Journal for Entries {
    async fn append(&self, event: &JournalEvent) -> Result<(), JournalError> {
        let event = &self.complete(event);
        if let Some(store) = self.store()
            && let Err(error) = in_time(store.append(event)).await
        {
            self.give_up(&error);
        }
        if let Some(telling) = &self.telling {
            // For as long as an entry may take, and no longer.
            let _ = tokio::time::timeout(PATIENCE, telling.hear(event)).await;
        }
        Ok(())
    }
}

impl Entries {
    /// Uses the control store; gives it up, and says so, where it refuses.
    async fn using<R>(
        &self,
        work: impl AsyncFnOnce(ControlStore) -> Result<R, JournalError>,
    ) -> Result<R, JournalError> {
        let Some(store) = self.store() else {
            return Err(JournalError("there is no control store".to_owned()));
        };
        let outcome = in_time(work(store)).await;
        if let Err(error) = &outcome {
            self.give_up(error);
        }
        outcome
    }
}

impl WatchStore for Entries {
    async fn keep_samples(&self, phase: &str, samples: &[Sample]) -> Result<(), JournalError> {
        self.using(async |store| store.keep_samples(phase, samples).await)
            .await
    }

    async fn baseline(&self, phase: &str) -> Result<Option<Baseline>, JournalError> {
        self.using(async |store| store.baseline(phase).await).await
    }

    async fn keep_baseline(&self, phase: &str, baseline: &Baseline) -> Result<(), JournalError> {
        self.using(async |store| store.keep_baseline(phase, baseline).await)
            .await
    }

    async fn has_baked(&self, phase: &str) -> Result<bool, JournalError> {
        self.using(async |store| store.has_baked(phase).await).await
    }

    async fn ask(
        &self,
        phase: &str,
        question: &Question,
        until: Option<Moment>,
    ) -> Result<i64, JournalError> {
        self.using(async |store| store.ask(phase, question, until).await)
            .await
    }

    async fn answers(&self, phase: &str) -> Result<Vec<Answered>, JournalError> {
        self.using(async |store| store.answers(phase).await).await
    }

    async fn refuse(&self, phase: &str, question: u32, why: &str) -> Result<(), JournalError> {
        self.using(async |store| store.refuse(phase, question, why).await)
            .await
    }

    async fn close(
        &self,
        phase: &str,
        question: Option<u32>,
        how: &str,
    ) -> Result<(), JournalError> {
        self.using(async |store| store.close(phase, question, how).await)
            .await
    }
}

/// Waits for the control store, but not for ever.
pub(crate) async fn in_time<R>(
    work: impl Future<Output = Result<R, JournalError>>,
) -> Result<R, JournalError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(JournalError(format!(
            "it has not answered for {} s",
            PATIENCE.as_secs()
        ))),
    }
}

/// What gives the next command a control store that can be used.
pub(crate) fn remedy(place: &StorePlace) -> String {
    let Some(path) = place.file() else {
        return format!(
            "Once {place} answers and lets turnback in, the same command uses it again; --store \
             names another."
        );
    };
    let shown = path.display();
    // A link that leads nowhere is in the way, too.
    if path.symlink_metadata().is_ok() {
        format!(
            "Make room on its disk, move it away (`mv {shown} {shown}.bad`) or name another with \
             --store FILE."
        )
    } else {
        format!("Name another with --store FILE; {shown} cannot be made.")
    }
}
