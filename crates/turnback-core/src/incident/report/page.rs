//! All that a report says, as texts and rows: the templates only put them in their places.

use serde::Serialize;

use super::Facts;
use super::samples::{spark, thinned};
use super::tables::{self, HookRow, LockRow, PartRow, StateRow, TimelineRow, ValidationRow};
use super::{chart, follow_up, words};
use crate::incident::line::shown;

/// Rows of the table of samples.
const MOST_SAMPLES: usize = 40;
/// Signs of the line of samples.
const MOST_SIGNS: usize = 90;

/// A name and what stands beside it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

impl Pair {
    pub(super) fn new(name: &str, value: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
        }
    }
}

/// What was decided, or asked.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Said {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) by: String,
    pub(super) because: String,
}

#[derive(Clone, Debug, Serialize)]
struct SampleRow {
    at: String,
    value: String,
    note: &'static str,
}

/// What the guard measured.
#[derive(Clone, Debug, Serialize)]
struct Samples {
    guard: String,
    /// SVG, safe as it is.
    chart: Option<String>,
    caption: String,
    spark: [String; 2],
    rows: Vec<SampleRow>,
    of: usize,
}

/// All that a report says.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Page {
    number: u32,
    title: String,
    status: String,
    is_over: bool,
    summary: String,
    tiles: Vec<Pair>,
    facts: Vec<Pair>,
    impact: Vec<String>,
    detection: Vec<String>,
    decisions: Vec<Said>,
    questions: Vec<Said>,
    recovery: Vec<String>,
    parts: Vec<PartRow>,
    hooks: Vec<HookRow>,
    validation: Vec<ValidationRow>,
    states: Vec<StateRow>,
    locks: Vec<LockRow>,
    cost: Vec<String>,
    samples: Option<Samples>,
    timeline: Vec<TimelineRow>,
    follow_ups: Vec<String>,
    head: Option<String>,
    written: String,
    version: String,
}

impl Page {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let incident = facts.incident;
        Self {
            number: incident.number,
            title: words::capital(&incident.title()),
            status: words::status(incident),
            is_over: incident.is_over(),
            summary: words::summary(facts),
            tiles: tiles(facts),
            facts: words::facts(facts),
            impact: words::impact(facts),
            detection: words::detection(facts),
            decisions: tables::decisions(incident),
            questions: tables::questions(incident),
            recovery: words::recovery(facts),
            parts: tables::parts(incident),
            hooks: tables::hooks(incident),
            validation: tables::validation(incident),
            states: tables::states(incident),
            locks: tables::locks(incident),
            cost: words::cost(incident),
            samples: samples(facts),
            timeline: tables::timeline(facts),
            follow_ups: follow_up::follow_ups(facts),
            head: facts.head.map(|head| head.to_string()),
            written: facts.written.to_string(),
            version: facts.version.to_owned(),
        }
    }
}

fn tiles(facts: &Facts<'_>) -> Vec<Pair> {
    let times = facts.times;
    let tile = |name, millis: Option<u64>| Pair::new(name, words::took(millis));
    let mut tiles = vec![
        tile("to detect", times.to_detect),
        tile("to decide", times.to_decide),
        tile("to recover", times.to_recover),
        tile("in all", times.in_all),
    ];
    if let (met, of @ 1..) = facts.incident.objectives() {
        tiles.push(Pair::new("objectives met", format!("{met} of {of}")));
    }
    tiles
}

fn samples(facts: &Facts<'_>) -> Option<Samples> {
    let measured = facts.measured?;
    if measured.points.is_empty() {
        return None;
    }
    let show = |value: f64| measured.dimension.show(value);
    let mut caption = Vec::new();
    for (name, limit) in [
        ("warning", measured.warning),
        ("critical", measured.critical),
    ] {
        caption.extend(limit.map(|limit| format!("{name} from {} on", show(limit))));
    }
    caption.extend(measured.normal.map(|normal| {
        let (median, least, most) = (show(normal.median), show(normal.least), show(normal.most));
        format!("normal before the phase: {median}, {least} to {most}")
    }));
    let rows = thinned(measured, MOST_SAMPLES);
    Some(Samples {
        guard: measured.guard.clone(),
        chart: chart::chart(facts),
        caption: caption.join("; "),
        spark: spark(measured, MOST_SIGNS),
        rows: rows
            .iter()
            .map(|point| SampleRow {
                at: point.at.to_string(),
                value: point.value.map_or_else(|| "none".to_owned(), show),
                note: match (point.unknown, point.bad) {
                    (true, _) => "not measured",
                    (false, true) => "beyond",
                    (false, false) => "",
                },
            })
            .collect(),
        of: measured.points.len(),
    })
}

/// Milliseconds, and what they may be.
pub(super) fn within(millis: u64, objective: Option<u64>) -> (String, String, &'static str) {
    match objective {
        None => (shown(millis), String::new(), ""),
        Some(most) if millis <= most => (shown(millis), shown(most), "met"),
        Some(most) => (shown(millis), shown(most), "missed"),
    }
}
