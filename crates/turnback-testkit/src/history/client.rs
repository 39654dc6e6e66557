//! One client: works through all of its shapes by turns, and keeps a log of what it did and
//! saw.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::deeds::{Deed, Kind};
use super::event::Event;
use super::hand::{Fault, Hand};
use super::tally::Tally;
use crate::url::Url;
use crate::waits::Waits;
use crate::workload::Shape;

/// How often one deed is tried.
const TRIES: u32 = 50;
/// Above so many documents, one is deleted rather than made.
const MANY: usize = 150;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(10);
/// A reader of many reads so many.
const AT_ONCE: usize = 12;

/// What clients are told.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Grows with every order.
    pub(super) number: u64,
    pub(super) shapes: Vec<Shape>,
    pub(super) stop: bool,
}

/// What all clients know: documents that are probably there.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    names: Arc<Mutex<Vec<String>>>,
    pub(super) tally: Arc<Mutex<Tally>>,
    pub(super) waits: Waits,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) number: usize,
    /// Makes words of this run unlike those of another on the same database.
    pub(super) run: u32,
    pub(super) url: Url,
    pub(super) rng: fastrand::Rng,
    pub(super) pace: Duration,
    pub(super) orders: watch::Receiver<Order>,
    /// The number of the order that it follows.
    pub(super) follows: watch::Sender<u64>,
    pub(super) shared: Shared,
    pub(super) hands: Vec<Hand>,
    pub(super) words: u64,
    pub(super) log: Log,
}

/// What one client did and saw, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    /// Words of deeds of which it never heard whether they were done.
    pub(super) doubtful: Vec<String>,
}

impl Client {
    pub(super) async fn work(mut self) -> Log {
        loop {
            let order = self.orders.borrow_and_update().clone();
            if order.stop || self.orders.has_changed().is_err() {
                return self.log;
            }
            self.hands.retain(|hand| order.shapes.contains(&hand.shape));
            self.follows.send_replace(order.number);
            let deed = self.draw();
            let shape = self.rng.choice(&order.shapes).cloned();
            if let Some(shape) = shape {
                self.perform(&deed, &shape).await;
            }
            // An order ends the rest.
            let _ = tokio::time::timeout(self.pace, self.orders.changed()).await;
        }
    }

    fn draw(&mut self) -> Deed {
        self.words += 1;
        let word = format!(
            "{:06x}.{}.{}",
            self.run & 0x00ff_ffff,
            self.number,
            self.words
        );
        let known = self.shared.names().clone();
        let kind = match self.rng.u32(0..100) {
            0..8 if known.len() < MANY => Kind::Create,
            8..12 if known.len() < MANY => Kind::Copy,
            12..32 => Kind::Read,
            32..52 => Kind::Edit,
            52..60 => Kind::LockFirst,
            60..68 => Kind::Savepoint,
            68..74 => Kind::Upsert,
            74..82 => Kind::Move,
            82..85 => Kind::Delete,
            85..97 => Kind::Note,
            // One client of all, so that there are moments without a long transaction.
            97..98 if self.number == 0 => Kind::LongRead,
            _ if known.len() > MANY => Kind::Delete,
            _ => Kind::Read,
        };
        let chosen = self.rng.choice(&known).cloned();
        let kind = if chosen.is_none() { Kind::Create } else { kind };
        let mut deed = Deed {
            kind,
            document: chosen.unwrap_or_default(),
            others: self.rng.choose_multiple(known, AT_ONCE),
            shelf: format!("shelf {}", self.rng.u32(1..=8)),
            word,
        };
        if deed.is_new() {
            deed.document = format!("document {}", deed.word);
        }
        deed
    }

    async fn perform(&mut self, deed: &Deed, shape: &Shape) {
        for _ in 0..TRIES {
            let Some(at) = self.hand(shape).await else {
                return;
            };
            let fault = match deed.run(&mut self.hands[at]).await {
                Ok(events) => return self.keep(deed, events),
                Err(fault) => fault,
            };
            let again = self.shared.tally().take(&fault, deed.kind, shape);
            let old_plan = fault.is_old_plan();
            if fault.code().is_empty() || self.hands[at].recover(old_plan).await.is_err() {
                self.hands.swap_remove(at);
                return self.log.doubtful.push(deed.word.clone());
            }
            if !again {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.shared.tally().give_up(deed.kind, shape);
    }

    /// Its connection through a shape; none while the server is away.
    async fn hand(&mut self, shape: &Shape) -> Option<usize> {
        if let Some(at) = self.hands.iter().position(|hand| &hand.shape == shape) {
            return Some(at);
        }
        let hand = Hand::open(self.url.expose(), shape, &self.shared.waits).await;
        self.hands.push(hand.ok()?);
        Some(self.hands.len() - 1)
    }

    fn keep(&mut self, deed: &Deed, events: Vec<Event>) {
        let written = |event: &&Event| !matches!(event, Event::Read { .. } | Event::Missed { .. });
        self.shared.tally().acknowledged += events.iter().filter(written).count() as u64;
        for event in &events {
            match event {
                Event::Wrote { document, .. } if deed.is_new() => {
                    self.shared.names().push(document.clone());
                }
                Event::Deleted { document } => self.shared.names().retain(|name| name != document),
                _ => {}
            }
        }
        self.log.events.extend(events);
    }
}

impl Shared {
    pub(super) fn names(&self) -> MutexGuard<'_, Vec<String>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For messages that name a statement's fault.
pub(super) fn sentence(fault: &Fault, kind: Kind, shape: &Shape) -> String {
    format!(
        "{kind:?} through {shape}: {} {}; the statement was: {}",
        fault.code(),
        fault.source,
        fault.statement
    )
}
