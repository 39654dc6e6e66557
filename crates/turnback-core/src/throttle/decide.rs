//! From limits and measurements to a pace.

use std::time::Duration;

use super::{Limits, Observed, Pace, Reason};

/// A limit that was exceeded must be kept by so much before it no longer counts as exceeded:
/// otherwise the backfill would stutter along it.
const CALM: f64 = 0.7;
/// From this part of a limit on, a lag slows the backfill down before it stops it.
const UNEASY: f64 = 0.5;
/// The rest, as a multiple of a batch's time, while a standby falls behind.
const REST_FOR_LAG: f64 = 1.0;
/// The least rest that counts as one.
const LEAST_REST: f64 = 0.05;
/// The longest rest: the backfill still moves on.
const MOST_REST: f64 = 20.0;
/// A batch holds rows for no less than this, however many clients wait.
const SHORTEST_BATCH: Duration = Duration::from_millis(10);
/// Batches that take so many times what they should are too much for the server.
const STRAINED: f64 = 2.5;
/// Below this they are not.
const RELAXED: f64 = 1.5;
/// How long fewer workers are tried before yet fewer.
const FEWER_AFTER: Duration = Duration::from_secs(3);
/// How long all must be well before there is one more.
const MORE_AFTER: Duration = Duration::from_secs(10);
/// What must stay free of a disk at most, where the user says nothing.
const FREE_DISK: u64 = 1 << 30;

/// Decides the pace from now on. `strain` is how many times longer than they should batches
/// have taken lately; `before` is the pace until now, and `at` the time since the beginning.
pub fn decide(
    limits: &Limits,
    observed: &Observed,
    strain: f64,
    before: &Pace,
    at: Duration,
) -> Pace {
    let mut reasons = stops(limits, observed, before);
    let paused = !reasons.is_empty();
    let (rest, slower) = rest(limits, observed, before);
    let (batch_time, shorter) = batch_time(limits, observed, before);
    let (workers, workers_changed, fewer) = workers(limits, strain, before, at, paused);
    if !paused {
        reasons.extend([slower, shorter, fewer].into_iter().flatten());
    }
    Pace {
        paused,
        workers,
        batch_time,
        rest,
        reasons,
        workers_changed,
    }
}

/// Everything for which no batch may begin.
fn stops(limits: &Limits, observed: &Observed, before: &Pace) -> Vec<Reason> {
    let was = |kind: &str| before.paused && before.reasons.iter().any(|r| r.kind() == kind);
    let exceeds =
        |kind: &str, value: f64, most: f64| value > if was(kind) { most * CALM } else { most };
    let mut reasons = Vec::new();
    if limits.paused {
        reasons.push(Reason::Asked);
    }
    match &observed.pause_when {
        Some(Ok(true)) => reasons.push(Reason::PauseWhen),
        // Unknown never proceeds.
        Some(Err(error)) => reasons.push(Reason::PauseWhenFails {
            error: error.clone(),
        }),
        Some(Ok(false)) | None => {}
    }
    if let Some((free, size)) = observed.disk {
        let least = limits.min_free_disk.unwrap_or((size / 20).min(FREE_DISK));
        if (free as f64) < least as f64 * if was("disk") { 1.0 / CALM } else { 1.0 } {
            reasons.push(Reason::Disk { free, least });
        }
    }
    let most = limits.max_lag.as_secs_f64();
    if let Some((standby, seconds)) = worst_lag(limits, observed)
        && exceeds("lag", seconds, most)
    {
        reasons.push(Reason::Lag {
            standby: standby.to_owned(),
            seconds,
            most,
        });
    }
    if let (Some((slot, bytes)), Some(most)) = (&observed.retained, limits.max_retained_wal)
        && exceeds("retained", *bytes as f64, most as f64)
    {
        reasons.push(Reason::Retained {
            slot: slot.clone(),
            bytes: *bytes,
            most,
        });
    }
    if let Some((slot, left)) = &observed.endangered {
        reasons.push(Reason::Endangered {
            slot: slot.clone(),
            left: *left,
        });
    }
    if let Some(bytes) = observed.archive_lag
        && exceeds("archive", bytes as f64, limits.max_archive_lag as f64)
    {
        reasons.push(Reason::Archive {
            bytes,
            most: limits.max_archive_lag,
        });
    }
    let (clients, most) = (observed.lock_waits, limits.max_lock_waits);
    if exceeds("lock_waits", f64::from(clients), f64::from(most)) {
        reasons.push(Reason::LockWaits { clients, most });
    }
    reasons
}

