//! The whole load: writers that own their rows, clients that share theirs, each with a check of
//! its own, and a client on a table that nobody changes, for measure.

use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use turnback_core::journal::JournalEvent;
use turnback_store::{ControlStore, StorePlace};
use turnback_testkit::{
    Control, Found, Histories, HistoryOptions, Outcome, Remembered, Report, Shape, Wait, Workload,
    WorkloadOptions, check, judge,
};

use crate::world::World;

/// Operations per second of one writer.
const PACE: f64 = 30.0;
/// The same of one client of histories.
const HISTORY_PACE: Duration = Duration::from_millis(40);
/// How many clients share rows.
const HISTORIANS: usize = 3;

/// The default lock budget: no try of ours holds up anybody longer before it has its locks.
const LOCK_BUDGET: Duration = Duration::from_millis(100);
/// What one batch aims at: a client's row waits no longer for it than that, and its own commit.
const BATCH: Duration = Duration::from_millis(200);
/// A statement of a client may wait for its turn on the processor several times where the control
/// client waits once: when it is sent, behind the row of another client that waits for its own
/// turn, and when it is answered.
const TURNS: u32 = 4;
/// For what the control client happened not to meet. A broken promise is one of seconds: whoever
/// queues without a budget waits for the longest transaction.
const UNSEEN: Duration = Duration::from_millis(750);

/// What clients may be refused during a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// Nothing.
    None,
    /// Lock timeouts, deadlocks and serialization failures: a swap of names is going on.
    Expected,
}

/// One transition in the table.
#[derive(Debug)]
struct Line {
    what: String,
    acknowledged: u64,
    refused: String,
    prepared_again: u64,
    stall: Option<Wait>,
    control: Duration,
    locks: Duration,
}

/// All clients of one database.
pub struct Busy<'a> {
    world: &'a World,
    workload: Option<Workload>,
    outcome: Option<Outcome>,
    turns: u64,
    histories: Option<Histories>,
    remembered: Remembered,
    control: Control,
    lines: Vec<Line>,
    seed: u64,
}

impl<'a> Busy<'a> {
    /// Starts everybody and prints the seed.
    pub async fn start(world: &'a World, writers: &[(Shape, usize)], shapes: &[Shape]) -> Self {
        let seed = turnback_testkit::seed();
        println!("TURNBACK_SEED={seed}");
        let control = Control::start(world.db.url())
            .await
            .expect("the database is there");
        let mut busy = Self {
            world,
            workload: None,
            outcome: None,
            turns: 0,
            histories: None,
            remembered: Remembered::default(),
            control,
            lines: Vec::new(),
            seed,
        };
        busy.again(writers, shapes).await;
        busy
    }

    async fn again(&mut self, writers: &[(Shape, usize)], shapes: &[Shape]) {
        let seed = self.seed.wrapping_add(self.turns);
        self.turns += 1;
        let options = WorkloadOptions {
            seed,
            pace: Some(PACE),
            long_transactions: true,
        };
        let url = self.world.db.url();
        let workload = Workload::start(url, writers, options).await;
        self.workload = Some(workload.expect("the tables are there"));
        let options = HistoryOptions {
            seed,
            pace: HISTORY_PACE,
        };
        self.histories = Some(Histories::start(url, HISTORIANS, shapes, &options));
        self.work(60).await;
    }

    fn workload(&self) -> &Workload {
        self.workload.as_ref().expect("writers are at work")
    }

    fn histories(&self) -> &Histories {
        self.histories.as_ref().expect("clients are at work")
    }

    /// Adds writers on a shape, through which the others work as well from now on.
    pub async fn join(&mut self, shape: &Shape, count: usize, shapes: &[Shape]) {
        let workload = self.workload.as_mut().expect("writers are at work");
        workload.add(shape, count);
        self.histories().shapes(shapes).await;
    }

    /// Moves writers of a shape that will go to another; the others work through what is left.
    pub async fn leave(&self, from: &Shape, to: &Shape, shapes: &[Shape]) {
        self.workload().switch(from, to).await;
        self.histories().shapes(shapes).await;
    }

