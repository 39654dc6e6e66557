//! What happens, for all who listen: one reading for however many there are.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, watch};

/// As many events are kept for a listener that is slow; one that is slower still misses some, and
/// is told so.
const KEPT: usize = 512;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number of the journal's entry that it is; none where it is none, so that nobody can ask
    /// for what came after it.
    pub id: Option<i64>,
    /// `journal`, `progress`, `guards`, …
    pub name: &'static str,
    /// In JSON, on one line.
    pub data: String,
}

/// Where those who know tell those who listen.
pub struct Hub {
    sender: broadcast::Sender<Arc<Event>>,
    places: Arc<Semaphore>,
    most: usize,
    closing: watch::Sender<bool>,
}

/// Somebody who listens, and has a place.
pub(crate) struct Listener {
    pub(crate) events: broadcast::Receiver<Arc<Event>>,
    pub(crate) closing: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Hub {
    pub(crate) fn new(places: usize) -> Self {
        Self {
            sender: broadcast::Sender::new(KEPT),
            places: Arc::new(Semaphore::new(places)),
            most: places,
            closing: watch::Sender::new(false),
        }
    }

    /// Tells everybody who listens.
    pub fn tell(&self, event: Event) {
        // Nobody listening is no error.
        let _ = self.sender.send(Arc::new(event));
    }

    /// How many listen now.
    pub fn listeners(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// Ends every listener's stream: the process is about to end.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// A place to listen from; nothing where there is none left.
    pub(crate) fn listen(&self) -> Option<Listener> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Listener {
            events: self.sender.subscribe(),
            closing: self.closing.subscribe(),
            _place: place,
        })
    }
}
