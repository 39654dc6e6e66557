//! What limits a backfill, as the server shows it and takes it.

use turnback_core::plan::Plan;
use turnback_core::throttle::{Limits, PaceRecord, Wish};
use turnback_postgres::Throttle;
use turnback_server::edges::Refusal;
use turnback_server::model;

use crate::commands::throttle::{at_work, rows};

/// What limits a backfill, and what it does.
pub(super) fn throttle(plan: &Plan, now: &Throttle) -> model::Throttle {
    let limits = Limits::new(&plan.settings, &now.wish);
    let record = at_work(now);
    let rows = rows(&limits, &now.wish, record.map(|record| &record.observed));
    model::Throttle {
        set: set(&now.wish),
        limits: rows
            .into_iter()
            .map(|[limit, value, from, measured]| model::Limit {
                limit,
                value,
                is_set: from == "throttle",
                now: (measured != "—").then_some(measured),
            })
            .collect(),
        filling: record.map(filling),
        heeded: record.is_none_or(|record| record.wish == now.wish),
    }
}

/// The backfill at work, as its controller told it.
pub(super) fn filling(record: &PaceRecord) -> model::Filling {
    let (pages, of_pages) = record.pages;
    model::Filling {
        table: record.table.clone(),
        pages,
        of_pages,
        rows: record.rows,
        rows_per_second: None,
        left_millis: None,
        reasons: record
            .pace
            .reasons
            .iter()
            .map(ToString::to_string)
            .collect(),
        paused: record.pace.paused,
    }
}

fn set(wish: &Wish) -> model::SetThrottle {
    model::SetThrottle {
        paused: wish.paused,
        workers: wish.workers,
        batch_time_millis: wish.batch_time_millis,
        max_lag_millis: wish.max_lag_millis,
        max_wal_rate: wish.max_wal_rate,
    }
}

/// What is wished for.
///
/// # Errors
///
/// When a number cannot be.
pub(super) fn wish(set: model::SetThrottle) -> Result<Wish, Refusal> {
    if set
        .workers
        .is_some_and(|workers| !(1..=64).contains(&workers))
    {
        return Err(Refusal::invalid("workers: expected 1 to 64"));
    }
    let zero = [
        ("batch_time_millis", set.batch_time_millis),
        ("max_lag_millis", set.max_lag_millis),
        ("max_wal_rate", set.max_wal_rate),
    ]
    .into_iter()
    .find(|(_, value)| *value == Some(0));
    if let Some((name, _)) = zero {
        return Err(Refusal::invalid(format!("{name}: expected more than 0")));
    }
    Ok(Wish {
        paused: set.paused,
        workers: set.workers,
        batch_time_millis: set.batch_time_millis,
        max_lag_millis: set.max_lag_millis,
        max_wal_rate: set.max_wal_rate,
    })
}