fn worst_lag<'a>(limits: &Limits, observed: &'a Observed) -> Option<(&'a str, f64)> {
    observed
        .lags
        .iter()
        .filter(|(name, _)| !limits.ignore_standbys.contains(name))
        .filter_map(|(name, lag)| Some((name.as_str(), (*lag)?)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
}

/// A rest after each batch keeps the rate of WAL, and lets a standby catch up before it must.
fn rest(limits: &Limits, observed: &Observed, before: &Pace) -> (f64, Option<Reason>) {
    let most_lag = limits.max_lag.as_secs_f64();
    let lag = worst_lag(limits, observed).filter(|(_, lag)| *lag > most_lag * UNEASY);
    let for_lag = if lag.is_some() { REST_FOR_LAG } else { 0.0 };
    let mut for_wal = 0.0;
    if let (Some(rate), Some(most)) = (observed.wal_rate, limits.max_wal_rate) {
        // The same work in so many times the time: half of the way at each look.
        let wanted = (1.0 + before.rest) * rate as f64 / most.max(1) as f64 - 1.0;
        for_wal = (before.rest + (wanted - before.rest) / 2.0).clamp(0.0, MOST_REST);
    }
    if for_wal > for_lag.max(LEAST_REST) {
        let reason = Reason::WalRate {
            rate: observed.wal_rate.unwrap_or_default(),
            most: limits.max_wal_rate.unwrap_or_default(),
        };
        return (for_wal, Some(reason));
    }
    let reason = lag.map(|(standby, seconds)| Reason::Lag {
        standby: standby.to_owned(),
        seconds,
        most: most_lag,
    });
    (for_lag, reason)
}

/// Clients that wait for rows of a batch wait less for a shorter one.
fn batch_time(limits: &Limits, observed: &Observed, before: &Pace) -> (Duration, Option<Reason>) {
    let most = limits.batch_time;
    let shortest = SHORTEST_BATCH.min(most);
    let clients = observed.waits_for_us;
    let next = if clients > 0 {
        before.batch_time / 2
    } else {
        before.batch_time.mul_f64(1.1)
    };
    let next = next.clamp(shortest, most);
    let reason = (next < most).then_some(Reason::WaitsForUs { clients });
    (next, reason)
}

fn workers(
    limits: &Limits,
    strain: f64,
    before: &Pace,
    at: Duration,
    paused: bool,
) -> (u32, Duration, Option<Reason>) {
    let since = at.saturating_sub(before.workers_changed);
    let mut workers = before.workers.clamp(1, limits.workers);
    let mut changed = before.workers_changed;
    // Whoever asks for more than there were gets them at once.
    let raised = before.workers == limits.workers || !has(before, "slow_batches");
    if raised {
        workers = limits.workers;
    }
    if !paused && strain > STRAINED && workers > 1 && since >= FEWER_AFTER {
        workers -= 1;
        changed = at;
    } else if !paused && strain < RELAXED && workers < limits.workers && since >= MORE_AFTER {
        workers += 1;
        changed = at;
    }
    let reason = (workers < limits.workers).then_some(Reason::SlowBatches);
    (workers, changed, reason)
}

fn has(pace: &Pace, kind: &str) -> bool {
    pace.reasons.iter().any(|reason| reason.kind() == kind)
}

#[cfg(test)]
mod tests {
    use super::super::Wish;
    use super::*;
    use crate::plan::Settings;

    fn limits() -> Limits {
        Limits {
            max_wal_rate: Some(1_000),
            max_retained_wal: Some(1_000),
            ..Limits::new(&Settings::default(), &Wish::default())
        }
    }

    fn calm() -> Observed {
        Observed {
            lags: vec![("s1".to_owned(), Some(0.5)), ("unseen".to_owned(), None)],
            wal_rate: Some(10),
            retained: Some(("sub".to_owned(), 10)),
            archive_lag: Some(0),
            disk: Some((50 << 30, 100 << 30)),
            pause_when: Some(Ok(false)),
            ..Observed::default()
        }
    }

    fn next(limits: &Limits, observed: &Observed, before: &Pace) -> Pace {
        decide(limits, observed, 1.0, before, Duration::from_secs(100))
    }

    fn kinds(pace: &Pace) -> Vec<&'static str> {
        pace.reasons.iter().map(Reason::kind).collect()
    }

    #[test]
    fn a_calm_server_gets_the_full_pace() {
        let full = Pace::full(&limits());
        let pace = next(&limits(), &calm(), &full);
        assert_eq!((pace.paused, pace.workers, pace.rest), (false, 2, 0.0));
        assert_eq!(pace.batch_time, Duration::from_millis(200));
        assert_eq!(kinds(&pace), [""; 0]);
    }

    #[test]
    fn each_thing_that_the_server_cannot_bear_pauses_with_its_reason_until_it_is_well_over() {
        let lag = |seconds| move |o: &mut Observed| o.lags[0].1 = Some(seconds);
        type Change = Box<dyn Fn(&mut Observed)>;
        let table: Vec<(&str, Change, Change)> = vec![
            ("lag", Box::new(lag(10.1)), Box::new(lag(8.0))),
            (
                "retained",
                Box::new(|o| o.retained = Some(("sub".to_owned(), 1_001))),
                Box::new(|o| o.retained = Some(("sub".to_owned(), 900))),
            ),
            (
                "archive",
                Box::new(|o| o.archive_lag = Some(2_200 << 20)),
                Box::new(|o| o.archive_lag = Some(2_000 << 20)),
            ),
            (
                "lock_waits",
                Box::new(|o| o.lock_waits = 11),
                Box::new(|o| o.lock_waits = 8),
            ),
            (
                "disk",
                Box::new(|o| o.disk = Some((1 << 29, 100 << 30))),
                Box::new(|o| o.disk = Some(((1 << 30) + 1, 100 << 30))),
            ),
            (
                "endangered",
                Box::new(|o| o.endangered = Some(("sub".to_owned(), 5))),
                Box::new(|o| o.endangered = Some(("sub".to_owned(), 5))),
            ),
            (
                "pause_when",
                Box::new(|o| o.pause_when = Some(Ok(true))),
                Box::new(|o| o.pause_when = Some(Ok(true))),
            ),
            (
                "pause_when_fails",
                Box::new(|o| o.pause_when = Some(Err("no".to_owned()))),
                Box::new(|o| o.pause_when = Some(Err("no".to_owned()))),
            ),
        ];
        for (kind, exceed, hardly_better) in table {
            let full = Pace::full(&limits());
            let mut observed = calm();
            exceed(&mut observed);
            let paused = next(&limits(), &observed, &full);
            assert!(paused.paused, "{kind}");
            assert_eq!(kinds(&paused), [kind]);
            assert!(!paused.reasons[0].to_string().is_empty());
            hardly_better(&mut observed);
            let still = next(&limits(), &observed, &paused);
            assert_eq!(kinds(&still), [kind], "hardly better");
            let over = next(&limits(), &calm(), &still);
            assert!(!over.paused, "{kind} is over");
        }
    }

    #[test]
    fn a_small_disk_need_not_keep_a_gigabyte_free() {
        let mut observed = calm();
        observed.disk = Some((20 << 20, 200 << 20));
        assert!(!next(&limits(), &observed, &Pace::full(&limits())).paused);
        observed.disk = Some((9 << 20, 200 << 20));
        assert!(next(&limits(), &observed, &Pace::full(&limits())).paused);
    }

    #[test]
    fn a_standby_that_falls_behind_slows_it_down_first_and_one_that_does_not_count_never() {
        let mut observed = calm();
        observed.lags[0].1 = Some(6.0);
        let pace = next(&limits(), &observed, &Pace::full(&limits()));
        assert_eq!((pace.paused, pace.rest), (false, REST_FOR_LAG));
        assert_eq!(kinds(&pace), ["lag"]);
        let ignoring = Limits {
            ignore_standbys: vec!["s1".to_owned()],
            ..limits()
        };
        observed.lags[0].1 = Some(6_000.0);
        let pace = next(&ignoring, &observed, &Pace::full(&ignoring));
        assert_eq!(kinds(&pace), [""; 0]);
    }

    #[test]
    fn the_rate_of_wal_comes_down_to_its_limit_and_the_rest_goes_when_it_may() {
        // The server writes as much as the backfill works: 4000 bytes/s at full pace.
        let mut pace = Pace::full(&limits());
        let mut rate = 4_000.0;
        for _ in 0..30 {
            let observed = Observed {
                wal_rate: Some(rate as u64),
                ..calm()
            };
            pace = next(&limits(), &observed, &pace);
            rate = 4_000.0 / (1.0 + pace.rest);
        }
        assert!((900.0..1_100.0).contains(&rate), "{rate}");
        assert_eq!(kinds(&pace), ["wal_rate"]);
        for _ in 0..10 {
            pace = next(&limits(), &calm(), &pace);
        }
        assert_eq!((pace.rest, kinds(&pace)), (0.0, vec![]));
    }

    #[test]
    fn batches_get_shorter_while_clients_wait_for_them_and_grow_again() {
        let mut waiting = calm();
        waiting.waits_for_us = 2;
        let mut pace = Pace::full(&limits());
        for _ in 0..10 {
            pace = next(&limits(), &waiting, &pace);
        }
        assert_eq!(pace.batch_time, SHORTEST_BATCH);
        assert_eq!(kinds(&pace), ["waits_for_us"]);
        for _ in 0..40 {
            pace = next(&limits(), &calm(), &pace);
        }
        assert_eq!(pace.batch_time, limits().batch_time);
    }

    #[test]
    fn workers_go_one_by_one_when_batches_take_too_long_and_come_back() {
        let limits = Limits {
            workers: 3,
            ..limits()
        };
        let mut pace = Pace::full(&limits);
        let mut seen = Vec::new();
        for (seconds, strain) in [
            (1, 9.0),
            (4, 9.0),
            (5, 9.0),
            (8, 9.0),
            (20, 9.0),
            (21, 1.0),
            (25, 1.0),
            (50, 1.0),
        ] {
            pace = decide(
                &limits,
                &calm(),
                strain,
                &pace,
                Duration::from_secs(seconds),
            );
            seen.push(pace.workers);
        }
        assert_eq!(seen, [3, 2, 2, 1, 1, 2, 2, 3]);
        let more = Limits {
            workers: 5,
            ..limits
        };
        let pace = next(&more, &calm(), &pace);
        assert_eq!(pace.workers, 5, "more were asked for");
    }

    #[test]
    fn what_was_set_while_it_runs_counts_and_the_rest_is_the_plans() {
        let wish = Wish {
            paused: true,
            workers: Some(7),
            max_lag_millis: Some(5_000),
            ..Wish::default()
        };
        let limits = Limits::new(&Settings::default(), &wish);
        assert_eq!(
            (limits.paused, limits.workers, limits.max_lag),
            (true, 7, Duration::from_secs(5))
        );
        assert_eq!(limits.batch_time, Settings::default().batch_time);
        assert_eq!(
            kinds(&next(&limits, &calm(), &Pace::full(&limits))),
            ["asked"]
        );
    }
}
