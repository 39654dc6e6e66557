//! The canary of a phase, from the plan, the flag and what edges answer.

use std::time::Duration;

use turnback_core::flag::{Flag, FlagState, Share, Stored};
use turnback_core::guard::{Moment, ObjectValues, Sample, Series, Unit};
use turnback_core::human::human_millis;
use turnback_core::incident::{Chart, Measured, watched};
use turnback_core::journal::GuardTerms;
use turnback_core::state::PhaseState;

use super::super::frame::{clock, ready, state};
use super::super::known::{Now, look, sentence};
use super::super::view::{
    Badge, CanaryStep, CanaryView, ComparedGuard, Left, Mark, Pair, Part, Stand,
};
use super::{guards, level};
use crate::model::{Canary, Compared, Plan, PlannedCanary};
use crate::server::Server;

/// A chart shows so much, in milliseconds.
const SPAN: u64 = 20 * 60 * 1_000;
/// And so many samples at most, of each group.
const MOST: u32 = 240;
/// Guards beyond so many are shown without one.
const CHARTS: usize = 20;

/// The canary of the phase that has gone furthest without being cut over; or the next one's.
pub(crate) async fn read(server: &Server, stored: &Stored, now: &Now) -> Option<CanaryView> {
    let plan = server.edges.looks.plan();
    let (phase, planned) = chosen(&plan, now)?;
    // How far it has come is seen by its flag, too, where that is all there is.
    let under_way = match look(server.edges.looks.canaries()).await {
        Part::Ready(canaries) => canaries.into_iter().find(|canary| canary.phase == phase),
        Part::Loading | Part::Broken(_) => None,
    };
    let mut shown = stands(phase, planned, stored, now);
    if let Some(canary) = under_way {
        shown.goes(&canary);
        for (number, of) in canary.compared.iter().enumerate() {
            let chart = if number < CHARTS {
                chart(server, number, of, canary.since).await
            } else {
                None
            };
            shown.compared.push(compared(of, chart));
        }
    }
    Some(shown)
}

fn chosen<'a>(plan: &'a Plan, now: &Now) -> Option<(&'a str, &'a PlannedCanary)> {
    plan.phases
        .iter()
        .filter_map(|phase| Some((phase.id.as_str(), phase.canary.as_ref()?)))
        .find(|(id, _)| {
            matches!(
                of(id, now),
                PhaseState::Pending | PhaseState::Expanding | PhaseState::Expanded
            )
        })
}

fn of(id: &str, now: &Now) -> PhaseState {
    let phase = ready(&now.phases).iter().find(|phase| phase.id == id);
    phase.map(state).unwrap_or_default()
}

/// What the flag alone says of it.
fn stands(id: &str, canary: &PlannedCanary, stored: &Stored, now: &Now) -> CanaryView {
    let flag = stored.set.flag(&canary.flag);
    let at = flag
        .filter(|flag| flag.state() == FlagState::Enabled)
        .and_then(Flag::share)
        .unwrap_or(Share::NONE);
    let steps: Vec<Share> = canary
        .steps
        .iter()
        .filter_map(|step| step.parse().ok())
        .collect();
    let done = steps.iter().filter(|step| **step < at).count();
    let here = steps.iter().position(|step| *step == at);
    let badge = match (of(id, now), here) {
        (PhaseState::Expanded, Some(step)) => {
            Badge::new(Mark::Busy, format!("step {} of {}", step + 1, steps.len()))
        }
        (PhaseState::Expanded, None) if at == Share::NONE => {
            Badge::new(Mark::Idle, "nobody is sent yet")
        }
        (PhaseState::Expanded, None) => Badge::new(Mark::Warning, "set by hand"),
        _ => Badge::new(Mark::Idle, "not begun"),
    };
    let stand = |at: usize| match here {
        Some(here) if at == here => Stand::Here,
        _ if at < done => Stand::Past,
        _ => Stand::Ahead,
    };
    CanaryView {
        phase: id.to_owned(),
        flag: canary.flag.clone(),
        badge,
        said: format!(
            "The flag {} sends {at} of people to the new shape.",
            canary.flag
        ),
        steps: canary
            .steps
            .iter()
            .enumerate()
            .map(|(number, share)| CanaryStep {
                share: share.clone(),
                stand: stand(number),
            })
            .collect(),
        ..CanaryView::default()
    }
}

