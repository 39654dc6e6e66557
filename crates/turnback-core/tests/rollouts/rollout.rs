//! One rollout: fifteen minutes of baseline, a cut-over, half an hour of bake, and at most one fault.

use std::time::Duration;

use turnback_core::guard::{Moment, Reading, Sample, Value};
use turnback_core::plan::Plan;
use turnback_core::replay::{Event, Script, What, replay};
use turnback_core::state::PhaseState;
use turnback_core::watch::Next;

use super::noise::{Latency, Noise, Shape};

/// When the cut-over is, in seconds.
const CUT_OVER: u64 = 900;
/// When the bake ends, in seconds.
const END: u64 = CUT_OVER + 1800;
/// Time from one sample to the next, in seconds.
const INTERVAL: u64 = 10;
/// Requests between two samples.
const REQUESTS: u32 = 500;

/// What goes wrong, or only looks like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nothing.
    None,
    /// Latency is five times as high for half a minute.
    Spike,
    /// No probe answers for five minutes.
    MonitoringDown,
    /// The controller's clock is set forward by half an hour.
    ClockForward,
    /// One probe in twenty fails.
    FlakyProbes,
    /// Latency is 30% higher for good: worth a question.
    Slower,
    /// Latency is twice as high for good.
    TwiceAsSlow,
    /// Latency rises to three times over ten minutes.
    SlowlySlower,
    /// Two in a hundred requests fail: worth telling.
    SomeFail,
    /// Eight in a hundred requests fail.
    ManyFail,
    /// Rows lose the row that they refer to.
    Orphans,
    /// Latency is twice as high, and monitoring fails now and then.
    SlowAndBlind,
}

/// What should be done about a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Should {
    /// Nothing is turned back, and nobody is asked.
    GoOn,
    /// Somebody is told.
    Tell,
    /// Somebody is asked.
    Ask,
    /// The phase is turned back.
    TurnBack,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Spike,
        Self::MonitoringDown,
        Self::ClockForward,
        Self::FlakyProbes,
        Self::SomeFail,
        Self::Slower,
        Self::TwiceAsSlow,
        Self::SlowlySlower,
        Self::SlowAndBlind,
        Self::ManyFail,
        Self::Orphans,
    ];

    /// What should be done about it.
    pub fn should(self) -> Should {
        match self {
            Self::None
            | Self::Spike
            | Self::MonitoringDown
            | Self::ClockForward
            | Self::FlakyProbes => Should::GoOn,
            Self::SomeFail => Should::Tell,
            Self::Slower => Should::Ask,
            Self::TwiceAsSlow
            | Self::SlowlySlower
            | Self::SlowAndBlind
            | Self::ManyFail
            | Self::Orphans => Should::TurnBack,
        }
    }

    /// For the table.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Spike => "latency 5 times as high for 30 s",
            Self::MonitoringDown => "no probe answers for 5 min",
            Self::ClockForward => "clock set forward by 30 min",
            Self::FlakyProbes => "one probe in twenty fails",
            Self::SomeFail => "2% of requests fail",
            Self::Slower => "latency 30% higher",
            Self::TwiceAsSlow => "latency twice as high",
            Self::SlowlySlower => "latency rises to 3 times in 10 min",
            Self::SlowAndBlind => "latency twice as high, one probe in five fails",
            Self::ManyFail => "8% of requests fail",
            Self::Orphans => "rows lose what they refer to",
        }
    }
}

/// What became of a rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The fault.
    pub fault: Fault,
    /// The most that was done.
    pub done: Should,
    /// Whether it was held at any time.
    pub held: bool,
    /// Seconds from the fault until that was done; none where it was done before, or there was no
    /// fault.
    pub seconds: Option<f64>,
}

