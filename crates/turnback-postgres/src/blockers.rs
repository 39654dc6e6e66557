//! Who holds up a session of ours.

use sqlx::{PgPool, Row};
use turnback_engine::edges::Blocker;

const BLOCKERS: &str = include_str!("blockers.sql");

/// Sessions that `pid` waits for, now. An empty list when the question cannot be asked: it
/// serves a message, never a decision.
pub(crate) async fn of(pool: &PgPool, pid: i32) -> Vec<Blocker> {
    let rows = sqlx::query(BLOCKERS)
        .bind(pid)
        .persistent(false)
        .fetch_all(pool)
        .await
        .unwrap_or_default();
    rows.iter()
        .filter_map(|row| {
            Some(Blocker {
                pid: row.try_get("pid").ok()?,
                application: row.try_get("application").ok()?,
                seconds: row.try_get("seconds").ok()?,
                state: row.try_get("state").ok()?,
                query: row.try_get("query").ok()?,
            })
        })
        .collect()
}
