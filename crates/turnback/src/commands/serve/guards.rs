//! Guards, what they say and what is asked, as the server shows them.

use std::collections::BTreeMap;

use turnback_core::decision::{Action, Otherwise};
use turnback_core::guard::{Baseline, Guard, Moment, Probe, Reading, Sample, Threshold, Verdict};
use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_server::model;
use turnback_store::AskedQuestion;

use crate::commands::status::{CanaryState, canaries};

/// What a guard is told to find good and bad.
pub(super) fn terms(guard: &Guard) -> model::Terms {
    let words = |threshold: &Option<Threshold>| threshold.map(|threshold| threshold.to_string());
    let at = |threshold: &Option<Threshold>| match threshold {
        Some(Threshold::Absolute { limit, .. }) => Some(limit.per_base()),
        _ => None,
    };
    model::Terms {
        guard: guard.name.clone(),
        measures: measures(&guard.probe),
        unit: guard.unit.as_str().to_owned(),
        warning: words(&guard.warning),
        warning_at: at(&guard.warning),
        critical: words(&guard.critical),
        critical_at: at(&guard.critical),
        times: guard.belief.beyond,
        of: guard.belief.of,
        interval_millis: u64::try_from(guard.interval.as_millis()).unwrap_or(u64::MAX),
        phases: guard.phases.clone().unwrap_or_default(),
    }
}

/// What is measured, as a sentence; without what may be secret.
fn measures(probe: &Probe) -> String {
    match probe {
        Probe::BuiltIn(built_in) | Probe::OfRole(built_in, _) => {
            format!("{} on the target", built_in.as_str())
        }
        Probe::Sql(query) => format!("a query on the target: {query}"),
        Probe::Prometheus { url, query } => format!("Prometheus at {url}: {query}"),
        Probe::Http(http) => format!("a request to {}", http.url),
        Probe::Alertmanager { url, .. } => format!("alerts that are firing at {url}"),
        Probe::Command { run, .. } => {
            let program = run.first().map(String::as_str).unwrap_or_default();
            format!("the command {program}")
        }
    }
}

/// What each guard said last, of phases that are not over; and until when phases bake.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    pub(super) says: BTreeMap<String, Vec<model::Said>>,
    pub(super) bakes_until: BTreeMap<String, u64>,
    /// Canaries that are under way.
    pub(super) canaries: Vec<CanaryState>,
    /// When each phase became what it is.
    pub(super) became: BTreeMap<String, Moment>,
}

impl Heard {
    /// From what the watch wrote, in the order in which it did.
    pub(super) fn of(events: Vec<(Moment, JournalEvent)>) -> Self {
        let mut verdicts: BTreeMap<(String, String), Verdict> = BTreeMap::new();
        let mut heard = Self {
            canaries: canaries(&events),
            ..Self::default()
        };
        for (at, event) in events {
            match event {
                JournalEvent::GuardSays { phase, verdict } => {
                    verdicts.insert((verdict.guard.clone(), phase), verdict);
                }
                JournalEvent::BakeBegun { phase, millis } => {
                    heard.bakes_until.insert(phase, at.0.saturating_add(millis));
                }
                JournalEvent::BakePassed { phase } => {
                    heard.bakes_until.remove(&phase);
                    verdicts.retain(|(_, of), _| *of != phase);
                }
                JournalEvent::PhaseBecame { phase, state } => {
                    if matches!(state, PhaseState::Pending | PhaseState::Contracted) {
                        heard.bakes_until.remove(&phase);
                        verdicts.retain(|(_, of), _| *of != phase);
                    }
                    heard.became.insert(phase, at);
                }
                _ => {}
            }
        }
        for ((guard, phase), verdict) in verdicts {
            heard.says.entry(guard).or_default().push(model::Said {
                phase,
                level: verdict.level.as_str().to_owned(),
                since: verdict.since.0,
                at: verdict.at.0,
                value: verdict.value,
                object: verdict.object,
                because: verdict.because,
            });
        }
        heard
    }
}

/// A sample, as the probe gave it.
pub(super) fn reading(sample: Sample) -> model::Reading {
    let (values, failure) = match sample.reading {
        Reading::Measured(values) => (values.iter().map(|value| value.value).collect(), None),
        Reading::NoData => (vec![], None),
        Reading::Failed(why) => (vec![], Some(why)),
    };
    model::Reading {
        at: sample.at.0,
        values,
        failure,
    }
}

/// What was normal before a phase.
pub(super) fn baseline(phase: &str, kept: &Baseline) -> model::Baseline {
    let from = kept.guards.values().map(|series| series.from.0).min();
    let until = kept.guards.values().map(|series| series.until.0).max();
    let guards = kept.guards.iter().map(|(guard, series)| {
        let values = series
            .objects
            .iter()
            .flat_map(|of| of.values.iter().copied());
        model::BaselineOf {
            guard: guard.clone(),
            samples: values.clone().count(),
            median: median(values.clone().collect()),
            least: values.clone().reduce(f64::min),
            most: values.reduce(f64::max),
        }
    });
    model::Baseline {
        phase: phase.to_owned(),
        from: from.unwrap_or_default(),
        until: until.unwrap_or_default(),
        guards: guards.collect(),
    }
}

/// The value in the middle, the greater of the two where there are two.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A question, open or closed.
pub(super) fn question(asked: AskedQuestion) -> model::Question {
    let decision = &asked.question.decision;
    let otherwise = match decision.instead_of.as_ref().unwrap_or(&decision.action) {
        Action::Ask(ask) => Some(
            match ask.otherwise {
                Otherwise::Rollback => "it is turned back",
                Otherwise::Hold => "it holds until somebody answers",
                Otherwise::FixForward => "it goes on, and a fix is due",
                Otherwise::Notify | Otherwise::Continue => "it goes on",
            }
            .to_owned(),
        ),
        _ => None,
    };
    let (answer, answered_by) = asked.answer.unzip();
    model::Question {
        number: asked.number,
        phase: asked.phase,
        phases: decision.phases.clone(),
        because: decision.because.clone(),
        guards: asked.question.guards.clone(),
        asked_at: asked.question.asked.0,
        until: asked.until.map(|until| until.0),
        otherwise,
        who: asked.question.who().to_vec(),
        answer: answer.map(|answer| answer.word().replace('-', "_")),
        answered_by,
        refused: asked.refused,
        closed: asked.closed,
    }
}
