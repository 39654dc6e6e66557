//! Live writers on a world, and what must be true of them.

use std::time::{Duration, Instant};

use turnback_testkit::{Outcome, Report, Shape, Workload, WorkloadOptions, check};

use crate::world::World;

/// No transition may hold up a client longer than this; mostly it is a tenth of it.
const LONGEST_STALL: Duration = Duration::from_secs(2);

/// Operations per second of one writer: enough to meet every transition many times, and room
/// on two cores for the change itself.
const PACE: f64 = 60.0;

/// Writers, and what all earlier ones remember.
pub struct Traffic<'a> {
    world: &'a World,
    workload: Option<Workload>,
    past: Option<Outcome>,
    turns: u64,
    seed: u64,
}

impl<'a> Traffic<'a> {
    /// Starts writers and prints the seed.
    pub async fn start(world: &'a World, writers: &[(Shape, usize)]) -> Self {
        let mut traffic = Self {
            world,
            workload: None,
            past: None,
            turns: 0,
            seed: turnback_testkit::seed(),
        };
        println!("TURNBACK_SEED={}", traffic.seed);
        traffic.again(writers).await;
        traffic
    }

    /// The seed, for draws of the test's own.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    async fn again(&mut self, writers: &[(Shape, usize)]) {
        let options = WorkloadOptions {
            seed: self.seed.wrapping_add(self.turns),
            pace: Some(PACE),
            ..WorkloadOptions::default()
        };
        let workload = Workload::start(self.world.db.url(), writers, options)
            .await
            .expect("the tables are there");
        self.workload = Some(workload);
        self.turns += 1;
    }

    fn workload(&self) -> &Workload {
        self.workload.as_ref().expect("writers are at work")
    }

    /// Adds writers on a shape.
    pub fn join(&mut self, shape: &Shape, count: usize) {
        self.workload
            .as_mut()
            .expect("writers are at work")
            .add(shape, count);
    }

    /// Moves all writers of a shape to another.
    pub async fn switch(&self, from: &Shape, to: &Shape) {
        self.workload().switch(from, to).await;
    }

    /// Waits until so many more operations were acknowledged.
    pub async fn work(&self, operations: u64) {
        let goal = self.workload().stats().total.acknowledged + operations;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.workload().stats().total.acknowledged < goal {
            let total = self.workload().stats().total;
            assert!(Instant::now() < deadline, "too slow: {total}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Runs something, and prints what clients felt meanwhile.
    pub async fn during<R>(&self, what: &str, work: impl Future<Output = R>) -> (R, Report) {
        self.workload().mark(what);
        let done = work.await;
        // Whoever still waits for it is in its report.
        self.work(20).await;
        let report = self.workload().mark("between");
        println!("{report}");
        assert!(report.longest_stall() < LONGEST_STALL, "{report}");
        (done, report)
    }

    /// Runs the program under load; it must end with this exit code.
    pub async fn through(&self, arguments: &[&str], code: i32) -> Report {
        let what = arguments.join(" ");
        let (said, report) = self.during(&what, self.world.must(arguments, code)).await;
        for line in said
            .lines()
            .filter(|line| line.contains("locks held") || line.contains("try "))
        {
            println!("    {line}");
        }
        report
    }

    /// Lets the writers finish and compares, through every shape that is there; then others
    /// go on.
    pub async fn verdict(&mut self, shapes: &[&Shape], then: &[(Shape, usize)]) {
        self.finish(shapes).await;
        self.again(then).await;
    }

    /// Lets the writers finish and compares all that was ever acknowledged, through every
    /// shape that is there. Clients must have seen no error.
    pub async fn finish(&mut self, shapes: &[&Shape]) -> Report {
        let outcome = self
            .workload
            .take()
            .expect("writers are at work")
            .stop()
            .await;
        let report = outcome.stats.clone();
        println!("{report}");
        assert_eq!(report.error_count(), 0, "{report}");
        self.past = Some(outcome.after(self.past.take()));
        self.compare(shapes).await;
        report
    }

    /// Compares all that was ever acknowledged.
    async fn compare(&self, shapes: &[&Shape]) {
        let past = self.past.as_ref().expect("somebody wrote");
        for shape in shapes {
            let verdict = check(self.world.db.url(), past, shape)
                .await
                .expect("the tables are there");
            assert!(verdict.is_clean(), "{verdict}");
        }
    }
}
