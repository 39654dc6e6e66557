//! A thousand simulated rollouts with known faults, as a table in Markdown: the one in
//! `docs/decisions.md`.
//!
//! `cargo run --release -p turnback-core --example rollouts`; `TURNBACK_SEED` and
//! `TURNBACK_ROLLOUTS` choose others.

#[path = "../tests/rollouts/noise.rs"]
mod noise;
#[path = "../tests/rollouts/rollout.rs"]
mod rollout;
#[path = "../tests/rollouts/tally.rs"]
mod tally;

fn main() {
    let number = |name: &str, default: u64| {
        let given = std::env::var(name).ok();
        given.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let seed = number("TURNBACK_SEED", 1);
    let rollouts = usize::try_from(number("TURNBACK_ROLLOUTS", 1_008)).unwrap_or(usize::MAX);
    println!("TURNBACK_SEED={seed}");
    let tallies = tally::tally(&tally::plan(), rollouts, seed);
    print!("{}", tally::table(&tallies));
}
