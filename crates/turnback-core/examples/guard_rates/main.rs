//! How often a relative guard errs: prints the tables of `docs/guards.md`.
//!
//! `cargo run --release -p turnback-core --example guard_rates -- [ROUNDS]`

#[path = "../common/draws.rs"]
mod draws;
mod noise;
mod rounds;

use noise::Noise;
use rounds::{Rates, Trial, run, run_means};
use turnback_core::guard::Belief;

/// The same numbers every time.
const SEED: u64 = 20_261_121;
const SIZES: [(u64, u32, u32); 5] = [
    (30, 3, 5),
    (30, 6, 10),
    (90, 6, 10),
    (90, 12, 20),
    (360, 12, 20),
];

fn main() {
    let rounds = std::env::args().nth(1);
    let rounds: u64 = rounds.and_then(|n| n.parse().ok()).unwrap_or(200);
    println!("{rounds} rounds of each, seed {SEED}\n");
    for (threshold, times) in [("+20%", 1.5), ("+50%", 2.0)] {
        println!(
            "**`{threshold}`**, where nothing changes, and where everything becomes {times} times as slow\n"
        );
        let mut head = "| noise | means of five |".to_owned();
        for (baseline, beyond, of) in SIZES {
            head += &format!(" {baseline} values, `{beyond} of {of}` |");
        }
        println!("{head}\n|{}", " --- |".repeat(SIZES.len() + 2));
        for noise in Noise::ALL {
            let trial = |(baseline, beyond, of), times| Trial {
                noise,
                baseline,
                belief: Belief { beyond, of },
                threshold,
                times,
            };
            let means = [1.0, times].map(|t| run_means(&trial(SIZES[0], t), rounds, SEED));
            let mut row = format!("| {} | {} |", name(noise), cell(&means));
            for size in SIZES {
                let rates = [1.0, times].map(|t| run(&trial(size, t), rounds, SEED));
                row += &format!(" {} |", cell(&rates));
            }
            println!("{row}");
        }
        println!();
    }
}

/// False alarms where nothing changes, what was missed where it does, and the delay.
fn cell([still, changed]: &[Rates; 2]) -> String {
    let delay = changed
        .delay
        .map_or("—".to_owned(), |samples| samples.to_string());
    format!(
        "{} / {} / {delay}",
        percent(still.false_alarms),
        percent(changed.missed)
    )
}

fn percent(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}

/// As the tables name it.
fn name(noise: Noise) -> &'static str {
    match noise {
        Noise::Even => "even: normal, 10% wide",
        Noise::Skewed => "skewed: log-normal, σ 0.4",
        Noise::Spikes => "spikes: 3 in 100 are ten times as high",
        Noise::Clinging => "clinging: each like the one before (ρ 0.8)",
        Noise::TwoModes => "two modes: 1 in 5 is three times as slow",
        Noise::Coarse => "coarse: whole milliseconds, 1 to 5",
        Noise::Tide => "tide: 10% up and down with the hour",
    }
}
