//! A backfill step: several workers over stripes of the table, batches sized by time,
//! progress in the ledger so that a crash resumes where it was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use turnback_core::backfill::Backfill;

use crate::edges::{Fence, Journal, Mark, Observer, StepKey, Stripe, Target};
use crate::error::{EngineError, TargetError};
use crate::progress::Progress;
use crate::run::Run;
use crate::stop::Stop;
use crate::transaction::RECONNECTS;

/// Stripes per worker: enough that no worker is left with a long rest of its own.
const STRIPES_PER_WORKER: u32 = 8;
/// Pages of the first batch, before anything is known about their speed.
const FIRST_PAGES: i64 = 64;
/// The most pages one batch takes.
const MOST_PAGES: i64 = 16_384;
/// The most pages one batch takes while it is not known what a page full of rows costs.
const BLIND_PAGES: i64 = 128;
/// Refusals in a row before a batch leaves out the rows that somebody holds.
const PATIENCE: u32 = 8;
/// Refusals in a row before a walk that must not leave any out stops the run; about a minute.
const LAST_PATIENCE: u32 = 64;

impl<T: Target, J: Journal> Run<T, J> {
    /// Fills what is left to fill and marks it. Gives the number of rows written.
    pub(crate) async fn fill(
        &self,
        key: &StepKey,
        backfill: &Backfill,
        mark: &Mark,
    ) -> Result<u64, EngineError> {
        let (mut rows, mut lost) = (0, 0);
        loop {
            let filled = async {
                self.walk(key, backfill, &mut rows).await?;
                if self.stop.is_asked() {
                    return Err(TargetError::Stopped);
                }
                self.target.mark(self.fence, mark).await
            }
            .await;
            match filled {
                Ok(()) => return Ok(rows),
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
    ) -> Result<(), TargetError> {
        let workers = self.settings.workers.max(1);
        let stripes = self
            .target
            .stripes(self.fence, key, backfill, workers * STRIPES_PER_WORKER)
            .await?;
        let of_pages = stripes
            .iter()
            .map(|stripe| (stripe.end - stripe.next).max(0) as u64)
            .sum();
        let shared = Arc::new(Shared {
            target: self.target.clone(),
            fence: self.fence,
            key: key.clone(),
            backfill: backfill.clone(),
            batch_time: self.settings.batch_time,
            left: Mutex::new(stripes.into()),
            observer: self.observer.clone(),
            stop: self.stop.clone(),
            failed: AtomicBool::new(false),
            pages: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            of_pages,
        });
        shared.show();
        let mut tasks = JoinSet::new();
        for _ in 0..workers {
            tasks.spawn(work(shared.clone()));
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
                shared.failed.store(true, Ordering::Relaxed);
                failure.get_or_insert(error);
            }
        }
        *rows += shared.rows.load(Ordering::Relaxed);
        failure.map_or(Ok(()), Err)
    }
}

struct Shared<T> {
    target: T,
    fence: Fence,
    key: StepKey,
    backfill: Backfill,
    batch_time: Duration,
    left: Mutex<VecDeque<Stripe>>,
    observer: Arc<dyn Observer>,
    stop: Stop,
    /// One of the workers has: the others need not go on.
    failed: AtomicBool,
    pages: AtomicU64,
    rows: AtomicU64,
    of_pages: u64,
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

async fn work<T: Target>(shared: Arc<Shared<T>>) -> Result<(), TargetError> {
    let mut pages = FIRST_PAGES;
    let mut full = FullPage::default();
    loop {
        let Some(mut stripe) = shared.left.lock().await.pop_front() else {
            return Ok(());
        };
        let mut refused = 0;
        while stripe.next < stripe.end {
            if shared.stop.is_asked() || shared.failed.load(Ordering::Relaxed) {
                return Ok(());
            }
            let end = (stripe.next + pages).min(stripe.end);
            let begun = Instant::now();
            let around = refused >= PATIENCE && !shared.backfill.complete;
            match shared
                .target
                .batch(
                    shared.fence,
                    &shared.key,
                    &shared.backfill,
                    &stripe,
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
                    pages = next_size(done, took, shared.batch_time)
                        .min(full.most_pages(shared.batch_time));
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

/// The size of the next batch, so that it takes about `aim`; never more than doubled at once.
fn next_size(pages: i64, took: Duration, aim: Duration) -> i64 {
    let ratio = aim.as_secs_f64() / took.as_secs_f64().max(0.000_1);
    ((pages as f64 * ratio.clamp(0.25, 2.0)) as i64).clamp(1, MOST_PAGES)
}

/// What a page full of rows costs, as far as batches have shown. Pages whose rows are filled
/// already, or dead, cost next to nothing; a batch that has grown large on them must not hold
/// its rows' locks for seconds when it comes to pages that are full.
#[derive(Default)]
struct FullPage {
    rows: f64,
    seconds: f64,
}

impl FullPage {
    /// Learns from batches about as dense as the densest. One that was slow for reasons of its
    /// own is forgotten by and by.
    fn learn(&mut self, pages: i64, rows: u64, took: Duration) {
        let pages = pages.max(1) as f64;
        let dense = rows as f64 / pages;
        if rows > 0 && dense >= self.rows / 2.0 {
            self.rows = self.rows.max(dense);
            self.seconds = (took.as_secs_f64() / pages).max(self.seconds * 0.8);
        }
    }

    /// The most pages that the next batch may take.
    fn most_pages(&self, aim: Duration) -> i64 {
        if self.seconds > 0.0 {
            ((aim.as_secs_f64() / self.seconds) as i64).clamp(1, MOST_PAGES)
        } else {
            BLIND_PAGES
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_follow_time_and_never_jump() {
        let aim = Duration::from_millis(200);
        assert_eq!(next_size(100, Duration::from_millis(200), aim), 100);
        assert_eq!(next_size(100, Duration::from_millis(1), aim), 200);
        assert_eq!(next_size(100, Duration::from_secs(10), aim), 25);
        assert_eq!(next_size(1, Duration::from_secs(10), aim), 1);
    }

    #[test]
    fn cheap_pages_do_not_make_the_next_batch_too_long() {
        let aim = Duration::from_millis(200);
        let mut full = FullPage::default();
        full.learn(5_000, 0, Duration::from_millis(10));
        assert_eq!(full.most_pages(aim), BLIND_PAGES);
        full.learn(100, 8_000, Duration::from_millis(400));
        assert_eq!(full.most_pages(aim), 50);
        // A few live rows among the dead teach nothing; a fast full batch does, slowly.
        full.learn(5_000, 10, Duration::from_millis(10));
        assert_eq!(full.most_pages(aim), 50);
        full.learn(100, 8_000, Duration::from_millis(100));
        assert_eq!(full.most_pages(aim), 62);
    }
}
