//! Live writers on a chat service's tables, through either shape, and the checker.
//!
//! Keys differ from shape to shape (integer in the old one, UUID in the new one), so the truth
//! is kept without them: each row that a writer makes carries a unique marker, and references
//! are remembered as markers.

mod bulk;
mod chat;
mod check;
mod copy;
mod error;
mod habits;
mod lock_first;
mod long;
mod model;
mod operation;
mod planner;
mod prepared;
mod question;
mod savepoint;
pub(crate) mod session;
mod shape;
mod sql;
mod stats;
mod table;
mod whole_row;
mod writer;

use std::collections::HashMap;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::chat::{CHAT_HABITS, CHAT_PARTS, CHAT_SCHEMA, fill};
pub use self::check::{Verdict, check};
pub use self::error::WorkloadError;
pub use self::shape::Shape;
pub use self::stats::{ErrorCount, Report, Stall, Stats};
use self::{
    bulk::Bulk,
    long::Gate,
    model::Model,
    planner::Planner,
    stats::Meter,
    writer::{Memory, Order, Writer},
};
use crate::url::Url;
use crate::waits::{Wait, Waits};

/// How a workload runs.
#[derive(Clone, Debug)]
pub struct WorkloadOptions {
    /// Decides every draw: the same seed draws the same operations (though the order among
    /// writers is the scheduler's). Default: see [`seed`].
    pub seed: u64,
    /// Operations per second of each writer; as many as it can where none is given.
    pub pace: Option<f64>,
    /// Now and then one transaction lasts for about a second. Whatever waits for older
    /// transactions, as concurrent index builds do, takes longer then.
    pub long_transactions: bool,
}

impl Default for WorkloadOptions {
    fn default() -> Self {
        Self {
            seed: seed(),
            pace: None,
            long_transactions: false,
        }
    }
}

/// The seed in the environment variable `TURNBACK_SEED`, or a random one.
pub fn seed() -> u64 {
    std::env::var("TURNBACK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..))
}

/// Live writers. Dropping it cuts them off; [`Workload::stop`] ends them in order.
#[derive(Debug)]
pub struct Workload {
    url: Url,
    run: u32,
    options: WorkloadOptions,
    bulk: Bulk,
    meter: Meter,
    waits: Waits,
    gate: Gate,
    rng: fastrand::Rng,
    writers: Vec<Handle>,
    tasks: JoinSet<Memory>,
}

/// The two wires to a writer.
#[derive(Debug)]
struct Handle {
    orders: watch::Sender<Order>,
    working_on: watch::Receiver<Shape>,
}

/// What the writers remember, for [`check`].
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What clients felt over the whole run.
    pub stats: Report,
    /// The seed that was used.
    pub seed: u64,
    runs: Vec<u32>,
    acknowledged: u64,
    model: Model,
    anomalies: Vec<String>,
    bulk: Bulk,
}

impl Outcome {
    /// Adds what the writers of earlier runs on the same database remember, so that one look at
    /// each table compares all of it, however many runs there were.
    #[must_use]
    pub fn after(mut self, earlier: Option<Self>) -> Self {
        let Some(earlier) = earlier else {
            return self;
        };
        self.runs.extend(earlier.runs);
        self.acknowledged += earlier.acknowledged;
        self.model.merge(earlier.model);
        self.anomalies.extend(earlier.anomalies);
        // What was there before all of them.
        self.bulk = earlier.bulk;
        self
    }

    /// What writers saw during the run that must not be (an acknowledged row that could not be
    /// found, a forbidden write that was accepted); part of every verdict as `wrong`.
    pub fn anomalies(&self) -> &[String] {
        &self.anomalies
    }

    /// Rows that the writers left behind.
    pub fn rows(&self) -> usize {
        self.model.len()
    }
}

