//! How long an incident took, part by part, and on average.

use serde::Serialize;

use super::{Incident, Kind, Measured};
use crate::guard::Moment;

/// How long each part of an incident took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Times {
    /// When what it was about began: with the first sample of the breach where those are known,
    /// with the guard's word otherwise; by hand, with the command.
    pub began: Moment,
    /// From then until the guard said so; none where a person turned back.
    pub to_detect: Option<u64>,
    /// From the guard's word until it was decided what to do.
    pub to_decide: Option<u64>,
    /// From the decision until `public` showed the old shape, or the run went on.
    pub to_recover: Option<u64>,
    /// From the beginning until then.
    pub in_all: Option<u64>,
}

impl Times {
    /// Of an incident, with what its guard measured where that is known.
    pub fn of(incident: &Incident, measured: Option<&Measured>) -> Self {
        let detected = incident.detected;
        let since = incident.trigger.as_ref().map(|verdict| verdict.since);
        let began = measured
            .and_then(|measured| measured.began)
            .or(since)
            .unwrap_or(incident.opened)
            .min(detected.unwrap_or(incident.opened));
        let from = |from: Moment, until: Moment| {
            u64::try_from(until.since(from).as_millis()).unwrap_or(u64::MAX)
        };
        Self {
            began,
            to_detect: detected.map(|detected| from(began, detected)),
            to_decide: detected.map(|detected| from(detected, incident.decided)),
            to_recover: incident.recovered.map(|at| from(incident.decided, at)),
            in_all: incident.recovered.map(|at| from(began, at)),
        }
    }
}

/// Averages over incidents, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Means {
    /// Mean time to detect (MTTD), over those that a guard found.
    pub to_detect: Option<u64>,
    /// Mean time to recover (MTTR), from the beginning of what they were about until `public`
    /// showed the old shape; over those that turned back.
    pub to_recover: Option<u64>,
}

/// The means of incidents with their times.
pub fn means<'a>(incidents: impl IntoIterator<Item = (&'a Incident, &'a Times)>) -> Means {
    let (mut detect, mut recover) = (Vec::new(), Vec::new());
    for (incident, times) in incidents {
        detect.extend(times.to_detect);
        if incident.kind == Kind::TurnBack {
            recover.extend(times.in_all);
        }
    }
    Means {
        to_detect: mean(&detect),
        to_recover: mean(&recover),
    }
}

fn mean(millis: &[u64]) -> Option<u64> {
    let sum: u128 = millis.iter().map(|millis| u128::from(*millis)).sum();
    let mean = sum.checked_div(millis.len() as u128)?;
    u64::try_from(mean).ok()
}
