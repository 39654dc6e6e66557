//! The real program while somebody sets the machine's clock by hours (libfaketime shows it one that
//! can be set): it ends no bake, hides no breach and loses no lease.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use turnback_testkit::counterparts;

use crate::watch::{AT_ONCE, CUT_OVER, ROLLBACK, Watched};
use crate::world::Running;

/// Longer than anything in these tests takes.
const PATIENCE: Duration = Duration::from_secs(180);
/// Milliseconds.
const HOUR: i64 = 3_600_000;

/// The library, on this machine or where `scripts/counterparts.sh` unpacks it.
fn library() -> Option<PathBuf> {
    [PathBuf::from("/"), counterparts()]
        .into_iter()
        .map(|root| root.join("usr/lib"))
        .filter_map(|place| std::fs::read_dir(place).ok())
        .flatten()
        .filter_map(Result::ok)
        .map(|machine| machine.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
}

/// A clock that the program reads, and that is set here.
struct Clock {
    file: PathBuf,
}

impl Clock {
    fn new(watched: &Watched) -> Self {
        let clock = Self {
            file: watched.world.path("clock"),
        };
        clock.set("+0");
        clock
    }

    /// From now on it is off by this.
    fn set(&self, off: &str) {
        // In one piece: nobody must read half of it.
        let new = self.file.with_extension("new");
        std::fs::write(&new, off).expect("the file can be written");
        std::fs::rename(new, &self.file).expect("the file can be moved");
    }

    /// What shows it to a program. How long things take is left as it is.
    fn shown(&self, library: &Path) -> [(&'static str, OsString); 4] {
        [
            ("LD_PRELOAD", library.into()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.clone().into()),
            ("FAKETIME_CACHE_DURATION", "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ]
    }
}

/// Milliseconds since 1970-01-01 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than that").as_millis() as i64
}

/// How many samples were kept at times like this.
async fn samples(watched: &Watched, times: &str) -> i64 {
    let store = watched.world.path(".turnback/journal.db");
    let url = format!("sqlite://{}", store.display());
    let mut store = SqliteConnection::connect(&url)
        .await
        .expect("the store is there");
    sqlx::raw_sql("PRAGMA busy_timeout = 60000")
        .execute(&mut store)
        .await
        .expect("a session can be set up");
    let count = format!("SELECT count(*) FROM sample WHERE {times}");
    sqlx::query_scalar(AssertSqlSafe(count))
        .fetch_one(&mut store)
        .await
        .expect("samples are kept")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_ends_no_bake_hides_no_breach_and_loses_no_lease() {
    let Some(library) = library() else {
        println!(
            "skipped: libfaketime is not here (on Debian: libfaketime; `scripts/counterparts.sh` fetches it)"
        );
        return;
    };
    // The bake is over after an hour: by the first of these clocks at once, by the second never.
    for (name, off, hours) in [("clock_ahead", "+2h", 2), ("clock_behind", "-2h", -2)] {
        let watched = Watched::new(name, 500, AT_ONCE, ROLLBACK, "1h").await;
        let clock = Clock::new(&watched);
        let mut up = watched.world.command(&["up"]);
        up.envs(clock.shown(&library));
        let mut running = Running::start(up);
        running.until_said("baking").await;
        clock.set(off);
        // It goes on measuring under the new clock, and bakes.
        let middle = now() + hours * HOUR / 2;
        let beyond = format!("at {} {middle}", if hours > 0 { ">" } else { "<" });
        let deadline = Instant::now() + PATIENCE;
        while samples(&watched, &beyond).await < 20 {
            let said = running.said();
            assert!(!running.is_over(), "{name}: it has ended: {said}");
            assert!(Instant::now() < deadline, "{name}: no samples: {said}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(watched.world.db.execute(CUT_OVER), "t", "{name}");
        let epoch = watched
            .world
            .db
            .execute("SELECT epoch FROM turnback.lease WHERE holder IS NOT NULL");
        assert_eq!(epoch, "1", "{name}");
        watched.measures("7");
        let ran = watched.turned_back(running).await;
        assert_eq!(ran.code, 5, "{name}: {}", ran.said);
        watched.world.must_be_as_before();
        // No time in the report is from the other side of the clock.
        let report = watched.world.must(&["incident", "report", "1"], 0).await;
        assert!(
            !report.contains("year") && !report.contains("+-"),
            "{report}"
        );
    }
}
