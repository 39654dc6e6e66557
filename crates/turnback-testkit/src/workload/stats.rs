//! What clients felt: writes acknowledged, waits, errors.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use hdrhistogram::Histogram;

use super::shape::Shape;

/// The wait of one operation, from its first attempt to its end, retries included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stall {
    /// How long it took.
    pub duration: Duration,
    /// When it began.
    pub at: SystemTime,
    /// Which operation, for example `insert message`.
    pub operation: &'static str,
    /// Through which shape.
    pub shape: Shape,
}

/// Errors of one SQLSTATE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorCount {
    /// How many.
    pub count: u64,
    /// The first one's operation and message.
    pub example: String,
}

/// What clients felt within one measuring window. An operation counts where it ends.
#[derive(Clone, Debug)]
pub struct Report {
    /// Name of the window.
    pub label: String,
    /// How long the window was, or has been open.
    pub duration: Duration,
    /// Operations whose commit was acknowledged.
    pub acknowledged: u64,
    /// The longest wait that any client saw.
    pub longest: Option<Stall>,
    /// Half of all operations took no longer.
    pub median: Duration,
    /// 99 of 100 operations took no longer.
    pub p99: Duration,
    /// Attempts repeated for a serialization failure, deadlock or lock timeout, by SQLSTATE.
    pub retries: BTreeMap<String, u64>,
    /// Operations given up, by SQLSTATE.
    pub errors: BTreeMap<String, ErrorCount>,
    /// How often remembered keys turned out to be of another type than the column now has.
    pub shape_changes: u64,
    /// The same, seen by clients of a version schema or of the old shape: none, as long as
    /// their version is there.
    pub version_changes: u64,
    /// How often a prepared statement had to be prepared again, for it would have given rows of
    /// another type.
    pub prepared_again: u64,
    /// Operations that the database had to refuse, and did.
    pub refused: u64,
    /// Connections lost during an operation that, asked for later, was committed.
    pub lost_but_committed: u64,
    /// Connections lost during an operation that, asked for later, was not committed.
    pub lost_and_undone: u64,
}

impl Report {
    /// Acknowledged operations per second.
    pub fn per_second(&self) -> f64 {
        let seconds = self.duration.as_secs_f64();
        if seconds > 0.0 {
            self.acknowledged as f64 / seconds
        } else {
            0.0
        }
    }

    /// The longest wait, zero where nothing was done.
    pub fn longest_stall(&self) -> Duration {
        self.longest
            .as_ref()
            .map_or(Duration::ZERO, |stall| stall.duration)
    }

    /// How many operations were given up.
    pub fn error_count(&self) -> u64 {
        self.errors.values().map(|error| error.count).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} writes acknowledged in {:.1?} ({:.0}/s), median {:.1?}, p99 {:.1?}, longest {:.1?}",
            self.label,
            self.acknowledged,
            self.duration,
            self.per_second(),
            self.median,
            self.p99,
            self.longest_stall(),
        )?;
        for (code, count) in &self.retries {
            write!(f, "; {count} retried for {code}")?;
        }
        if self.shape_changes > 0 {
            write!(f, "; {} changes of shape noticed", self.shape_changes)?;
        }
        if self.prepared_again > 0 {
            write!(f, "; {} prepared again", self.prepared_again)?;
        }
        for (code, error) in &self.errors {
            write!(f, "; {} errors {code} ({})", error.count, error.example)?;
        }
        Ok(())
    }
}

/// The whole run so far, and the window since the last mark.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Since the start.
    pub total: Report,
    /// Since the last [`mark`](super::Workload::mark).
    pub window: Report,
}

/// Collects from all writers.
#[derive(Clone, Debug)]
pub(super) struct Meter(Arc<Mutex<[Window; 2]>>);

#[derive(Debug)]
struct Window {
    opened: Instant,
    /// Microseconds.
    waits: Histogram<u64>,
    report: Report,
}

impl Meter {
    pub(super) fn start() -> Self {
        let windows = ["total", "start"].map(Window::open);
        Self(Arc::new(Mutex::new(windows)))
    }

    pub(super) fn stats(&self) -> Stats {
        let windows = self.lock();
        Stats {
            total: windows[0].read(),
            window: windows[1].read(),
        }
    }

    /// Closes the window and opens another one.
    pub(super) fn mark(&self, label: &str) -> Report {
        let mut windows = self.lock();
        std::mem::replace(&mut windows[1], Window::open(label)).read()
    }

    /// An operation's end.
    pub(super) fn waited(&self, stall: &Stall) {
        for window in self.lock().iter_mut() {
            let micros = u64::try_from(stall.duration.as_micros()).unwrap_or(u64::MAX);
            window.waits.saturating_record(micros);
            if window.report.longest_stall() < stall.duration {
                window.report.longest = Some(stall.clone());
            }
        }
    }

    /// Whatever else there is to count.
    pub(super) fn count(&self, count: impl Fn(&mut Report)) {
        for window in self.lock().iter_mut() {
            count(&mut window.report);
        }
    }

    /// A writer that panicked left its numbers whole: each is changed in one go.
    fn lock(&self) -> MutexGuard<'_, [Window; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn open(label: &str) -> Self {
        let report = Report {
            label: label.to_owned(),
            duration: Duration::ZERO,
            acknowledged: 0,
            longest: None,
            median: Duration::ZERO,
            p99: Duration::ZERO,
            retries: BTreeMap::new(),
            errors: BTreeMap::new(),
            shape_changes: 0,
            version_changes: 0,
            prepared_again: 0,
            refused: 0,
            lost_but_committed: 0,
            lost_and_undone: 0,
        };
        let hour = Duration::from_secs(3600).as_micros() as u64;
        Self {
            opened: Instant::now(),
            waits: Histogram::new_with_bounds(1, hour, 3)
                .expect("1 to an hour with three digits are legal bounds"),
            report,
        }
    }

    fn read(&self) -> Report {
        let quantile = |q| Duration::from_micros(self.waits.value_at_quantile(q));
        Report {
            duration: self.opened.elapsed(),
            median: quantile(0.5),
            p99: quantile(0.99),
            ..self.report.clone()
        }
    }
}
