//! How often the comparison of a canary with the rest errs: prints the tables of `docs/canary.md`.
//!
//! `cargo run -p turnback-core --example canary_rates -- [ROUNDS]`; `TURNBACK_SEED` chooses others.

#[path = "../common/draws.rs"]
mod draws;
mod noise;
mod rollouts;

use noise::{Kind, Measure};
use rollouts::{Rates, Trial, run};
use turnback_core::guard::Belief;

/// The same numbers every time.
const SEED: u64 = 20_261_121;
const BELIEFS: [(u32, u32); 2] = [(3, 5), (12, 20)];

fn main() {
    let rounds = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let rounds: u64 = rounds.unwrap_or(200);
    let seed = std::env::var("TURNBACK_SEED").ok();
    let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    println!("{rounds} rollouts of each, TURNBACK_SEED={seed}\n");
    for (title, threshold, slower, kinds) in [
        ("Latency", "+50%", [1.2, 1.5, 2.0], latencies()),
        ("Errors", "x2", [1.5, 3.0, 10.0], errors()),
    ] {
        println!("**{title}, `critical: \"{threshold}\"`**\n");
        let times = slower.map(|times| format!(" × {times} |")).concat();
        println!("| what is measured | `for` | nothing wrong |{times}");
        println!("| --- | --- | --- | --- | --- | --- |");
        for (name, kind) in kinds {
            for (beyond, of) in BELIEFS {
                let cells = [1.0, slower[0], slower[1], slower[2]].map(|times| {
                    let trial = Trial {
                        kind,
                        belief: Belief { beyond, of },
                        threshold,
                        times,
                    };
                    cell(&run(&trial, rounds, seed))
                });
                println!("| {name} | `{beyond} of {of}` | {} |", cells.join(" | "));
            }
        }
        println!();
    }
}

fn latencies() -> Vec<(&'static str, Kind)> {
    let kind = |requests, window, is_disturbed| Kind {
        measure: Measure::Latency,
        requests,
        window,
        is_disturbed,
    };
    vec![
        ("100,000 requests", kind(100_000.0, 1, false)),
        ("10,000 requests", kind(10_000.0, 1, false)),
        ("1,000 requests", kind(1_000.0, 1, false)),
        (
            "1,000 requests, windows of a minute",
            kind(1_000.0, 6, false),
        ),
        (
            "10,000 requests, both slowed for 5 min",
            kind(10_000.0, 1, true),
        ),
        (
            "1,000 requests, both slowed for 5 min",
            kind(1_000.0, 1, true),
        ),
    ]
}

fn errors() -> Vec<(&'static str, Kind)> {
    let kind = |part, requests, window| Kind {
        measure: Measure::Errors(part),
        requests,
        window,
        is_disturbed: false,
    };
    vec![
        ("1 in 100,000 of 10,000", kind(0.000_01, 10_000.0, 1)),
        ("1 in 1,000 of 10,000", kind(0.001, 10_000.0, 1)),
        ("1 in 100 of 10,000", kind(0.01, 10_000.0, 1)),
        (
            "1 in 100 of 10,000, windows of a minute",
            kind(0.01, 10_000.0, 6),
        ),
        ("1 in 100 of 100,000", kind(0.01, 100_000.0, 1)),
    ]
}

/// Turned back at each share, what came through, and the time it took in the middle.
fn cell(rates: &Rates) -> String {
    let steps = rates.turned_back.map(percent).join("/");
    let delay = rates.delay.map_or("—".to_owned(), |samples| {
        format!("{} min", (samples as f64 / 6.0).round())
    });
    format!("{steps} / {} / {delay}", percent(rates.passed))
}

fn percent(part: f64) -> String {
    format!("{:.0}", part * 100.0)
}
