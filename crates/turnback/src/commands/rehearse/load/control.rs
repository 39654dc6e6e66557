//! The client beside all others: what it waits on a table that nothing touches is the machine's
//! doing, not the plan's.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use super::client::connect;
use super::stats::{Outcome, Stats};
use super::{SCHEMA, rows};

/// Makes the table.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = format!(
        "CREATE TABLE {SCHEMA}.untouched (id int PRIMARY KEY, n bigint NOT NULL); \
         INSERT INTO {SCHEMA}.untouched SELECT g, 0 FROM generate_series(1, 1000) g"
    );
    rows(connection, &sql).await.map(drop)
}

/// Reads and writes it, a transaction at a time, about as others do.
pub(super) async fn work(
    url: String,
    stats: Arc<Stats>,
    pace: Duration,
    mut rng: fastrand::Rng,
    mut stop: watch::Receiver<bool>,
) {
    let mut session: Option<PgConnection> = None;
    while !*stop.borrow() {
        tokio::select! {
            () = tokio::time::sleep(pace) => {}
            _ = stop.changed() => break,
        }
        let begun = Instant::now();
        let mut connection = match session.take() {
            Some(connection) => connection,
            None => match connect(&url).await {
                Ok(connection) => connection,
                Err(_) => continue,
            },
        };
        if turn(&mut connection, &mut rng).await.is_ok() {
            stats.note(begun, true, Outcome::Done);
            session = Some(connection);
        }
    }
    if let Some(connection) = session {
        // The server sees to it when the goodbye is lost.
        let _ = connection.close().await;
    }
}

async fn turn(connection: &mut PgConnection, rng: &mut fastrand::Rng) -> Result<(), sqlx::Error> {
    let id = rng.u32(1..=1000);
    for statement in [
        "BEGIN".to_owned(),
        format!("SELECT n FROM {SCHEMA}.untouched WHERE id = {id}"),
        format!("UPDATE {SCHEMA}.untouched SET n = n + 1 WHERE id = {id} RETURNING n"),
        "COMMIT".to_owned(),
    ] {
        rows(connection, &statement).await?;
    }
    Ok(())
}