/// Runs one rollout with a fault.
pub fn roll_out(plan: &Plan, fault: Fault, seed: u64) -> Outcome {
    let mut noise = Noise::new(seed);
    let begins = CUT_OVER + 60 + (noise.part() * 900.0) as u64;
    let script = script(fault, begins, &mut noise);
    let replay = replay(plan, &script);
    let mut outcome = Outcome {
        fault,
        done: Should::GoOn,
        held: false,
        seconds: None,
    };
    for entry in &replay.entries {
        let What::Does(next) = &entry.what else {
            continue;
        };
        let done = match &**next {
            Next::TurnBack { .. } => Should::TurnBack,
            Next::Ask { .. } => Should::Ask,
            Next::Tell { .. } => Should::Tell,
            Next::Hold { .. } => {
                outcome.held = true;
                continue;
            }
            _ => continue,
        };
        if done > outcome.done {
            outcome.done = done;
            let fault_at = Moment::default() + Duration::from_secs(begins);
            let after = entry.at.since(fault_at).as_secs_f64();
            outcome.seconds = (fault != Fault::None && entry.at >= fault_at).then_some(after);
        }
    }
    outcome
}

fn script(fault: Fault, begins: u64, noise: &mut Noise) -> Script {
    let shape = Shape::ALL[(noise.part() * 4.0) as usize];
    let mut latency = Latency::new(shape, noise);
    let mut events = Vec::new();
    for second in (0..END).step_by(INTERVAL as usize) {
        // A clock that was set forward moves all that comes after it.
        let jump = if fault == Fault::ClockForward && second >= begins {
            1800
        } else {
            0
        };
        let at = Moment::default() + Duration::from_secs(second + jump);
        if second == CUT_OVER {
            let phase = "users".to_owned();
            let state = PhaseState::CutOver;
            events.push((at, Event::Phase { phase, state }));
        }
        let since = (second >= begins).then(|| second - begins);
        let usual = latency.at(second, noise);
        for (guard, number) in [
            ("latency", usual * slowness(fault, since)),
            ("errors", failing(fault, since, noise)),
            ("orphans", orphans(fault, since)),
        ] {
            let reading = if unanswered(fault, since, noise) {
                Reading::Failed("no answer within 5s".to_owned())
            } else {
                Reading::Measured(vec![Value {
                    object: None,
                    value: number,
                }])
            };
            let guard = guard.to_owned();
            events.push((at, Event::Sample(Sample { guard, at, reading })));
        }
    }
    Script { events }
}

fn slowness(fault: Fault, since: Option<u64>) -> f64 {
    match (fault, since) {
        (Fault::Spike, Some(0..30)) => 5.0,
        (Fault::Slower, Some(_)) => 1.3,
        (Fault::TwiceAsSlow | Fault::SlowAndBlind, Some(_)) => 2.0,
        (Fault::SlowlySlower, Some(since)) => 1.0 + 2.0 * (since as f64 / 600.0).min(1.0),
        _ => 1.0,
    }
}

fn failing(fault: Fault, since: Option<u64>, noise: &mut Noise) -> f64 {
    let part = match (fault, since) {
        (Fault::SomeFail, Some(_)) => 0.02,
        (Fault::ManyFail, Some(_)) => 0.08,
        _ => 0.002,
    };
    f64::from(noise.happen(REQUESTS, part)) / f64::from(REQUESTS)
}

fn orphans(fault: Fault, since: Option<u64>) -> f64 {
    match (fault, since) {
        (Fault::Orphans, Some(since)) => (1 + since / 20) as f64,
        _ => 0.0,
    }
}

fn unanswered(fault: Fault, since: Option<u64>, noise: &mut Noise) -> bool {
    // Any probe fails now and then.
    let part = match (fault, since) {
        (Fault::MonitoringDown, Some(0..300)) => 1.0,
        (Fault::FlakyProbes, Some(_)) => 0.05,
        (Fault::SlowAndBlind, Some(_)) => 0.2,
        _ => 0.002,
    };
    noise.chance(part)
}
