//! The pace of backfills in the ledger: the controller writes it, people change it.

use sqlx::types::Json;
use sqlx::{PgConnection, Row};
use turnback_core::throttle::{PaceRecord, Wish};
use turnback_engine::edges::Fence;
use turnback_engine::error::TargetError;

use crate::error::{ledger_error, target_error};

/// What the ledger says about the pace of a plan's backfills.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    /// What people have set.
    pub wish: Wish,
    /// What the controller does, and how many seconds ago it said so.
    pub pace: Option<(PaceRecord, f64)>,
    /// Who holds the lease, if somebody does.
    pub holder: Option<String>,
}

/// Takes the pace down and gives what people have set. Under an old lease nothing is written.
pub(crate) async fn pace(
    connection: &mut PgConnection,
    fence: Fence,
    plan: &str,
    record: &PaceRecord,
) -> Result<Wish, TargetError> {
    let wish: Option<Json<Wish>> = sqlx::query_scalar(
        "INSERT INTO turnback.throttle AS t (plan, pace, paced_at) SELECT $1, $2, clock_timestamp() \
         WHERE EXISTS (SELECT FROM turnback.lease WHERE epoch = $3) \
         ON CONFLICT (plan) DO UPDATE SET pace = excluded.pace, paced_at = excluded.paced_at RETURNING t.wish",
    )
    .bind(plan)
    .bind(Json(record))
    .bind(fence.epoch)
    .persistent(false)
    .fetch_optional(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    Ok(wish.map(|Json(wish)| wish).unwrap_or_default())
}

/// What the ledger says.
pub(crate) async fn read(
    connection: &mut PgConnection,
    plan: &str,
) -> Result<Throttle, TargetError> {
    let known: bool = sqlx::query_scalar("SELECT to_regclass('turnback.throttle') IS NOT NULL")
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| target_error(error, ""))?;
    if !known {
        return Ok(Throttle::default());
    }
    let row = sqlx::query(
        "SELECT t.wish, t.pace, EXTRACT(epoch FROM clock_timestamp() - t.paced_at)::float8 AS age, \
         (SELECT l.holder FROM turnback.lease l JOIN pg_catalog.pg_stat_activity a \
          ON a.pid = l.backend AND a.backend_start = l.backend_start) AS holder \
         FROM (SELECT 1) one LEFT JOIN turnback.throttle t ON t.plan = $1",
    )
    .bind(plan)
    .persistent(false)
    .fetch_one(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    let wish: Option<Json<Wish>> = row.try_get("wish").map_err(ledger_error)?;
    let pace: Option<Json<PaceRecord>> = row.try_get("pace").map_err(ledger_error)?;
    let age: Option<f64> = row.try_get("age").map_err(ledger_error)?;
    Ok(Throttle {
        wish: wish.map(|Json(wish)| wish).unwrap_or_default(),
        pace: pace.map(|Json(pace)| pace).zip(age),
        holder: row.try_get("holder").map_err(ledger_error)?,
    })
}

/// Sets what backfills must not exceed from now on.
pub(crate) async fn set(
    connection: &mut PgConnection,
    plan: &str,
    wish: &Wish,
) -> Result<(), TargetError> {
    sqlx::query(
        "INSERT INTO turnback.throttle (plan, wish) VALUES ($1, $2) \
         ON CONFLICT (plan) DO UPDATE SET wish = excluded.wish",
    )
    .bind(plan)
    .bind(Json(wish))
    .persistent(false)
    .execute(connection)
    .await
    .map(drop)
    .map_err(|error| target_error(error, ""))
}
