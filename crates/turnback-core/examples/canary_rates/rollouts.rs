//! Whole rollouts of a canary on made-up measurements: how often it is turned back for nothing, and
//! how often a bad one gets through.

use std::time::Duration;

use turnback_core::canary::{
    Canary, CanaryStep, Compare, Next, Rollout, Seen, Share, Side, ToldBy,
};
use turnback_core::guard::{
    AnyJudge, Belief, Guard, Level, Moment, Of, Probe, Reading, Sample, Threshold, Unit,
};

use super::draws::Draws;
use super::noise::{Drift, Group, Kind};

/// From one sample to the next, in milliseconds.
const INTERVAL: u64 = 10_000;
/// The shares of all rollouts, in hundredths.
pub const STEPS: [f64; 4] = [1.0, 10.0, 50.0, 100.0];
/// How long each is held, in samples: ten minutes.
pub const HOLD: u64 = 60;
/// When something elsewhere slows down both groups, in samples of a step, and for how long.
const DISTURBED: std::ops::Range<u64> = 25..55;

/// What is tried.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub kind: Kind,
    pub belief: Belief,
    /// As plans write it.
    pub threshold: &'static str,
    /// How many times as bad the canary's users have it; 1 where all is well.
    pub times: f64,
}

/// What became of many rollouts.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    /// The part of them that was turned back in each step.
    pub turned_back: [f64; 4],
    /// The part that came through.
    pub passed: f64,
    /// Samples from the beginning of the canary until it was turned back, in the middle.
    pub delay: Option<u64>,
}

/// Runs so many rollouts, each with a seed of its own.
pub fn run(trial: &Trial, rounds: u64, seed: u64) -> Rates {
    let mut turned_back = [0_u64; 4];
    let mut delays = Vec::new();
    for round in 0..rounds {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(round);
        if let Some((step, samples)) = roll_out(trial, seed) {
            turned_back[step] += 1;
            delays.push(samples);
        }
    }
    delays.sort_unstable();
    let part = |count: u64| count as f64 / rounds as f64;
    Rates {
        turned_back: turned_back.map(part),
        passed: part(rounds - delays.len() as u64),
        delay: delays.get(delays.len() / 2).copied(),
    }
}

/// In which step the canary was turned back, and after how many samples; none where it came through.
fn roll_out(trial: &Trial, seed: u64) -> Option<(usize, u64)> {
    let mut draws = Draws::new(seed);
    let mut part = || (draws.unit() * 1e15) as u64;
    let mut drift = Drift::new(part());
    let (mut canary, mut rest) = (
        Group::new(trial.kind, part()),
        Group::new(trial.kind, part()),
    );
    let mut judge = AnyJudge::new(guard(trial), None, Moment(0));
    let mut rollout = Rollout::new(plan(), &[]);
    let (mut share, mut in_step, mut heard) = (Share::NONE, 0, false);
    for n in 1.. {
        let at = Moment(n * INTERVAL);
        let step = rollout.step();
        if !heard && in_step > 10 * HOLD {
            // A step that nobody can judge goes on for ever: neither turned back nor through.
            return None;
        }
        if share > Share::NONE {
            let part = STEPS[step] / 100.0;
            let disturbed = trial.kind.is_disturbed && part < 1.0 && DISTURBED.contains(&in_step);
            let usual = drift.next() * if disturbed { 2.5 } else { 1.0 };
            if part < 1.0 {
                judge.take(&sample(Side::Rest, at, rest.next(1.0 - part, usual, 1.0)));
            }
            let verdict = judge.take(&sample(
                Side::Canary,
                at,
                canary.next(part, usual, trial.times),
            ));
            in_step += 1;
            heard |= verdict.is_some();
            if verdict.is_some_and(|verdict| verdict.level == Level::Critical) {
                return Some((step, n));
            }
        }
        let seen = Seen {
            share: Ok(share),
            holds: None,
            unheard: (share > Share::NONE && !heard).then(|| "too early".to_owned()),
            open: vec![],
        };
        match rollout.look(at, &seen) {
            Next::Enter { to, .. } => {
                share = to;
                rollout.entered();
                (in_step, heard) = (0, false);
                judge.begin_step(at, to == Share::ALL);
            }
            Next::Through => return None,
            Next::Hold { .. } | Next::Wait { .. } | Next::Ask { .. } => {}
        }
    }
    None
}

fn plan() -> Canary {
    let shares = STEPS.map(|part| Share::tenths((part * 10.0) as u16).unwrap_or(Share::ALL));
    Canary {
        flag: "users-uuid".to_owned(),
        compare: Compare {
            by: ToldBy::Role,
            canary: "new".to_owned(),
            rest: "old".to_owned(),
        },
        steps: shares
            .into_iter()
            .map(|share| CanaryStep {
                share,
                hold: Duration::from_millis(HOLD * INTERVAL),
                ask: None,
            })
            .collect(),
        drain: Duration::ZERO,
    }
}

fn sample(side: Side, at: Moment, value: Option<f64>) -> Sample {
    Sample {
        guard: side.sampled_as("measured"),
        at,
        reading: value.map_or(Reading::NoData, Reading::single),
    }
}

fn guard(trial: &Trial) -> Guard {
    Guard {
        name: "measured".to_owned(),
        probe: Probe::Sql("SELECT 1".to_owned()),
        unit: Unit::Number,
        warning: None,
        critical: Threshold::parse(trial.threshold).ok(),
        belief: trial.belief,
        interval: Duration::from_millis(INTERVAL),
        initial_delay: Duration::ZERO,
        timeout: Duration::from_secs(5),
        baseline: Duration::from_secs(900),
        phases: None,
        of: Of::Canary,
    }
}
