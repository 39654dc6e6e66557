//! Guards with their charts, from what edges answer.

use turnback_core::guard::Reading as Measured;
use turnback_core::guard::{Moment, ObjectValues, Sample, Series, Unit, Value};
use turnback_core::human::human_millis;
use turnback_core::incident::{Chart, watched};
use turnback_core::journal::GuardTerms;

use super::super::frame::{clock, progress};
use super::super::known::{Now, look, sentence};
use super::super::view::{At, Badge, GuardCard, Guards, Mark, Pair, Part, SampleRow, Verdicts};
use super::{counted, level, map, since, weight};
use crate::model::{BaselineOf, Guard, Reading, Said, Terms};
use crate::server::Server;

/// A chart shows so much, in milliseconds.
const SPAN: u64 = 20 * 60 * 1_000;
/// And so many samples at most.
const MOST: u32 = 240;
/// The table beside it has so many.
const ROWS: usize = 12;
/// More charts than these make a page heavy; guards beyond are shown without.
const CHARTS: usize = 60;

/// What the page of guards shows.
pub(crate) async fn read(server: &Server, now: &Now) -> Part<Guards> {
    let guards = match look(server.edges.looks.guards()).await {
        Part::Ready(guards) => guards,
        Part::Loading => return Part::Loading,
        Part::Broken(broken) => return Part::Broken(broken),
    };
    let at = clock();
    let phase = progress(now).and_then(|progress| progress.phase.clone());
    // Charts without them are charts all the same.
    let baselines = server.edges.looks.baselines().await.unwrap_or_default();
    let mut cards: Vec<_> = guards
        .iter()
        .map(|guard| {
            let said = said(guard, phase.as_deref());
            (badge(said), guard, said)
        })
        .collect();
    cards.sort_by_key(|(badge, guard, _)| (weight(badge.mark), guard.terms.guard.clone()));
    let counts = counted(cards.iter().map(|(badge, _, _)| badge.clone()));
    let mut shown = Vec::with_capacity(cards.len());
    for (number, (badge, guard, said)) in cards.into_iter().enumerate() {
        let samples = if number < CHARTS {
            let from = at.0.saturating_sub(SPAN);
            let name = &guard.terms.guard;
            let samples = server.edges.looks.samples(name, from, MOST).await;
            samples.map(|samples| samples.samples).unwrap_or_default()
        } else {
            vec![]
        };
        let normal = baselines
            .iter()
            .rev()
            .filter(|baseline| phase.as_ref().is_none_or(|phase| baseline.phase == *phase))
            .find_map(|baseline| {
                let mut of = baseline.guards.iter();
                of.find(|of| of.guard == guard.terms.guard)
            });
        shown.push(card(number, guard, badge, said, &samples, normal, at));
    }
    Part::Ready(Guards {
        phase: phase.filter(|_| !shown.is_empty()),
        guards: shown,
        counts,
    })
}

/// What guards say.
pub(crate) async fn verdicts(server: &Server, now: &Now) -> Part<Verdicts> {
    let phase = progress(now).and_then(|progress| progress.phase.as_deref());
    map(look(server.edges.looks.guards()).await, |guards| {
        let said = guards.iter().map(|guard| badge(said(guard, phase)));
        let counts = counted(said.clone());
        let names = guards.iter().map(|guard| guard.terms.guard.clone());
        Verdicts {
            of: names.zip(said).collect(),
            counts,
        }
    })
}

fn badge(said: Option<&Said>) -> Badge {
    said.map_or_else(
        || Badge::new(Mark::Unknown, "not heard yet"),
        |said| level(&said.level),
    )
}

/// What it says of the phase that is watched, or what it said last.
fn said<'a>(guard: &'a Guard, phase: Option<&str>) -> Option<&'a Said> {
    let of_phase = guard
        .says
        .iter()
        .find(|said| Some(said.phase.as_str()) == phase);
    of_phase.or_else(|| guard.says.iter().max_by_key(|said| said.at))
}

fn card(
    number: usize,
    guard: &Guard,
    badge: Badge,
    said: Option<&Said>,
    readings: &[Reading],
    normal: Option<&BaselineOf>,
    now: Moment,
) -> GuardCard {
    let terms = &guard.terms;
    let unit = Unit::named(&terms.unit).unwrap_or(Unit::Number);
    let samples: Vec<Sample> = readings
        .iter()
        .map(|reading| sample(&terms.guard, reading))
        .collect();
    let series = normal.and_then(series_of(unit));
    let measured = watched(&of(terms, unit), &samples, series.as_ref());
    let show = |value: f64| measured.dimension.show(value);
    let chart = Chart {
        measured: &measured,
        beside: None,
        marks: vec![],
        id: &format!("guard-{number}"),
        width: 420.0,
        height: 190.0,
    };
    GuardCard {
        name: terms.guard.clone(),
        measures: sentence(&terms.measures),
        badge,
        since: said.map(|said| since(said.since, now)),
        because: said.map_or_else(
            || "It has not been heard yet: unknown never goes on.".to_owned(),
            |said| sentence(&said.because),
        ),
        value: said.and_then(|said| said.value).map(show),
        terms: terms_of(terms, normal, &show),
        chart: chart.svg(),
        samples: measured
            .points
            .iter()
            .rev()
            .take(ROWS)
            .map(|point| SampleRow {
                at: At(point.at),
                value: point.value.map_or_else(|| "none".to_owned(), show),
                note: match (point.unknown, point.bad) {
                    (true, _) => "not measured",
                    (false, true) => "beyond",
                    (false, false) => "",
                }
                .to_owned(),
            })
            .collect(),
    }
}

fn terms_of(terms: &Terms, normal: Option<&BaselineOf>, show: &dyn Fn(f64) -> String) -> Vec<Pair> {
    let mut pairs = vec![];
    pairs.extend(terms.warning.as_ref().map(|at| Pair::new("warning", at)));
    pairs.extend(terms.critical.as_ref().map(|at| Pair::new("critical", at)));
    let range = normal.and_then(|of| Some((of.median?, of.least?, of.most?)));
    pairs.extend(range.map(|(median, least, most)| {
        let said = format!("{}, {} to {}", show(median), show(least), show(most));
        Pair::new("normal", said)
    }));
    pairs.push(Pair::new(
        "looks",
        format!(
            "every {}; {} of {} beyond count",
            human_millis(terms.interval_millis),
            terms.times,
            terms.of
        ),
    ));
    pairs
}

fn of(terms: &Terms, unit: Unit) -> GuardTerms {
    GuardTerms {
        guard: terms.guard.clone(),
        unit,
        warning: terms.warning.clone(),
        critical: terms.critical.clone(),
        times: terms.times,
        of: terms.of,
        interval_millis: terms.interval_millis,
    }
}

pub(super) fn sample(guard: &str, reading: &Reading) -> Sample {
    let several = reading.values.len() > 1;
    let values = reading.values.iter().enumerate().map(|(at, value)| Value {
        object: several.then(|| at.to_string()),
        value: *value,
    });
    Sample {
        guard: guard.to_owned(),
        at: Moment(reading.at),
        reading: match &reading.failure {
            Some(failure) => Measured::Failed(failure.clone()),
            None => Measured::of(values),
        },
    }
}

/// What was normal, with its median and its range: all that a chart shows of it.
fn series_of(unit: Unit) -> impl Fn(&BaselineOf) -> Option<Series> {
    move |of| {
        Some(Series {
            from: Moment(0),
            until: Moment(0),
            unit,
            objects: vec![ObjectValues {
                object: None,
                values: vec![of.least?, of.median?, of.most?],
            }],
            unknown: 0,
        })
    }
}
