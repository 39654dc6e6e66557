//! A client on a table that nobody changes: what it waits, the machine makes it wait.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinHandle;

use crate::waits::{Wait, Waits};
use crate::workload::WorkloadError;

/// Between two of its statements.
const PAUSE: Duration = Duration::from_millis(2);

/// A client that writes one row of a table of its own, again and again. On a busy machine it
/// waits for its turn as any client does; whoever measures what a lock made others wait takes
/// that off.
#[derive(Debug)]
pub struct Control {
    waits: Waits,
    task: JoinHandle<()>,
}

impl Control {
    /// Its table, to be made before it starts.
    pub const SCHEMA: &str = "CREATE SCHEMA control; \
        CREATE TABLE control.row (id integer PRIMARY KEY, n bigint NOT NULL); \
        INSERT INTO control.row VALUES (1, 0);";

    /// Starts the client.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub async fn start(url: &str) -> Result<Self, WorkloadError> {
        let mut connection = PgConnection::connect(url)
            .await
            .map_err(WorkloadError::while_doing("connect the control client"))?;
        let waits = Waits::default();
        let measured = waits.clone();
        let task = tokio::spawn(async move {
            let sql = "UPDATE control.row SET n = n + 1 WHERE id = 1";
            loop {
                let waiting = measured.begin(&"control", sql);
                let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection);
                if done.await.is_err() {
                    return;
                }
                drop(waiting);
                tokio::time::sleep(PAUSE).await;
            }
        });
        Ok(Self { waits, task })
    }

    /// The longest wait since the last call, one that still lasts included.
    pub fn longest_wait(&self) -> Option<Wait> {
        self.waits.mark()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}
