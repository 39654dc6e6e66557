//! What the gallery shows: a chat service whose users are being converted.

use std::time::Duration;

use turnback_core::guard::{Moment, ObjectValues, Reading, Sample, Series, Unit};
use turnback_core::incident::{Chart, watched};
use turnback_core::journal::GuardTerms;
use turnback_core::state::PhaseState;
use turnback_server::dashboard::view::*;

/// When every page is looked at: 2026-11-21 20:14:05 UTC.
pub const NOW: Moment = Moment(1_795_292_045_000);

pub fn ago(seconds: u64) -> Moment {
    Moment(NOW.0 - seconds * 1_000)
}

pub fn since(seconds: u64) -> Since {
    Since {
        from: ago(seconds),
        now: NOW,
    }
}

pub fn left(seconds: u64, of: u64) -> Left {
    Left {
        until: Moment(NOW.0 + seconds * 1_000),
        now: NOW,
        of: Some(Duration::from_secs(of)),
    }
}

pub fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub fn shell(here: Place, title: &str) -> Shell {
    Shell {
        plan: "chat-uuid".into(),
        target: "postgres://db.internal:5432/chat".into(),
        here,
        title: title.into(),
        standing: Standing::new(
            Mark::Asks,
            "waits",
            "Phase users is cut over, and waits for a decision: latency is above its threshold.",
        ),
        leads: Some(Leads {
            badge: Badge::new(Mark::Good, "leads"),
            said: "This process leads (lead 3) since 2026-11-20 08:02 UTC.".into(),
        }),
        waiting: 1,
        can_turn_back: true,
        troubles: vec![],
        who: Some(Who {
            name: "on-call".into(),
            role: "approver".into(),
            may_operate: true,
            may_approve: true,
            is_local: false,
        }),
        csrf: "c5f".into(),
        notice: None,
        now: NOW,
        version: "0.1.0".into(),
        again: Some(10),
    }
}

pub fn phases() -> Vec<PhaseCard> {
    let card = |number, id: &str, state, changes: &str, clients: &str| PhaseCard {
        id: id.into(),
        number,
        state,
        changes: changes.into(),
        clients: clients.into(),
        way_back: None,
        bake: None,
        locks: None,
        notes: vec![],
    };
    vec![
        PhaseCard {
            locks: Some("held 31 ms on public.audit_logs".into()),
            ..card(
                1,
                "leaf-tables",
                PhaseState::Contracted,
                "audit_logs, sessions: 2 tables",
                "the new shape alone",
            )
        },
        PhaseCard {
            way_back: Some("way back: catalog only, no row is read".into()),
            bake: Some(left(1_090, 1_800)),
            locks: Some("held 64 ms on public.users".into()),
            ..card(
                2,
                "users",
                PhaseState::CutOver,
                "users, memberships, messages and 4 more: 7 tables",
                "public: new shape; public_leaf_tables: old shape",
            )
        },
        PhaseCard {
            way_back: Some("way back: drop the new columns".into()),
            ..card(
                3,
                "channels",
                PhaseState::Expanding,
                "channels, channel_members: 2 tables",
                "public: old shape",
            )
        },
        PhaseCard {
            notes: texts(&[
                "Holds SQL that is marked irreversible: there is no way back past it but a backup.",
            ]),
            ..card(
                4,
                "retention",
                PhaseState::Pending,
                "SQL of the plan's own",
                "public: old shape",
            )
        },
    ]
}

