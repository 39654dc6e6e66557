//! The comparison of a canary with the rest seldom errs: the bounds of the tables in `docs/canary.md`,
//! on fewer rollouts.

#[path = "../examples/common/draws.rs"]
mod draws;
#[path = "../examples/canary_rates/noise.rs"]
mod noise;
#[path = "../examples/canary_rates/rollouts.rs"]
mod rollouts;

use noise::{Kind, Measure};
use rollouts::{Rates, Trial, run};
use turnback_core::guard::Belief;

const SEED: u64 = 7;
const ROUNDS: u64 = 20;

fn rates(kind: Kind, (beyond, of): (u32, u32), threshold: &'static str, times: f64) -> Rates {
    println!("seed {SEED} {kind:?} × {times}");
    let trial = Trial {
        kind,
        belief: Belief { beyond, of },
        threshold,
        times,
    };
    run(&trial, ROUNDS, SEED)
}

/// The part that was turned back while the canary had at most so many of the steps.
fn by_step(rates: &Rates, steps: usize) -> f64 {
    rates.turned_back[..steps].iter().sum()
}

fn latency(requests: f64, window: usize, is_disturbed: bool) -> Kind {
    Kind {
        measure: Measure::Latency,
        requests,
        window,
        is_disturbed,
    }
}

fn errors(part: f64, requests: f64, window: usize) -> Kind {
    Kind {
        measure: Measure::Errors(part),
        requests,
        window,
        is_disturbed: false,
    }
}

#[test]
fn a_healthy_canary_is_seldom_turned_back_however_few_its_users() {
    for (kind, threshold) in [
        (latency(10_000.0, 1, false), "+50%"),
        (latency(1_000.0, 1, false), "+50%"),
        (latency(1_000.0, 6, false), "+50%"),
        (latency(1_000.0, 1, true), "+50%"),
        (errors(0.000_01, 10_000.0, 1), "x2"),
        (errors(0.01, 10_000.0, 1), "x2"),
        (errors(0.01, 10_000.0, 6), "x2"),
    ] {
        let rates = rates(kind, (3, 5), threshold, 1.0);
        assert!(rates.passed >= 0.9, "{kind:?}: {rates:?}");
    }
}

#[test]
fn a_canary_that_is_twice_as_slow_is_found_among_few_users() {
    for (kind, steps) in [
        (latency(10_000.0, 1, false), 1),
        (latency(1_000.0, 1, false), 2),
        (latency(10_000.0, 1, true), 1),
    ] {
        let rates = rates(kind, (3, 5), "+50%", 2.0);
        assert!(by_step(&rates, steps) >= 0.9, "{kind:?}: {rates:?}");
        assert_eq!(rates.passed, 0.0, "{kind:?}: {rates:?}");
    }
}

#[test]
fn a_canary_with_many_errors_is_found_among_few_users() {
    for (kind, times) in [
        (errors(0.01, 10_000.0, 1), 10.0),
        (errors(0.01, 10_000.0, 6), 10.0),
        (errors(0.001, 10_000.0, 1), 100.0),
    ] {
        let rates = rates(kind, (3, 5), "x2", times);
        assert!(by_step(&rates, 1) >= 0.9, "{kind:?}: {rates:?}");
    }
}