impl Workload {
    /// Looks at the rows that are there, then starts so many writers on each shape.
    ///
    /// The database at `url` has the tables of [`CHAT_SCHEMA`], in their first shape or
    /// converted, empty or [filled](fill). Nobody else may write to them.
    ///
    /// # Errors
    ///
    /// When the database cannot be looked at. Writers themselves never fail: they wait for a
    /// server that is away, and count errors.
    pub async fn start(
        url: &str,
        writers: &[(Shape, usize)],
        options: WorkloadOptions,
    ) -> Result<Self, WorkloadError> {
        let mut connection = PgConnection::connect(url)
            .await
            .map_err(WorkloadError::while_doing("connect to start"))?;
        let bulk = Bulk::look(&mut connection).await?;
        let long_transactions = options.long_transactions;
        let mut workload = Self {
            url: Url::new(url),
            // Not from the seed: two runs on one database must not share markers.
            run: fastrand::u32(0..1 << 24),
            rng: fastrand::Rng::with_seed(options.seed),
            options,
            bulk,
            meter: Meter::start(),
            waits: Waits::default(),
            gate: Gate::new(long_transactions),
            writers: Vec::new(),
            tasks: JoinSet::new(),
        };
        for (shape, count) in writers {
            workload.add(shape, *count);
        }
        Ok(workload)
    }

    /// Adds `count` writers on a shape.
    pub fn add(&mut self, shape: &Shape, count: usize) {
        for _ in 0..count {
            let number = self.writers.len();
            let prefix = format!("{}{number}.", table::run_prefix(self.run));
            let (orders, receiver) = watch::channel(Order {
                shape: shape.clone(),
                stop: false,
            });
            let (sender, working_on) = watch::channel(shape.clone());
            let writer = Writer {
                name: format!("turnback-writer-{number}"),
                url: self.url.clone(),
                orders: receiver,
                working_on: sender,
                meter: self.meter.clone(),
                planner: Planner::new(prefix, self.rng.u64(..), &self.bulk, self.gate.clone()),
                pace: self
                    .options
                    .pace
                    .map(|pace| Duration::from_secs_f64(1.0 / pace)),
                shape: shape.clone(),
                session: None,
                keys: HashMap::new(),
                memory: Memory::default(),
                waits: self.waits.clone(),
                rested: Duration::ZERO,
            };
            self.tasks.spawn(writer.work());
            self.writers.push(Handle { orders, working_on });
        }
    }

    /// Moves the writers of one shape to another, between two operations and with all they
    /// remember; returns their number when the last one has moved. For when a version is
    /// withdrawn: afterwards nobody works on `from` any more.
    pub async fn switch(&self, from: &Shape, to: &Shape) -> usize {
        let moving: Vec<&Handle> = self
            .writers
            .iter()
            .filter(|writer| &writer.orders.borrow().shape == from)
            .collect();
        for writer in &moving {
            writer.orders.send_modify(|order| order.shape = to.clone());
        }
        for writer in &moving {
            // An error means that the writer is gone, and works on nothing.
            let _ = writer
                .working_on
                .clone()
                .wait_for(|shape| shape == to)
                .await;
        }
        moving.len()
    }

    /// How many writers work on a shape.
    pub fn writers(&self, shape: &Shape) -> usize {
        self.writers
            .iter()
            .filter(|writer| &writer.orders.borrow().shape == shape)
            .count()
    }

    /// The seed in use, for a message that lets somebody repeat the run.
    pub fn seed(&self) -> u64 {
        self.options.seed
    }

    /// The numbers so far. An operation that is still waiting is not in them.
    pub fn stats(&self) -> Stats {
        self.meter.stats()
    }

    /// The longest wait of one statement since the last call, those that still wait included:
    /// what the server made a client wait at a time, without the client's own retries and rests.
    pub fn longest_wait(&self) -> Option<Wait> {
        self.waits.mark()
    }

    /// Ends the measuring window and begins another one called `label`; returns the report of
    /// the one that ended.
    pub fn mark(&self, label: &str) -> Report {
        self.meter.mark(label)
    }

    /// Lets every writer finish its operation, and gathers what they remember.
    ///
    /// # Panics
    ///
    /// When a writer panicked: then nothing can be said about its rows.
    pub async fn stop(mut self) -> Outcome {
        for writer in &self.writers {
            writer.orders.send_modify(|order| order.stop = true);
        }
        let (mut model, mut anomalies) = (Model::default(), Vec::new());
        while let Some(memory) = self.tasks.join_next().await {
            let memory = memory.expect("writers do not panic");
            model.merge(memory.model);
            anomalies.extend(memory.anomalies);
        }
        let stats = self.meter.stats().total;
        Outcome {
            acknowledged: stats.acknowledged,
            stats,
            seed: self.options.seed,
            runs: vec![self.run],
            model,
            anomalies,
            bulk: self.bulk,
        }
    }
}
