//! Histories: clients that write versions of the same documents through every shape by turns,
//! the database's own record of each version, and a check of the two.
//!
//! The first workload's writers own their rows, and its check compares rows. Here all clients
//! write the same rows, and the check is on order: no version lost or invented, each made from
//! the one before, and no client ever sees an older one than it saw.

mod client;
mod deeds;
mod event;
mod found;
mod hand;
mod judge;
mod tally;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::client::{Client, Log, Order, Shared};
use self::event::Event;
pub use self::found::Found;
pub use self::judge::{Finding, judge};
pub use self::tally::Tally;
use crate::url::Url;
use crate::waits::Wait;
use crate::workload::Shape;

/// Tables of documents on shelves, with notes: identity and serial keys, cascades, triggers that
/// number versions, count, and record every version in a table of their own.
pub const HISTORY_SCHEMA: &str = include_str!("history.sql");

/// A promise about histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// What was acknowledged is there.
    Lost,
    /// What is there, or was seen, was written by a client.
    Invented,
    /// Versions are 1, 2, 3, … until the end.
    Order,
    /// Each version was made from the one before.
    LostUpdate,
    /// What is there is the last version.
    Reverted,
    /// No client sees an older version than it saw, or what it knows to be gone.
    TimeTravel,
    /// What the tables' own trigger counts is what is there.
    Count,
}

/// How clients of histories work.
#[derive(Clone, Debug)]
pub struct HistoryOptions {
    /// Decides every draw.
    pub seed: u64,
    /// Least time that a client rests between two deeds.
    pub pace: Duration,
}

/// Clients at work. Dropping it cuts them off; [`Histories::stop`] ends them in order.
#[derive(Debug)]
pub struct Histories {
    orders: watch::Sender<Order>,
    followers: Vec<watch::Receiver<u64>>,
    shared: Shared,
    tasks: JoinSet<Log>,
}

/// What the clients did and saw.
#[derive(Clone, Debug, Default)]
pub struct Remembered {
    pub(self) logs: Vec<Log>,
}

impl Histories {
    /// Starts so many clients, each of which works through all of these shapes by turns. The
    /// tables of [`HISTORY_SCHEMA`] are there, without documents that others wrote.
    pub fn start(url: &str, clients: usize, shapes: &[Shape], options: &HistoryOptions) -> Self {
        let (orders, receiver) = watch::channel(Order {
            number: 1,
            shapes: shapes.to_vec(),
            stop: false,
        });
        let mut histories = Self {
            orders,
            followers: Vec::new(),
            shared: Shared::default(),
            tasks: JoinSet::new(),
        };
        // Not from the seed: two runs on one database must not share words.
        let run = fastrand::u32(0..1 << 24);
        let mut rng = fastrand::Rng::with_seed(options.seed);
        for number in 0..clients {
            let (follows, follower) = watch::channel(0);
            histories.followers.push(follower);
            let client = Client {
                number,
                run,
                url: Url::new(url),
                rng: rng.fork(),
                pace: options.pace,
                orders: receiver.clone(),
                follows,
                shared: histories.shared.clone(),
                hands: Vec::new(),
                words: 0,
                log: Log::default(),
            };
            histories.tasks.spawn(client.work());
        }
        histories
    }

    /// From now on clients work through these shapes; returns when nobody works through others.
    pub async fn shapes(&self, shapes: &[Shape]) {
        self.orders.send_modify(|order| {
            order.number += 1;
            order.shapes = shapes.to_vec();
        });
        let number = self.orders.borrow().number;
        for follower in &self.followers {
            // An error means that the client is gone.
            let _ = follower
                .clone()
                .wait_for(|follows| *follows >= number)
                .await;
        }
    }

    /// Events acknowledged since the last [`mark`](Self::mark).
    pub fn acknowledged(&self) -> u64 {
        self.shared.tally().acknowledged
    }

    /// The counts since the last call.
    pub fn mark(&self) -> Tally {
        std::mem::take(&mut self.shared.tally())
    }

    /// The longest wait of one statement since the last call, those that still wait included.
    pub fn longest_wait(&self) -> Option<Wait> {
        self.shared.waits.mark()
    }

    /// Lets every client finish its deed, and gathers what they remember.
    ///
    /// # Panics
    ///
    /// When a client panicked: then nothing can be said about its deeds.
    pub async fn stop(mut self) -> Remembered {
        self.orders.send_modify(|order| order.stop = true);
        let mut remembered = Remembered::default();
        while let Some(log) = self.tasks.join_next().await {
            remembered.logs.push(log.expect("clients do not panic"));
        }
        remembered
    }
}

impl Remembered {
    /// How many events there are.
    pub fn len(&self) -> usize {
        self.logs.iter().map(|log| log.events.len()).sum()
    }

    /// Whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes in what other clients of the same database remember, who came later.
    pub fn extend(&mut self, later: Self) {
        self.logs.extend(later.logs);
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.logs.iter().flat_map(|log| &log.events)
    }

    fn doubtful(&self) -> BTreeSet<&str> {
        let words = self.logs.iter().flat_map(|log| &log.doubtful);
        words.map(String::as_str).collect()
    }

    fn is_in_doubt(&self) -> bool {
        self.logs.iter().any(|log| !log.doubtful.is_empty())
    }
}
