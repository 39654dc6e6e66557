//! All that a report says, as texts and rows: the templates only put them in their places.

use serde::Serialize;

use super::Facts;
use super::tables::{self, HookRow, LockRow, PartRow, StateRow, TimelineRow, ValidationRow};
use super::{follow_up, words};
use crate::guard::Moment;
use crate::human::human_millis as shown;
use crate::incident::Chart;
use crate::incident::samples::{spark, thinned};

/// Rows of the table of samples.
const MOST_SAMPLES: usize = 40;
/// Signs of the line of samples.
const MOST_SIGNS: usize = 90;

/// A name and what stands beside it.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// What stands beside it.
    pub value: String,
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
pub struct Said {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
    /// By whom, or to whom.
    pub by: String,
    /// Why.
    pub because: String,
}

/// A sample.
#[derive(Clone, Debug, Serialize)]
pub struct SampleRow {
    /// When.
    pub at: String,
    /// What stands beside it.
    pub value: String,
    /// What is to be said about it; nothing of most.
    pub note: &'static str,
}

/// What the guard measured.
#[derive(Clone, Debug, Serialize)]
pub struct Samples {
    /// The guard.
    pub guard: String,
    /// SVG, safe as it is.
    pub chart: Option<String>,
    /// What its lines mean.
    pub caption: String,
    /// The samples as two lines of text.
    pub spark: [String; 2],
    /// Some of them, of each stretch the worst.
    pub rows: Vec<SampleRow>,
    /// How many there are.
    pub of: usize,
}

/// All that a report says.
#[derive(Clone, Debug, Serialize)]
pub struct Page {
    /// The number of the incident.
    pub number: u32,
    /// What happened, in one line.
    pub title: String,
    /// How it stands.
    pub status: String,
    /// Whether it is over.
    pub is_over: bool,
    /// What happened, in sentences.
    pub summary: String,
    /// How long things took.
    pub tiles: Vec<Pair>,
    /// What is to be known about it.
    pub facts: Vec<Pair>,
    /// Whom it touched, in sentences.
    pub impact: Vec<String>,
    /// How it was found out, in sentences.
    pub detection: Vec<String>,
    /// What was decided.
    pub decisions: Vec<Said>,
    /// What people were asked.
    pub questions: Vec<Said>,
    /// How it was turned back, in sentences.
    pub recovery: Vec<String>,
    /// The parts of turning back.
    pub parts: Vec<PartRow>,
    /// Hooks that ran.
    pub hooks: Vec<HookRow>,
    /// The validation afterwards.
    pub validation: Vec<ValidationRow>,
    /// How long phases were in which state.
    pub states: Vec<StateRow>,
    /// The strong locks.
    pub locks: Vec<LockRow>,
    /// What it cost, in sentences.
    pub cost: Vec<String>,
    /// What the guard measured.
    pub samples: Option<Samples>,
    /// What happened, in order.
    pub timeline: Vec<TimelineRow>,
    /// What is left to do.
    pub follow_ups: Vec<String>,
    /// The end of the journal.
    pub head: Option<String>,
    /// When the report was written.
    pub written: String,
    /// The version of the program.
    pub version: String,
}

impl Page {
    /// All that a report of these facts says.
    pub fn of(facts: &Facts<'_>) -> Self {
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
        chart: Chart {
            beside: None,
            measured,
            marks: marks(facts),
            id: "chart",
            width: 760.0,
            height: 320.0,
        }
        .svg(),
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

fn marks(facts: &Facts<'_>) -> Vec<(&'static str, Moment)> {
    let incident = facts.incident;
    [
        ("began", Some(facts.times.began)),
        ("detected", incident.detected),
        ("decided", Some(incident.decided)),
        ("recovered", incident.recovered),
    ]
    .into_iter()
    .filter_map(|(name, at)| Some((name, at?)))
    .collect()
}

/// Milliseconds, and what they may be.
pub(super) fn within(millis: u64, objective: Option<u64>) -> (String, String, &'static str) {
    match objective {
        None => (shown(millis), String::new(), ""),
        Some(most) if millis <= most => (shown(millis), shown(most), "met"),
        Some(most) => (shown(millis), shown(most), "missed"),
    }
}
