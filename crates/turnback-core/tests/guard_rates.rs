//! Relative guards seldom err: the bounds of the tables in `docs/guards.md`, on fewer rounds.

#[path = "../examples/common/draws.rs"]
mod draws;
#[path = "../examples/guard_rates/noise.rs"]
mod noise;
#[path = "../examples/guard_rates/rounds.rs"]
mod rounds;

use noise::Noise;
use rounds::{Trial, run, run_means};
use turnback_core::guard::Belief;

const SEED: u64 = 7;
const ROUNDS: u64 = 40;

fn trial(noise: Noise, baseline: u64, (beyond, of): (u32, u32), times: f64) -> Trial {
    Trial {
        noise,
        baseline,
        belief: Belief { beyond, of },
        threshold: "+50%",
        times,
    }
}

#[test]
fn noise_seldom_turns_a_healthy_phase_back() {
    println!("seed {SEED}");
    for noise in Noise::ALL {
        // What clings together needs a baseline of an hour.
        let baseline = if noise == Noise::Clinging { 360 } else { 90 };
        let rates = run(&trial(noise, baseline, (12, 20), 1.0), ROUNDS, SEED);
        assert!(rates.false_alarms <= 0.10, "{noise:?}: {rates:?}");
    }
}

#[test]
fn what_becomes_twice_as_slow_is_seldom_missed() {
    println!("seed {SEED}");
    for noise in Noise::ALL {
        let baseline = if noise == Noise::Clinging { 360 } else { 90 };
        let rates = run(&trial(noise, baseline, (12, 20), 2.0), ROUNDS, SEED);
        assert!(rates.missed <= 0.10, "{noise:?}: {rates:?}");
        // Twelve samples beyond it take twelve samples; twice as many would be half of the bake.
        let delay = rates.delay.expect("most rounds saw it");
        assert!((1..=30).contains(&delay), "{noise:?}: {rates:?}");
    }
}

#[test]
fn five_samples_suffice_where_noise_is_narrow() {
    println!("seed {SEED}");
    let still = run(&trial(Noise::Even, 30, (3, 5), 1.0), ROUNDS, SEED);
    let slower = run(&trial(Noise::Even, 30, (3, 5), 2.0), ROUNDS, SEED);
    assert_eq!((still.false_alarms, slower.missed), (0.0, 0.0));
    assert!(slower.delay.is_some_and(|delay| delay <= 5), "{slower:?}");
}

#[test]
fn single_spikes_turn_a_comparison_of_means_back_and_not_this() {
    println!("seed {SEED}");
    let spikes = trial(Noise::Spikes, 90, (6, 10), 1.0);
    let (ours, means) = (run(&spikes, ROUNDS, SEED), run_means(&spikes, ROUNDS, SEED));
    assert!(means.false_alarms >= 0.5, "{means:?}");
    assert!(ours.false_alarms <= 0.05, "{ours:?}");
}
