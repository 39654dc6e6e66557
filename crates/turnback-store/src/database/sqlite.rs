//! A SQLite file: how it is opened.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// How long one waits for others who have the file at work.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries of what SQLite does not wait for.
const BETWEEN: Duration = Duration::from_millis(10);

pub(super) async fn open(path: &Path) -> Result<SqlitePool, String> {
    if let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // An intent must be on the disk before its effect is in the database.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE);
    let since = Instant::now();
    loop {
        let opened = SqlitePoolOptions::new()
            .max_connections(2)
            // Whatever looks after connections that grow old or idle may spin for good, and keep
            // the process from ending (sqlx 0.9.0, issue 3645).
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await;
        match opened {
            // Of several who open a new file at once, one makes it a file with a WAL, and the
            // others are told at once that it is busy, whatever their time-out.
            Err(error) if is_busy(&error) && since.elapsed() < PATIENCE => {
                tokio::time::sleep(BETWEEN).await;
            }
            opened => return opened.map_err(|error| error.to_string()),
        }
    }
}

/// Whether another has the file at work: `SQLITE_BUSY`, and the codes that say more about it.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code());
    let code: Option<u32> = code.and_then(|code| code.parse().ok());
    code.is_some_and(|code| code & 0xff == BUSY)
}
