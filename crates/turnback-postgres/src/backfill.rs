//! Backfill batches: pages of a table, with their progress in the same transaction.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backfill::Backfill;
use turnback_engine::edges::{Fence, StepKey, Stripe};
use turnback_engine::error::TargetError;

use crate::error::target_error;
use crate::ledger;
use crate::session::{end, run};

/// Divides the table the first time, and gives the stripes that are not done. A partition that
/// was dropped meanwhile has none.
pub(crate) async fn stripes(
    connection: &mut PgConnection,
    fence: Fence,
    key: &StepKey,
    backfill: &Backfill,
    workers: u32,
) -> Result<Vec<Stripe>, TargetError> {
    run(connection, "BEGIN").await?;
    let divided = async {
        let known: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM turnback.backfill WHERE plan = $1 AND phase = $2 AND step = $3)",
        )
        .bind(&key.plan)
        .bind(&key.phase)
        .bind(&key.step)
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| target_error(error, ""))?;
        if !known {
            divide(connection, key, backfill, workers).await?;
        }
        ledger::fence(connection, fence).await
    }
    .await;
    end(connection, divided).await?;
    let rows: Vec<(i32, i64, i64)> = sqlx::query_as(
        "SELECT stripe, next, \"end\" FROM turnback.backfill \
         WHERE plan = $1 AND phase = $2 AND step = $3 AND next < \"end\" \
         AND pg_catalog.to_regclass($4) IS NOT NULL ORDER BY abs(stripe)",
    )
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(&key.step)
    .bind(backfill.table.to_string())
    .persistent(false)
    .fetch_all(connection)
    .await
    .map_err(|error| target_error(error, ""))?;
    Ok(rows
        .into_iter()
        .map(|(number, next, end)| Stripe { number, next, end })
        .collect())
}

/// Stripes per worker, at least: enough that none is left with a long rest of its own.
const STRIPES_PER_WORKER: u32 = 8;
/// Pages of a stripe, at most: few enough to be still in memory when they are walked again.
const MOST_PAGES: u32 = 8_192;
/// Stripes of a table, at most.
const MOST_STRIPES: u32 = 4_096;

/// Even stripes over the pages there are now. Rows beyond them are written by clients, whose
/// triggers fill them; what a trigger could not fill is swept up later.
///
/// One that is walked twice is two stripes, numbered one after the other.
async fn divide(
    connection: &mut PgConnection,
    key: &StepKey,
    backfill: &Backfill,
    workers: u32,
) -> Result<(), TargetError> {
    let walks = backfill.walks();
    sqlx::query(
        "INSERT INTO turnback.backfill (plan, phase, step, stripe, next, \"end\") \
         SELECT $1, $2, $3, \
                CASE WHEN walk < $6 - 1 THEN -1 ELSE 1 END * (1 + n * $6 + walk), \
                pages * n / stripes, pages * (n + 1) / stripes \
         FROM (SELECT pages, least(greatest($5 * $7, pages / $8), $9, greatest(pages / 64, 1))::int AS stripes FROM \
               (SELECT coalesce(pg_catalog.pg_relation_size(pg_catalog.to_regclass($4)), 0) / pg_catalog.current_setting('block_size')::bigint AS pages) p) s, \
              generate_series(0, stripes - 1) AS n, generate_series(0, $6 - 1) AS walk",
    )
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(&key.step)
    .bind(backfill.table.to_string())
    .bind(workers as i32)
    .bind(walks.len() as i32)
    .bind(STRIPES_PER_WORKER as i32)
    .bind(i64::from(MOST_PAGES))
    .bind(MOST_STRIPES as i32)
    .persistent(false)
    .execute(connection)
    .await
    .map(drop)
    .map_err(|error| target_error(error, ""))
}

/// One batch.
pub(crate) async fn batch(
    connection: &mut PgConnection,
    fence: Fence,
    key: &StepKey,
    backfill: &Backfill,
    stripe: &Stripe,
    until: i64,
    around_locks: bool,
) -> Result<u64, TargetError> {
    run(connection, &begin(backfill.quiet)).await?;
    let (first, last) = (stripe.next.to_string(), until.to_string());
    let sql = if around_locks {
        backfill.batch_around_locks(&first, &last, stripe.rows())
    } else {
        backfill.batch(&first, &last, stripe.rows())
    };
    let work = async {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.clone()))
            .execute(&mut *connection)
            .await
            .map_err(|error| target_error(error, &sql))?
            .rows_affected();
        ledger::fence(connection, fence).await?;
        progress(connection, key, stripe, until, rows).await?;
        Ok(rows)
    }
    .await;
    end(connection, work).await
}

/// Waits for a client's row no longer than this, well under PostgreSQL's `deadlock_timeout`:
/// where a batch and a client wait for each other, it is the batch that gives way.
const ROW_WAIT: Duration = Duration::from_millis(100);

fn begin(quiet: bool) -> String {
    // Progress and effect are lost together or not at all, so the commit need not wait for
    // the disk. Without sequential scans the planner walks the pages it was given, however
    // stale its statistics are.
    let mut sql = format!(
        "BEGIN; SET LOCAL lock_timeout = {}; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; \
         SET LOCAL {} = 'on';",
        ROW_WAIT.as_millis(),
        turnback_core::convert_key::FILL_SETTING
    );
    if quiet {
        sql.push_str(" SET LOCAL session_replication_role = replica;");
    }
    sql
}

/// Notes the batch, where the ledger stands at its beginning. It does not when the server
/// crashed after the batch before: that one was not yet on disk, and is forgotten with its
/// progress, while the connection was made again unseen between the two.
async fn progress(
    connection: &mut PgConnection,
    key: &StepKey,
    stripe: &Stripe,
    until: i64,
    rows: u64,
) -> Result<(), TargetError> {
    let noted = sqlx::query(
        "UPDATE turnback.backfill SET next = $1, rows = rows + $2 \
         WHERE plan = $3 AND phase = $4 AND step = $5 AND stripe = $6 AND next = $7",
    )
    .bind(until)
    .bind(i64::try_from(rows).unwrap_or(i64::MAX))
    .bind(&key.plan)
    .bind(&key.phase)
    .bind(&key.step)
    .bind(stripe.number)
    .bind(stripe.next)
    .persistent(false)
    .execute(connection)
    .await
    .map_err(|error| target_error(error, ""))?
    .rows_affected();
    if noted == 1 {
        Ok(())
    } else {
        Err(TargetError::Forgotten(format!(
            "batches of step {}",
            key.step
        )))
    }
}