pub fn overview() -> Overview {
    Overview {
        run: Some(RunNow {
            what: "Going forward".into(),
            since: since(2_412),
            doing: Some("Expand of channels, step 4 of 11: fill channel_members".into()),
            held: None,
            asked: Some(
                "Asked for by on-call: “the users phase has baked overnight on staging”.".into(),
            ),
            can_stop: true,
        }),
        phases: phases(),
        fills: vec![Fill {
            table: "public.channel_members".into(),
            pages: 412_880,
            of_pages: 655_360,
            rows: "31,204,116 rows".into(),
            rate: Some("18,400 rows/s".into()),
            left: Some("17 min 40 s".into()),
            pace: "2 workers, 150 ms a batch".into(),
            reasons: texts(&["standby replica-2 is 6.2 s behind, 5 s at most"]),
            is_paused: false,
        }],
        guards: vec![
            (Badge::new(Mark::Critical, "critical"), 1),
            (Badge::new(Mark::Warning, "warning"), 1),
            (Badge::new(Mark::Unknown, "no data"), 1),
            (Badge::new(Mark::Good, "pass"), 5),
        ],
        happened: vec![
            event(
                12,
                Mark::Asks,
                "question 12 to on-call or dba: turn back users?",
                "15 min, then turn back",
            ),
            event(
                14,
                Mark::Critical,
                "guard latency says critical",
                "412 ms is beyond 300 ms in 3 of 5 samples",
            ),
            event(
                64,
                Mark::Warning,
                "guard replication_lag says warning",
                "6.2 s is beyond 5 s",
            ),
            event(710, Mark::Good, "phase users became cut over", ""),
            event(
                711,
                Mark::Good,
                "cut over: swap users and 6 more",
                "waited 12 ms for locks, held them 64 ms",
            ),
            event(790, Mark::Busy, "the watch over users began", "8 guards"),
        ],
        runs: vec![run(
            3,
            "turnback up --to users",
            Mark::Good,
            "done",
            "Phase users is cut over.",
            "",
        )],
        can: vec![Can {
            label: "Turn back…".into(),
            path: "/back".into(),
            grave: true,
        }],
    }
}

fn run(number: i64, typed: &str, mark: Mark, word: &str, outcome: &str, next: &str) -> RunRow {
    RunRow {
        number,
        typed: typed.into(),
        asked: "2026-11-21 19:33, asked for by on-call: “staging was fine”".into(),
        badge: Badge::new(mark, word),
        outcome: outcome.into(),
        next: next.into(),
    }
}

fn event(seconds: u64, mark: Mark, what: &str, detail: &str) -> Happened {
    Happened {
        at: At(ago(seconds)),
        mark,
        what: what.into(),
        detail: detail.into(),
    }
}

pub fn idle() -> Overview {
    Overview {
        run: None,
        runs: vec![run(
            4,
            "turnback up",
            Mark::Warning,
            "stopped, goes on",
            "A server does not answer; nothing is half done.",
            "`turnback up` goes on where it was.",
        )],
        fills: vec![],
        can: vec![
            Can {
                label: "Go forward…".into(),
                path: "/up".into(),
                grave: false,
            },
            Can {
                label: "Contract…".into(),
                path: "/contract".into(),
                grave: true,
            },
        ],
        happened: vec![],
        guards: vec![],
        phases: phases()
            .into_iter()
            .map(|phase| PhaseCard {
                state: PhaseState::Pending,
                way_back: None,
                bake: None,
                locks: None,
                clients: "public: old shape".into(),
                ..phase
            })
            .collect(),
    }
}

/// A guard with a chart of made-up samples.
pub fn guard(
    name: &str,
    level: Mark,
    word: &str,
    unit: Unit,
    values: &[Option<f64>],
    limits: [&str; 2],
) -> GuardCard {
    guard_of(name, level, word, unit, values, limits, [420.0, 210.0])
}

