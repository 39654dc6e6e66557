//! A backfill step: several workers over stripes of the table, batches sized by time,
//! progress in the ledger so that a crash resumes where it was.

mod control;
mod size;
mod tidy;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;
use turnback_core::backfill::Backfill;
use turnback_core::journal::{LockTimes, TakenLock};
use turnback_core::throttle::Pace;

use self::control::Control;
use self::size::{FullPage, next_size};
use crate::edges::{Fence, Journal, Mark, Observer, StepKey, Stripe, Target};
use crate::error::{EngineError, TargetError};
use crate::gate::{Gate, Point};
use crate::progress::Progress;
use crate::run::Run;
use crate::stop::Stop;
use crate::transaction::RECONNECTS;

/// Pages of the first batch, before anything is known about their speed.
const FIRST_PAGES: i64 = 64;
/// The most sessions side by side; those that the pace does not let work wait.
const MOST_WORKERS: u32 = 64;
/// How much the last batch counts in how much longer than they should batches take.
const LATELY: f64 = 0.2;
/// Refusals in a row before a batch leaves out the rows that somebody holds.
const PATIENCE: u32 = 8;
/// Refusals in a row before a walk that must not leave any out stops the run; about a minute.
const LAST_PATIENCE: u32 = 64;

impl<T: Target, J: Journal> Run<T, J> {
    /// Fills what is left to fill and marks it. Gives the number of rows written, and for how
    /// long it held rows.
    pub(crate) async fn fill(
        &self,
        key: &StepKey,
        backfill: &Backfill,
        mark: &Mark,
    ) -> Result<(u64, LockTimes), EngineError> {
        let (mut rows, mut lost) = (0, 0);
        let mut longest = Duration::ZERO;
        loop {
            let filled = async {
                self.walk(key, backfill, &mut rows, &mut longest).await?;
                if self.stop.is_asked() {
                    return Err(TargetError::Stopped);
                }
                self.target.mark(self.fence, mark).await
            }
            .await;
            match filled {
                Ok(()) => return Ok((rows, held(backfill, longest))),
                // Batches do not wait for the disk, so a server that comes back from a crash
                // may have forgotten the last ones, each with its progress: what is left to
                // do is read from the ledger again.
                Err(TargetError::Lost(reason) | TargetError::Forgotten(reason))
                    if lost < RECONNECTS =>
                {
                    lost += 1;
                    self.reconnect(reason, lost).await?;
                }
                Err(error) => {
                    let doing = format!("filling {}", backfill.table);
                    return Err(EngineError::while_doing(doing)(error));
                }
            }
        }
    }

    /// Walks what the ledger says is left.
    async fn walk(
        &self,
        key: &StepKey,
        backfill: &Backfill,
        rows: &mut u64,
        longest: &mut Duration,
    ) -> Result<(), TargetError> {
        let workers = self.settings.workers.max(1);
        let stripes = self
            .target
            .stripes(self.fence, key, backfill, workers)
            .await?;
        let of_pages = stripes
            .iter()
            .map(|stripe| (stripe.end - stripe.next).max(0) as u64)
            .sum();
        let mut control = Control::new(self, key);
        let shared = Arc::new(Shared {
            target: self.target.clone(),
            fence: self.fence,
            key: key.clone(),
            backfill: backfill.clone(),
            pace: watch::Sender::new(control.pace()),
            left: Mutex::new(stripes.into()),
            observer: self.observer.clone(),
            stop: self.stop.clone(),
            gate: self.gate.clone(),
            whole: watch::Sender::new(Whole::default()),
            strain: std::sync::Mutex::new(1.0),
            longest: std::sync::Mutex::new(Duration::ZERO),
            pages: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            of_pages,
        });
        shared.show();
        // Before the first batch: a server may have enough to bear already.
        control.look(&shared).await;
        let over = Arc::new(Notify::new());
        let control = tokio::spawn(control.keep(shared.clone(), over.clone()));
        let tidied = Stop::default();
        let vacuum_after = self.settings.vacuum_after;
        let tidy = tokio::spawn(tidy::keep(shared.clone(), vacuum_after, tidied.clone()));
        let mut tasks = JoinSet::new();
        for number in 0..MOST_WORKERS {
            tasks.spawn(work(shared.clone(), number));
        }
        let mut failure = None;
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.unwrap_or_else(|panic| {
                Err(TargetError::Ledger(format!(
                    "a backfill worker ended: {panic}"
                )))
            });
            if let Err(error) = ended {
                // The others stop at their next batch; what they committed stays.
                shared.whole.send_modify(|whole| whole.failed = true);
                failure.get_or_insert(error);
            }
        }
        tidied.ask();
        over.notify_one();
        // It ends by itself; its looks serve the pace alone.
        let _ = (control.await, tidy.await);
        if failure.is_none() {
            tidy::finish(&shared, vacuum_after).await;
        }
        *rows += shared.rows.load(Ordering::Relaxed);
        *longest = (*longest).max(*shared.longest());
        failure.map_or(Ok(()), Err)
    }
}

