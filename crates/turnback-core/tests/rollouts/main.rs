//! Simulated rollouts with known faults, through guards and decisions: what is found when, what is
//! missed, and what is turned back for nothing. `cargo run --release -p turnback-core --example
//! rollouts` runs a thousand.

mod noise;
mod rollout;
mod tally;

use rollout::{Fault, Should};

/// Rollouts of this test: as many with each fault.
const ROLLOUTS: usize = 10 * Fault::ALL.len();

#[test]
fn faults_are_found_in_time_and_healthy_rollouts_go_on() {
    let seed = std::env::var("TURNBACK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1);
    println!("TURNBACK_SEED={seed}");
    let tallies = tally::tally(&tally::plan(), ROLLOUTS, seed);
    println!("{}", tally::table(&tallies));
    for (fault, tally) in &tallies {
        let words = fault.words();
        // A change that lies between two thresholds is not always told from one beyond both: then
        // what is only to be asked about is turned back. Nothing else ever is for nothing.
        let between = fault.should() == Should::Ask;
        if !between {
            assert_eq!(tally.false_rollbacks, 0, "turned back for nothing: {words}");
        }
        if fault.should() == Should::TurnBack {
            assert_eq!(tally.missed, 0, "missed: {words}");
        }
        let enough = if between { 6 } else { 8 };
        assert!(tally.right * 10 >= tally.rollouts * enough, "{words}");
        if let (Should::TurnBack, Some(longest)) = (fault.should(), tally.within(1.0)) {
            assert!(longest <= 600.0, "{words}: {longest} s");
        }
    }
    let found = |fault: Fault| tallies[&fault].within(0.5).expect("it was found");
    assert!(found(Fault::Orphans) <= 10.0);
    assert!(found(Fault::ManyFail) <= 60.0);
    assert!(found(Fault::TwiceAsSlow) <= 180.0);
}

#[test]
fn the_same_seed_makes_the_same_rollout() {
    let plan = tally::plan();
    let once = rollout::roll_out(&plan, Fault::SlowAndBlind, 5);
    assert_eq!(once, rollout::roll_out(&plan, Fault::SlowAndBlind, 5));
}
