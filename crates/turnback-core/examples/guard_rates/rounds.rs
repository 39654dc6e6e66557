//! Rounds of a relative guard on made-up series: how often it errs.

use std::time::Duration;

use turnback_core::guard::{
    BaselineRecorder, Belief, Guard, Judge, Level, Moment, Of, Probe, Reading, Sample, Threshold,
    Unit, Value,
};

use super::noise::{Noise, Series};

/// Samples of half an hour, one every ten seconds.
pub const BAKE: u64 = 180;
/// The sample from which on everything is slower, where it is.
pub const ONSET: u64 = 60;

/// What one guard is tried with.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub noise: Noise,
    /// Values of the baseline.
    pub baseline: u64,
    pub belief: Belief,
    /// As plans write it.
    pub threshold: &'static str,
    /// How many times as slow everything becomes; 1 for not at all.
    pub times: f64,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Rounds in which the guard was critical before anything had changed.
    pub false_alarms: f64,
    /// Rounds in which it was not critical although everything was slower to the end.
    pub missed: f64,
    /// Samples from the change until it said so, in the middle of all rounds that saw it.
    pub delay: Option<u64>,
}

/// Runs so many rounds, each with a seed of its own.
pub fn run(trial: &Trial, rounds: u64, seed: u64) -> Rates {
    let ends: Vec<Option<u64>> = (0..rounds)
        .map(|round| judged(trial, seed.wrapping_mul(1_000_003).wrapping_add(round)))
        .collect();
    summary(trial, &ends)
}

/// The same rounds under the rule that most people write: the mean of the last five samples
/// against the mean of the baseline.
pub fn run_means(trial: &Trial, rounds: u64, seed: u64) -> Rates {
    let ends: Vec<Option<u64>> = (0..rounds)
        .map(|round| averaged(trial, seed.wrapping_mul(1_000_003).wrapping_add(round)))
        .collect();
    summary(trial, &ends)
}

fn summary(trial: &Trial, ends: &[Option<u64>]) -> Rates {
    let changes = trial.times != 1.0;
    let all = ends.len() as f64;
    let early = |end: &u64| !changes || *end < ONSET;
    let false_alarms = ends.iter().flatten().filter(|end| early(end)).count();
    let mut delays: Vec<u64> = ends
        .iter()
        .flatten()
        .filter(|end| !early(end))
        .map(|end| end - ONSET + 1)
        .collect();
    delays.sort_unstable();
    let missed = ends.iter().filter(|end| end.is_none()).count();
    Rates {
        false_alarms: false_alarms as f64 / all,
        missed: if changes { missed as f64 / all } else { 0.0 },
        delay: delays.get(delays.len() / 2).copied(),
    }
}

/// The first sample after which the judge says critical.
fn judged(trial: &Trial, seed: u64) -> Option<u64> {
    let guard = guard(trial);
    let mut series = Series::new(trial.noise, seed);
    let mut recorder = BaselineRecorder::new([&guard]);
    for n in 0..trial.baseline {
        recorder.take(&sample(n, series.next(1.0)));
    }
    let baseline = recorder.baseline().guards.get(&guard.name).cloned();
    let begun = sample(trial.baseline, 0.0).at;
    let mut judge = Judge::new(guard, baseline.as_ref(), begun);
    (0..BAKE).find(|n| {
        let value = series.next(times(trial, *n));
        judge
            .take(&sample(trial.baseline + n + 1, value))
            .is_some_and(|verdict| verdict.level == Level::Critical)
    })
}

fn averaged(trial: &Trial, seed: u64) -> Option<u64> {
    let mut series = Series::new(trial.noise, seed);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let base: Vec<f64> = (0..trial.baseline).map(|_| series.next(1.0)).collect();
    let Ok(Threshold::Relative(change)) = Threshold::parse(trial.threshold) else {
        return None;
    };
    let limit = mean(&base) * change.factor();
    let mut last = Vec::new();
    (0..BAKE).find(|n| {
        last.push(series.next(times(trial, *n)));
        last.len() >= 5 && mean(&last[last.len() - 5..]) > limit
    })
}

fn times(trial: &Trial, n: u64) -> f64 {
    if n < ONSET { 1.0 } else { trial.times }
}

fn sample(n: u64, value: f64) -> Sample {
    Sample {
        guard: "latency".to_owned(),
        at: Moment(n * 10_000),
        reading: Reading::Measured(vec![Value {
            object: None,
            value,
        }]),
    }
}

fn guard(trial: &Trial) -> Guard {
    Guard {
        name: "latency".to_owned(),
        probe: Probe::Sql("SELECT 1".to_owned()),
        unit: Unit::Seconds,
        warning: None,
        critical: Threshold::parse(trial.threshold).ok(),
        belief: trial.belief,
        interval: Duration::from_secs(10),
        initial_delay: Duration::ZERO,
        timeout: Duration::from_secs(5),
        baseline: Duration::from_secs(300),
        phases: None,
        of: Of::default(),
    }
}
