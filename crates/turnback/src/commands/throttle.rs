//! `turnback throttle`: what limits a running backfill, and why; changes it while it runs.

use std::time::{Duration, Instant};

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::human::human_bytes;
use turnback_core::plan::{Settings, show_duration, show_size};
use turnback_core::throttle::{Limits, Observed, PaceRecord, Wish};
use turnback_engine::edges::Target;
use turnback_postgres::{PostgresTarget, Throttle};

use crate::cli::ThrottleArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::table;
use crate::output::text::count;

/// A controller says at what pace it goes twice a second; one that has not for so many seconds
/// has no backfill at work.
const FRESH_SECONDS: f64 = 3.0;
/// How long a running controller is waited for.
const HEED: Duration = Duration::from_secs(3);
/// Between two looks at whether it has heeded.
const LOOK: Duration = Duration::from_millis(100);

pub(crate) async fn run(args: ThrottleArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let plan = loaded.plan();
    let target = loaded.target().await?;
    if !target.has_ledger().await? {
        return Err(Failure::usage(format!(
            "there is nothing to throttle: turnback has changed nothing on {}",
            plan.target.redacted()
        ))
        .next("Before the first run the plan's `settings` say how fast it goes."));
    }
    target.open_ledger(plan.settings.lock_timeout).await?;
    let before = target.throttle(&plan.name).await?;
    let wish = changed(&before.wish, &args);
    let mut now = before;
    let is_change = wish != now.wish;
    if is_change {
        target.set_throttle(&plan.name, &wish).await?;
        now = heeded(&target, &plan.name, &wish).await?;
    }
    if args.json {
        let at_work = at_work(&now);
        anstream::println!(
            "{:#}",
            json!({
                "plan": plan.name,
                "set": now.wish,
                "limits": Limits::new(&plan.settings, &now.wish),
                "running": now.holder,
                "backfill": at_work,
                "heeded": at_work.is_none_or(|record| record.wish == now.wish),
            })
        );
        return Ok(ExitCode::Done);
    }
    if is_change {
        anstream::println!("{}", came_of_it(&now));
    }
    show(&plan.settings, &now);
    Ok(ExitCode::Done)
}

/// What was set, with what the command line changes.
fn changed(before: &Wish, args: &ThrottleArgs) -> Wish {
    let mut wish = if args.reset {
        Wish::default()
    } else {
        before.clone()
    };
    let millis = |duration: Duration| duration.as_millis() as u64;
    wish.workers = args.workers.or(wish.workers);
    wish.batch_time_millis = args.batch_time.map(millis).or(wish.batch_time_millis);
    wish.max_lag_millis = args.max_lag.map(millis).or(wish.max_lag_millis);
    wish.max_wal_rate = args.max_wal_rate.or(wish.max_wal_rate);
    wish.paused = (wish.paused || args.pause) && !args.resume;
    wish
}