/// The same with a chart of this width and height.
pub fn guard_of(
    name: &str,
    level: Mark,
    word: &str,
    unit: Unit,
    values: &[Option<f64>],
    limits: [&str; 2],
    [width, height]: [f64; 2],
) -> GuardCard {
    let terms = GuardTerms {
        guard: name.into(),
        unit,
        warning: Some(limits[0].into()),
        critical: Some(limits[1].into()),
        times: 3,
        of: 5,
        interval_millis: 10_000,
    };
    let samples: Vec<Sample> = values
        .iter()
        .rev()
        .enumerate()
        .rev()
        .map(|(back, value)| Sample {
            guard: name.into(),
            at: ago(back as u64 * 10),
            reading: value.map_or(Reading::NoData, Reading::single),
        })
        .collect();
    let first: Vec<f64> = values.iter().flatten().copied().take(30).collect();
    let series = Series {
        from: ago(1_200),
        until: ago(900),
        unit,
        objects: vec![ObjectValues {
            object: None,
            values: first.iter().map(|value| unit.to_base(*value)).collect(),
        }],
        unknown: 0,
    };
    let measured = watched(&terms, &samples, Some(&series));
    let chart = Chart {
        measured: &measured,
        beside: None,
        marks: vec![("cut over", ago(200))],
        id: name,
        width,
        height,
    };
    let show = |value: f64| measured.dimension.show(value);
    GuardCard {
        name: name.into(),
        measures: match name {
            "replication_lag" => "How far the slowest standby is behind.",
            "checkout_errors" => "Failed checkouts, from Prometheus.",
            "orphans" => "Rows that refer to a row that is not there.",
            "lock_waits" => "Clients that wait for a lock.",
            _ => "The slowest of twenty statements on users and messages.",
        }
        .into(),
        badge: Badge::new(level, word),
        since: Some(since(74)),
        because: match level {
            Mark::Good => "Within every threshold.".into(),
            Mark::Unknown => {
                "The probe answered, and had no value: nobody knows, so nothing goes on.".into()
            }
            Mark::Warning => format!("Beyond {} in 3 of the last 5 samples.", limits[0]),
            _ => format!("Beyond {} in 3 of the last 5 samples.", limits[1]),
        },
        value: measured
            .points
            .last()
            .and_then(|point| point.value)
            .map(show),
        terms: vec![
            Pair::new("warning", limits[0]),
            Pair::new("critical", limits[1]),
            Pair::new(
                "normal",
                measured.normal.map_or("not measured".into(), |n| {
                    format!("{}, {} to {}", show(n.median), show(n.least), show(n.most))
                }),
            ),
            Pair::new("looks", "every 10 s, 3 of 5 beyond"),
        ],
        chart: chart.svg(),
        samples: measured
            .points
            .iter()
            .rev()
            .take(6)
            .map(|point| SampleRow {
                at: At(point.at),
                value: point.value.map_or("none".into(), show),
                note: if point.bad {
                    "beyond".into()
                } else {
                    String::new()
                },
            })
            .collect(),
    }
}

pub fn guards() -> Guards {
    let wave = |base: f64, swing: f64, rise: f64, gap: bool| -> Vec<Option<f64>> {
        (0..60)
            .map(|n| {
                if gap && n > 52 {
                    return None;
                }
                let noise = f64::from((n * 37) % 11) / 11.0 - 0.5;
                let late = f64::from((n - 42).max(0)) * rise;
                Some((base + noise * swing + late).max(0.0))
            })
            .collect()
    };
    Guards {
        phase: Some("users".into()),
        counts: vec![
            (Badge::new(Mark::Critical, "critical"), 1),
            (Badge::new(Mark::Warning, "warning"), 1),
            (Badge::new(Mark::Unknown, "no data"), 1),
            (Badge::new(Mark::Good, "pass"), 2),
        ],
        guards: vec![
            guard(
                "latency",
                Mark::Critical,
                "critical",
                Unit::Milliseconds,
                &wave(140.0, 60.0, 16.0, false),
                ["+50%", "300 ms"],
            ),
            guard(
                "replication_lag",
                Mark::Warning,
                "warning",
                Unit::Seconds,
                &wave(1.2, 1.0, 0.28, false),
                ["5s", "30s"],
            ),
            guard(
                "checkout_errors",
                Mark::Unknown,
                "no data",
                Unit::Percent,
                &wave(0.4, 0.3, 0.0, true),
                ["1%", "2%"],
            ),
            guard(
                "orphans",
                Mark::Good,
                "pass",
                Unit::Number,
                &wave(0.0, 0.0, 0.0, false),
                ["> 0", "> 10"],
            ),
            guard(
                "lock_waits",
                Mark::Good,
                "pass",
                Unit::Number,
                &wave(1.0, 2.0, 0.0, false),
                ["5", "20"],
            ),
        ],
    }
}