/// What a backfill held: rows, each for no longer than one batch.
fn held(backfill: &Backfill, longest: Duration) -> LockTimes {
    let hold_millis = longest.as_secs_f64() * 1000.0;
    LockTimes {
        hold_millis,
        taken: vec![TakenLock {
            relation: backfill.table.to_string(),
            mode: "RowExclusiveLock".to_owned(),
            wait_millis: None,
            hold_millis,
        }],
        ..LockTimes::default()
    }
}

struct Shared<T> {
    target: T,
    fence: Fence,
    key: StepKey,
    backfill: Backfill,
    pace: watch::Sender<Pace>,
    left: Mutex<VecDeque<Stripe>>,
    observer: Arc<dyn Observer>,
    stop: Stop,
    gate: Gate,
    whole: watch::Sender<Whole>,
    /// How many times longer than they should batches have taken lately.
    strain: std::sync::Mutex<f64>,
    /// The longest batch.
    longest: std::sync::Mutex<Duration>,
    pages: AtomicU64,
    rows: AtomicU64,
    of_pages: u64,
}

/// How things stand with all workers together; whoever waits for its turn hears of it.
#[derive(Clone, Copy, Default)]
struct Whole {
    /// One of them has: the others need not go on.
    failed: bool,
    /// Every stripe has been begun: whoever has one sees it through.
    dealt: bool,
}

impl<T> Shared<T> {
    fn show(&self) {
        self.observer.see(&Progress::Filled {
            step: self.key.step.clone(),
            table: self.backfill.table.to_string(),
            pages: self.pages.load(Ordering::Relaxed),
            of_pages: self.of_pages,
            rows: self.rows.load(Ordering::Relaxed),
        });
    }
}

impl<T> Shared<T> {
    fn is_over(&self) -> bool {
        self.stop.is_asked() || self.whole.borrow().failed
    }

    /// What one worker does next: a stripe, and with it the one that goes over its pages again.
    /// Nothing where every stripe is taken.
    async fn take(&self) -> VecDeque<Stripe> {
        let mut left = self.left.lock().await;
        let first = left.pop_front();
        let again = match (&first, left.front()) {
            (Some(first), Some(next)) if next.follows(first) => left.pop_front(),
            _ => None,
        };
        first.into_iter().chain(again).collect()
    }

    /// Leaves to others what was taken and is not done.
    async fn put_back(&self, mine: VecDeque<Stripe>) {
        let mut left = self.left.lock().await;
        for stripe in mine.into_iter().rev() {
            left.push_front(stripe);
        }
    }

    /// Whether the pace lets this worker begin a batch now.
    fn has_turn(&self, number: u32) -> bool {
        let pace = self.pace.borrow();
        let among = number < pace.workers || self.whole.borrow().dealt;
        among && !pace.paused && self.gate.holds(Point::Within).is_none()
    }

