//! What was found in alert files, on its way to guards.

use std::time::Duration;

use crate::guard::{Belief, BuiltIn, Dimension, Threshold, Unit};

/// A guard as it will be written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draft {
    /// What it was called.
    pub(super) title: String,
    /// What is written above it.
    pub(super) comments: Vec<String>,
    pub(super) probe: DraftProbe,
    pub(super) unit: Option<Unit>,
    pub(super) warning: Option<Threshold>,
    pub(super) critical: Option<Threshold>,
    pub(super) belief: Option<Belief>,
    pub(super) interval: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum DraftProbe {
    BuiltIn(BuiltIn),
    Prometheus(String),
    Sql(String),
}

/// One thing in the text, in the order of the files.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    /// The name of a file.
    File(String),
    Guard(Box<Draft>),
    /// What could not be carried: why, and what it was.
    Left {
        why: String,
        lines: Vec<String>,
    },
}

/// Collects what is found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) parts: Vec<Part>,
    pub(super) notes: Vec<String>,
}

impl Found {
    pub(super) fn file(&mut self, name: &str) {
        self.parts.push(Part::File(name.to_owned()));
    }

    /// Takes a guard in; one of the same probe that lacks this one's threshold takes it over.
    pub(super) fn guard(&mut self, draft: Draft) {
        for part in self.parts.iter_mut().rev() {
            match part {
                Part::Guard(other) => {
                    if other.takes(&draft) {
                        other.warning = other.warning.or(draft.warning);
                        other.critical = other.critical.or(draft.critical);
                        other.comments.extend(draft.comments);
                        return;
                    }
                }
                Part::File(_) => break,
                Part::Left { .. } => {}
            }
        }
        self.parts.push(Part::Guard(Box::new(draft)));
    }

    /// Something that could not be carried.
    pub(super) fn left(&mut self, why: String, lines: Vec<String>) {
        self.notes.push(why.clone());
        self.parts.push(Part::Left { why, lines });
    }

    pub(super) fn finish(self) -> Self {
        self
    }
}

impl Draft {
    /// A guard without thresholds.
    pub(super) fn new(title: &str, probe: DraftProbe) -> Self {
        Self {
            title: title.to_owned(),
            comments: vec![],
            probe,
            unit: None,
            warning: None,
            critical: None,
            belief: None,
            interval: None,
        }
    }

    /// Whether both measure the same, and the thresholds of both fit in one guard.
    fn takes(&self, other: &Self) -> bool {
        let (warning, critical) = match (self.warning, self.critical, other.warning, other.critical)
        {
            (Some(warning), None, None, Some(critical))
            | (None, Some(critical), Some(warning), None) => (warning, critical),
            _ => return false,
        };
        let same = self.probe == other.probe
            && self.unit == other.unit
            && self.belief == other.belief
            && self.interval == other.interval;
        same && critical.is_as_far_as(&warning) == Some(true)
    }

    /// Sets the unit that the thresholds ask for. Only the user knows what the numbers of a query
    /// are, so what is taken for granted is said: the answer is a note.
    pub(super) fn guess_unit(&mut self) -> Option<String> {
        if matches!(self.probe, DraftProbe::BuiltIn(_)) {
            return None;
        }
        let thresholds = [&self.warning, &self.critical];
        let dimension = thresholds
            .into_iter()
            .flatten()
            .find_map(Threshold::dimension)?;
        let (unit, taken) = match dimension {
            Dimension::Number => return None,
            Dimension::Time => (Unit::Seconds, "seconds"),
            Dimension::Size => (Unit::Bytes, "bytes"),
            Dimension::Share => (Unit::Share, "parts of one (0.05 is 5%)"),
            Dimension::Rate => (Unit::PerSecond, "events per second"),
            Dimension::Flow => (Unit::BytesPerSecond, "bytes per second"),
        };
        self.unit = Some(unit);
        let note = format!("check `unit`: the numbers of this query are taken for {taken}");
        self.comments.push(note.clone());
        Some(format!("{}: {note}", self.title))
    }

    /// Whether every threshold can be compared with what a built-in probe measures.
    pub(super) fn fits(&self, probe: BuiltIn) -> bool {
        let mut thresholds = [&self.warning, &self.critical].into_iter().flatten();
        thresholds.all(|threshold| {
            threshold
                .dimension()
                .is_none_or(|dimension| dimension == probe.unit().dimension())
                && threshold.is_above() != probe.worse_when_less()
        })
    }
}