    /// Waits until so much more was acknowledged, by everybody.
    pub async fn work(&self, operations: u64) {
        let done = || {
            let total = self.workload().stats().total;
            (total.acknowledged, total)
        };
        let (before, _) = done();
        let histories = self.histories().acknowledged();
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let (now, total) = done();
            let more = self.histories().acknowledged().saturating_sub(histories);
            if now >= before + operations && more >= operations / 4 {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "too slow: {total}; {more} versions"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs the program to its end under the whole load.
    pub async fn transition(&mut self, arguments: &[&str], code: i32, refusals: Refusals) {
        let from = self.begin().await;
        self.world.must(arguments, code).await;
        self.end(&arguments.join(" "), from, refusals).await;
    }

    /// Runs the program under the whole load and interrupts it once a query says true.
    pub async fn interrupted(&mut self, arguments: &[&str], when: &str, refusals: Refusals) {
        let from = self.begin().await;
        let mut running = self.world.start(arguments);
        let reached = self
            .world
            .until_or_end(when, &mut || running.is_over())
            .await;
        assert!(reached, "{when}: {}", running.said());
        running.signal("INT");
        let ran = running.ended().await;
        assert_eq!(ran.code, 4, "{}", ran.said);
        let what = format!("{}, interrupted", arguments.join(" "));
        self.end(&what, from, refusals).await;
    }

    /// Opens a window for all measures; gives the place in the journal.
    async fn begin(&self) -> i64 {
        self.workload().mark("transition");
        self.histories().mark();
        let _ = (
            self.workload().longest_wait(),
            self.histories().longest_wait(),
            self.control.longest_wait(),
        );
        self.journal().await.last().map_or(0, |entry| entry.0)
    }

    /// Closes it, and holds what clients felt against what was promised.
    async fn end(&mut self, what: &str, from: i64, refusals: Refusals) {
        // Whoever still waits is in it.
        let stalls = [
            self.workload().longest_wait(),
            self.histories().longest_wait(),
        ];
        let control = self.control.longest_wait();
        let (report, tally) = (self.workload().mark("between"), self.histories().mark());
        let locks = self.longest_locks(from).await;
        let mut retries = report.retries.clone();
        for (code, count) in &tally.retries {
            *retries.entry(code.clone()).or_default() += count;
        }
        let refused: Vec<String> = retries
            .iter()
            .map(|(code, count)| format!("{count} × {code}"))
            .collect();
        let line = Line {
            what: what.to_owned(),
            acknowledged: report.acknowledged + tally.acknowledged,
            refused: refused.join(", "),
            prepared_again: report.prepared_again + tally.prepared_again,
            stall: stalls
                .into_iter()
                .flatten()
                .max_by_key(|wait| wait.duration),
            control: control.map_or(Duration::ZERO, |wait| wait.duration),
            locks,
        };
        println!("{line}");
        self.no_error(&report);
        assert_eq!(tally.errors, Vec::<String>::new(), "{what}");
        let allowed = refusals == Refusals::Expected || line.refused.is_empty();
        assert!(allowed, "{what} refused clients: {}", line.refused);
        let most = LOCK_BUDGET + locks.max(BATCH) + line.control * TURNS + UNSEEN;
        if let Some(stall) = &line.stall {
            assert!(stall.duration <= most, "{what}: {stall}; {most:?} at most");
        }
        self.lines.push(line);
    }

    fn no_error(&self, report: &Report) {
        assert_eq!(report.error_count(), 0, "{report}");
        assert_eq!(report.version_changes, 0, "{report}");
    }

    /// The longest that one transaction of ours held its locks, once it had them.
    async fn longest_locks(&self, from: i64) -> Duration {
        let journal = self.journal().await;
        let times = journal.iter().filter(|entry| entry.0 > from);
        times.map(|entry| entry.1).max().unwrap_or_default()
    }

    async fn journal(&self) -> Vec<(i64, Duration)> {
        let path = self.world.path(".turnback/journal.db");
        let store = ControlStore::open(&StorePlace::File(path), "chat").await;
        let entries = store.expect("the journal opens").last(100_000).await;
        let entries = entries.expect("the journal can be read").into_iter();
        entries
            .map(|entry| {
                let locks = match entry.event {
                    JournalEvent::StepDone {
                        lock: Some(lock), ..
                    } => Duration::from_secs_f64(lock.hold_millis / 1e3),
                    _ => Duration::ZERO,
                };
                (entry.number, locks)
            })
            .collect()
    }

    /// Lets everybody finish; both checks compare all that was ever acknowledged, through every
    /// shape that is there. Then others go on.
    pub async fn verdict(
        &mut self,
        shapes: &[&Shape],
        then: &[(Shape, usize)],
        then_shapes: &[Shape],
    ) {
        self.finish(shapes).await;
        self.again(then, then_shapes).await;
    }

    /// Lets everybody finish and runs both checks.
    pub async fn finish(&mut self, shapes: &[&Shape]) {
        let workload = self.workload.take().expect("writers are at work");
        let outcome = workload.stop().await;
        self.no_error(&outcome.stats);
        let outcome = outcome.after(self.outcome.take());
        let histories = self.histories.take().expect("clients are at work");
        let errors = histories.mark().errors;
        assert_eq!(errors, Vec::<String>::new());
        self.remembered.extend(histories.stop().await);
        for shape in shapes {
            let verdict = check(self.world.db.url(), &outcome, shape).await;
            let verdict = verdict.expect("the tables are there");
            assert!(verdict.is_clean(), "{verdict}");
            self.every_entry_has_its_mark(shape).await;
            let found = Found::through(&mut self.world.session().await, shape).await;
            let findings = judge(&self.remembered, &found.expect("the tables are there"));
            assert!(findings.is_empty(), "through {shape}: {findings:#?}");
        }
        self.outcome = Some(outcome);
    }

    /// What refers to a partitioned table by its whole key goes where the row goes.
    async fn every_entry_has_its_mark(&self, shape: &Shape) {
        let mut session = self.world.session().await;
        let path = AssertSqlSafe(format!("SET search_path = {}", shape.search_path()));
        sqlx::raw_sql(path)
            .execute(&mut session)
            .await
            .expect("a path can be set");
        let alone: Vec<String> = sqlx::query_scalar(
            "SELECT coalesce(l.detail, m.id::text) FROM audit_logs l \
             FULL JOIN audit_marks m ON m.audit_id = l.id AND m.action = l.action \
             WHERE l.id IS NULL OR m.id IS NULL",
        )
        .fetch_all(&mut session)
        .await
        .expect("the tables are there");
        assert_eq!(alone, Vec::<String>::new(), "through {shape}");
    }

    /// Prints every transition.
    pub fn print(&self) {
        println!(
            "{:<44} {:>6} {:>18} {:>8} {:>9} {:>9} {:>9}",
            "transition", "writes", "refused, retried", "prepared", "stall", "control", "locks"
        );
        for line in &self.lines {
            println!("{line}");
        }
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let stall = self
            .stall
            .as_ref()
            .map_or(Duration::ZERO, |stall| stall.duration);
        let ms = |time: Duration| format!("{} ms", time.as_millis());
        write!(
            f,
            "{:<44} {:>6} {:>18} {:>8} {:>9} {:>9} {:>9}",
            self.what,
            self.acknowledged,
            self.refused,
            self.prepared_again,
            ms(stall),
            ms(self.control),
            ms(self.locks)
        )
    }
}
