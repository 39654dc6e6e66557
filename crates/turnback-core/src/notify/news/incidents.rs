//! The issues of a run that are open: each is one thread, from its beginning to its end.

use std::collections::BTreeMap;

use super::{Message, News, Occasion, Severity};
use crate::guard::Moment;

/// Issues that are open, by what they are about.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Incidents {
    open: BTreeMap<String, Incident>,
    /// How many there have been: one that comes again is another.
    begun: u32,
}

/// An issue that is open. Counterparts know it by its thread, its phase and its severity: these
/// stay the same to its end.
#[derive(Clone, Debug, PartialEq)]
struct Incident {
    thread: String,
    phase: Option<String>,
    severity: Severity,
    /// What it began with.
    title: String,
}

impl News {
    /// Word of an issue: its first, or one more of those that belong to it.
    pub(super) fn issue(
        &mut self,
        about: &str,
        severity: Severity,
        phase: Option<&str>,
        title: String,
        at: Moment,
    ) -> Message {
        if !self.incidents.open.contains_key(about) {
            self.incidents.begun += 1;
            let number = self.incidents.begun;
            let run = format!("{}{}", Self::issues_of(&self.plan), self.epoch);
            let kind = about.split(' ').next().unwrap_or(about);
            let begun = Incident {
                thread: format!("{run}/{kind}-{number}"),
                phase: phase.map(str::to_owned),
                severity,
                title: title.clone(),
            };
            self.incidents.open.insert(about.to_owned(), begun);
        }
        let incident = self.incidents.open[about].clone();
        Message {
            title,
            ..self.of(&incident, at)
        }
    }

    /// Word that an issue is over; nothing where it is not open.
    pub(super) fn resolve(&mut self, about: &str, happened: String, at: Moment) -> Option<Message> {
        let incident = self.incidents.open.remove(about)?;
        Some(Message {
            title: format!("Over: {}", incident.title),
            happened,
            resolved: true,
            ..self.of(&incident, at)
        })
    }

    /// Open issues whose name begins so.
    pub(super) fn open_about(&self, beginning: &str) -> Vec<String> {
        let names = self.incidents.open.keys();
        names
            .filter(|about| about.starts_with(beginning))
            .cloned()
            .collect()
    }

    fn of(&mut self, incident: &Incident, at: Moment) -> Message {
        Message {
            phase: incident.phase.clone(),
            issue: Some(incident.thread.clone()),
            ..self.next_message("issue", Occasion::Issue, incident.severity, at)
        }
    }
}
