//! What the server bears: one question, and a look at the disk where it is beside us.

use std::path::Path;

use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::throttle::{Pressure, Slot, Standby};
use turnback_engine::error::TargetError;

use crate::error::target_error;
use crate::session::{end, run};

const PRESSURE: &str = include_str!("pressure.sql");
/// How long the user's own question may take, in milliseconds.
const QUESTION_MILLIS: u32 = 5_000;

#[derive(Deserialize)]
struct Look {
    pid: u32,
    data: Option<String>,
    wal_end: u64,
    standbys: Vec<StandbyLook>,
    slots: Vec<SlotLook>,
    archive_lag: Option<u64>,
    lock_waits: u32,
    waits_for_us: u32,
}

#[derive(Deserialize)]
struct StandbyLook {
    name: String,
    replayed: Option<u64>,
    told_lag: Option<f64>,
}

#[derive(Deserialize)]
struct SlotLook {
    name: String,
    retained: u64,
    safe: Option<i64>,
}

/// One look.
pub(crate) async fn look(
    connection: &mut PgConnection,
    pause_when: Option<&str>,
    path: &str,
) -> Result<Pressure, TargetError> {
    let Json(look): Json<Look> = sqlx::query_scalar(PRESSURE)
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    let pause_when = match pause_when {
        Some(question) => Some(ask(connection, question, path).await?),
        None => None,
    };
    Ok(Pressure {
        wal_end: look.wal_end,
        standbys: look
            .standbys
            .into_iter()
            .map(|standby| Standby {
                name: standby.name,
                replayed: standby.replayed,
                told_lag: standby.told_lag,
            })
            .collect(),
        slots: look
            .slots
            .into_iter()
            .map(|slot| Slot {
                name: slot.name,
                retained: slot.retained,
                safe: slot.safe,
            })
            .collect(),
        archive_lag: look.archive_lag,
        lock_waits: look.lock_waits,
        waits_for_us: look.waits_for_us,
        disk: look.data.and_then(|data| disk(look.pid, Path::new(&data))),
        pause_when,
    })
}

/// The user's own question. What the server says against it is an answer, too.
async fn ask(
    connection: &mut PgConnection,
    question: &str,
    path: &str,
) -> Result<Result<bool, String>, TargetError> {
    let setup = format!(
        "BEGIN READ ONLY; SET LOCAL {path}; SET LOCAL statement_timeout = {QUESTION_MILLIS}"
    );
    run(connection, &setup).await?;
    let answer: Result<Option<bool>, TargetError> =
        sqlx::query_scalar(AssertSqlSafe(question.to_owned()))
            .persistent(false)
            .fetch_one(&mut *connection)
            .await
            .map_err(|error| target_error(error, ""));
    match end(connection, answer).await {
        Ok(Some(answer)) => Ok(Ok(answer)),
        Ok(None) => Ok(Err("it answered NULL".to_owned())),
        Err(TargetError::Lost(reason)) => Err(TargetError::Lost(reason)),
        Err(error) => Ok(Err(error.to_string())),
    }
}

/// Free bytes and size of the data directory's disk, if the server is on this machine: the
/// process that serves us must be one of ours to see, and a path alone proves nothing.
fn disk(pid: u32, data: &Path) -> Option<(u64, u64)> {
    let title = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    if !title.starts_with(b"postgres") {
        return None;
    }
    let stat = rustix::fs::statvfs(data).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Some((bytes(stat.f_bavail), bytes(stat.f_blocks)))
}