    /// Waits until the pace lets this worker begin a batch, or the work is over: for each thing
    /// that either depends on, and for no time.
    async fn turn(&self, number: u32) {
        // What changes after this is heard of, also when that is before the waiting begins.
        let (mut pace, mut whole) = (self.pace.subscribe(), self.whole.subscribe());
        loop {
            let held = self.gate.held();
            if self.is_over() || self.has_turn(number) {
                return;
            }
            // The senders live as long as this value: none of these can fail.
            tokio::select! {
                _ = pace.changed() => {}
                _ = whole.changed() => {}
                () = self.gate.changed(&held) => {}
                () = self.stop.asked() => {}
            }
        }
    }

    /// Takes the time of a batch in, and rests as the pace wants it.
    async fn rest(&self, took: Duration) {
        let pace = self.pace.borrow().clone();
        {
            let mut longest = self.longest();
            *longest = (*longest).max(took);
            let times = took.as_secs_f64() / pace.batch_time.as_secs_f64().max(0.001);
            let mut strain = locked(&self.strain);
            *strain += LATELY * (times - *strain);
        }
        if pace.rest > 0.0 {
            tokio::select! {
                () = tokio::time::sleep(took.mul_f64(pace.rest)) => {}
                () = self.stop.asked() => {}
            }
        }
    }

    fn longest(&self) -> std::sync::MutexGuard<'_, Duration> {
        locked(&self.longest)
    }

    fn strain(&self) -> f64 {
        *locked(&self.strain)
    }
}

fn locked<V>(value: &std::sync::Mutex<V>) -> std::sync::MutexGuard<'_, V> {
    value
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn work<T: Target>(shared: Arc<Shared<T>>, number: u32) -> Result<(), TargetError> {
    let mut pages = FIRST_PAGES;
    let mut full = FullPage::default();
    loop {
        shared.turn(number).await;
        if shared.is_over() {
            return Ok(());
        }
        let mut mine = shared.take().await;
        if mine.is_empty() {
            shared
                .whole
                .send_if_modified(|whole| !std::mem::replace(&mut whole.dealt, true));
            return Ok(());
        }
        let mut refused = 0;
        while let Some(stripe) = mine.front_mut() {
            if stripe.next >= stripe.end {
                mine.pop_front();
                continue;
            }
            if shared.is_over() {
                return Ok(());
            }
            if !shared.has_turn(number) {
                // Another worker may have its turn, and goes on with it.
                shared.put_back(mine).await;
                break;
            }
            let aim = shared.pace.borrow().batch_time;
            let end = (stripe.next + pages).min(stripe.end);
            let begun = Instant::now();
            let around = refused >= PATIENCE && !shared.backfill.complete;
            match shared
                .target
                .batch(
                    shared.fence,
                    &shared.key,
                    &shared.backfill,
                    stripe,
                    end,
                    around,
                )
                .await
            {
                Ok(rows) => {
                    let (took, done) = (begun.elapsed(), end - stripe.next);
                    full.learn(done, rows, took);
                    shared.pages.fetch_add(done as u64, Ordering::Relaxed);
                    shared.rows.fetch_add(rows, Ordering::Relaxed);
                    shared.show();
                    stripe.next = end;
                    refused = 0;
                    pages = next_size(done, took, aim).min(full.most_pages(aim));
                    shared.rest(took).await;
                }
                // A client holds a row, or a deadlock was ended in its favour: smaller
                // batches meet fewer of them.
                Err(error @ (TargetError::LockRefused { .. } | TargetError::TryAgain(_))) => {
                    refused += 1;
                    if refused > LAST_PATIENCE {
                        return Err(error);
                    }
                    pages = (pages / 2).max(1);
                    let wait =
                        Duration::from_millis(20 * u64::from(refused)).min(Duration::from_secs(1));
                    tokio::time::sleep(wait.mul_f64(0.5 + fastrand::f64())).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
