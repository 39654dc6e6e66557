//! Throw-away PostgreSQL clusters, live workloads and the checker.
//!
//! For tests and the demo: a [`Cluster`] from the installed binaries that leaves nothing
//! behind, a [`Workload`] of clients that remember what was acknowledged to them, and
//! [`check`], which compares the database with what they remember. [`Histories`] is a second
//! workload with a second check, on the order of each row's versions; the two share no
//! comparison.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use turnback_testkit::*;
//!
//! let database = Cluster::shared().database("chat");
//! database.execute(CHAT_SCHEMA);
//! let writers = [(Shape::Old, 2), (Shape::Public, 1)];
//! let workload = Workload::start(database.url(), &writers, WorkloadOptions::default()).await?;
//! // … change the database while they write …
//! let outcome = workload.stop().await;
//! let verdict = check(database.url(), &outcome, &Shape::Public).await?;
//! assert!(verdict.is_clean(), "{verdict}");
//! # Ok(())
//! # }
//! ```

mod browser;
mod cluster;
mod control;
mod counterparts;
mod history;
mod url;
mod waits;
mod workload;

pub use self::browser::Browser;
pub use self::cluster::{Binaries, Cluster, ClusterError, ClusterOptions, Database};
pub use self::control::Control;
pub use self::counterparts::counterparts;
pub use self::history::{
    Finding, Found, HISTORY_SCHEMA, Histories, HistoryOptions, Kind, Remembered, Tally, judge,
};
pub use self::waits::Wait;
pub use self::workload::{
    CHAT_HABITS, CHAT_PARTS, CHAT_SCHEMA, ErrorCount, Outcome, Report, Shape, Stall, Stats,
    Verdict, Workload, WorkloadError, WorkloadOptions, check, fill, seed,
};