/// Waits until the running controller, if there is one, goes by it.
async fn heeded(target: &PostgresTarget, plan: &str, wish: &Wish) -> Result<Throttle, Failure> {
    let begun = Instant::now();
    loop {
        let now = target.throttle(plan).await?;
        let heeds = at_work(&now).is_none_or(|record| record.wish == *wish);
        if heeds || begun.elapsed() > HEED {
            return Ok(now);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The backfill that is at work now.
pub(super) fn at_work(now: &Throttle) -> Option<&PaceRecord> {
    let (record, age) = now.pace.as_ref()?;
    (now.holder.is_some() && *age <= FRESH_SECONDS).then_some(record)
}

fn came_of_it(now: &Throttle) -> &'static str {
    match at_work(now) {
        Some(record) if record.wish == now.wish => "Set; the running backfill goes by it.",
        Some(_) => "Set; the running backfill has not answered yet and will go by it.",
        None => {
            "Set; no backfill is at work, the next one goes by it. `turnback throttle --reset` forgets it."
        }
    }
}

fn show(settings: &Settings, now: &Throttle) {
    match at_work(now) {
        None => anstream::println!("No backfill is at work."),
        Some(record) => {
            for line in state(record) {
                anstream::println!("{line}");
            }
        }
    }
    let limits = Limits::new(settings, &now.wish);
    let observed = at_work(now).map(|record| &record.observed);
    let mut shown = table(["limit", "value", "from", "now"]);
    for [limit, value, from, measured] in rows(&limits, &now.wish, observed) {
        shown.add_row([limit, value, from, measured]);
    }
    anstream::println!("{shown}");
}

/// What the backfill does, and why no faster.
pub(super) fn state(record: &PaceRecord) -> Vec<String> {
    let pace = &record.pace;
    let (done, of) = record.pages;
    let percent = (done * 100).checked_div(of).unwrap_or(100);
    let how = if pace.paused {
        "paused".to_owned()
    } else {
        let rest = if pace.rest > 0.0 {
            format!(", resting {:.1} times as long after each", pace.rest)
        } else {
            String::new()
        };
        format!(
            "{} of {} workers, batches of {}{rest}",
            pace.workers,
            record.limits.workers,
            show_duration(pace.batch_time)
        )
    };
    let mut lines = vec![format!(
        "filling {}: {percent}%, {} rows; {how}",
        record.table,
        count(record.rows)
    )];
    lines.extend(pace.reasons.iter().map(|reason| format!("  {reason}")));
    lines
}

pub(super) fn rows(limits: &Limits, wish: &Wish, observed: Option<&Observed>) -> Vec<[String; 4]> {
    let from = |set: bool| if set { "throttle" } else { "plan" }.to_owned();
    let size = |size: Option<u64>| size.map_or("no limit".to_owned(), show_size);
    let seen = |text: &dyn Fn(&Observed) -> Option<String>| {
        observed.and_then(text).unwrap_or_else(|| "—".to_owned())
    };
    let row = |name: &str, value: String, set: bool, now: String| {
        [name.to_owned(), value, from(set), now]
    };
    let lags = |observed: &Observed| {
        let told = observed.lags.iter().map(|(name, lag)| {
            let ignored = limits.ignore_standbys.contains(name);
            match lag {
                _ if ignored => format!("{name}: does not count"),
                Some(lag) => format!("{name}: {lag:.1} s"),
                None => format!("{name}: may not be seen; GRANT pg_monitor"),
            }
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| told.join(", "))
    };
    vec![
        row(
            "workers",
            limits.workers.to_string(),
            wish.workers.is_some(),
            "—".to_owned(),
        ),
        row(
            "batch time",
            show_duration(limits.batch_time),
            wish.batch_time_millis.is_some(),
            "—".to_owned(),
        ),
        row(
            "lag of standbys",
            show_duration(limits.max_lag),
            wish.max_lag_millis.is_some(),
            seen(&lags),
        ),
        row(
            "WAL a second",
            size(limits.max_wal_rate),
            wish.max_wal_rate.is_some(),
            seen(&|o| o.wal_rate.map(human_bytes)),
        ),
        row(
            "WAL for the archiver",
            show_size(limits.max_archive_lag),
            false,
            seen(&|o| o.archive_lag.map(human_bytes)),
        ),
        row(
            "WAL kept by a slot",
            size(limits.max_retained_wal),
            false,
            seen(&|o| {
                let (slot, bytes) = o.retained.as_ref()?;
                Some(format!("{slot}: {}", human_bytes(*bytes)))
            }),
        ),
        row(
            "clients waiting for us",
            limits.max_lock_waits.to_string(),
            false,
            seen(&|o| Some(o.lock_waits.to_string())),
        ),
        row(
            "free disk, at least",
            limits
                .min_free_disk
                .map_or("5%, 1GB at most".to_owned(), show_size),
            false,
            observed.map_or("—".to_owned(), |o| {
                o.disk
                    .map_or("cannot be seen from here".to_owned(), |(free, _)| {
                        human_bytes(free)
                    })
            }),
        ),
    ]
}