impl CanaryView {
    /// Takes over how long the step holds yet, and why its time does not count.
    fn goes(&mut self, canary: &Canary) {
        let now = clock();
        self.is_through = canary.is_through;
        self.compare = canary.compare.clone();
        self.waits = canary.waits.as_deref().map(sentence);
        self.reckoned = canary.reckoned;
        if canary.is_through {
            return;
        }
        match (canary.left_millis, &canary.waits) {
            (Some(left), None) => {
                self.left = Some(Left {
                    until: Moment(now.0.saturating_add(left)),
                    now,
                    of: canary.hold_millis.map(Duration::from_millis),
                });
            }
            (Some(left), Some(_)) => self.stands_at = Some(human_millis(left)),
            (None, _) => {}
        }
    }
}

fn compared(of: &Compared, chart: Option<String>) -> ComparedGuard {
    let unit = Unit::named(&of.unit).unwrap_or(Unit::Number);
    let show = |value: f64| unit.dimension().show(value);
    let figure = |value: Option<f64>, samples: usize| match value {
        Some(value) => format!("{} (of {samples})", show(value)),
        None => "not measured".to_owned(),
    };
    let mut figures = vec![Pair::new("canary", figure(of.canary, of.canary_samples))];
    if of.is_relative {
        figures.push(Pair::new("rest", figure(of.rest, of.rest_samples)));
        figures.push(Pair::new("change", change(of)));
    }
    figures.extend(of.warning.as_ref().map(|at| Pair::new("warning", at)));
    figures.extend(of.critical.as_ref().map(|at| Pair::new("critical", at)));
    ComparedGuard {
        guard: of.guard.clone(),
        object: of.object.clone(),
        badge: match &of.level {
            Some(word) => level(word),
            None => Badge::new(Mark::Unknown, "not heard yet"),
        },
        figures,
        because: of.because.as_deref().map_or_else(
            || "It has not been heard at this step: unknown never goes on.".to_owned(),
            sentence,
        ),
        chart,
    }
}

/// `+35%`, `−4%`, `the same`.
fn change(of: &Compared) -> String {
    let percent = match (of.change, of.canary, of.rest) {
        (Some(change), ..) => (change * 100.0).round(),
        (None, Some(0.0), Some(_)) => 0.0,
        (None, Some(_), Some(_)) => return "from nothing".to_owned(),
        (None, ..) => return "unknown".to_owned(),
    };
    match percent {
        0.0 => "the same".to_owned(),
        more if more > 0.0 => format!("+{more}%"),
        less => format!("−{}%", -less),
    }
}

/// Both groups over time.
async fn chart(
    server: &Server,
    number: usize,
    of: &Compared,
    since: Option<u64>,
) -> Option<String> {
    let from = clock().0.saturating_sub(SPAN);
    let unit = Unit::named(&of.unit).unwrap_or(Unit::Number);
    let canary = samples(server, &of.guard, from).await;
    let rest = if of.is_relative {
        samples(server, &format!("{}@rest", of.guard), from).await
    } else {
        vec![]
    };
    let terms = |guard: &str| GuardTerms {
        guard: guard.to_owned(),
        unit,
        warning: of.warning.clone(),
        critical: of.critical.clone(),
        times: 0,
        of: 0,
        interval_millis: 0,
    };
    // A change is counted from the middle of the rest.
    let middle = of.rest.map(|rest| Series {
        from: Moment(from),
        until: Moment(from),
        unit,
        objects: vec![ObjectValues {
            object: None,
            values: vec![rest],
        }],
        unknown: 0,
    });
    let rest = watched(&terms(&format!("{}@rest", of.guard)), &rest, None);
    let canary = Measured {
        normal: None,
        ..watched(&terms(&of.guard), &canary, middle.as_ref())
    };
    let step = since.filter(|since| *since > from).map(Moment);
    Chart {
        measured: &canary,
        beside: (!rest.points.is_empty()).then_some(("rest", &rest)),
        marks: step.map(|at| ("step", at)).into_iter().collect(),
        id: &format!("canary-{number}"),
        width: 420.0,
        height: 190.0,
    }
    .svg()
}

async fn samples(server: &Server, guard: &str, from: u64) -> Vec<Sample> {
    let samples = server.edges.looks.samples(guard, from, MOST).await;
    let readings = samples.map(|samples| samples.samples).unwrap_or_default();
    readings
        .iter()
        .map(|reading| guards::sample(guard, reading))
        .collect()
}
