//! The audit log, from what edges answer.

use turnback_core::guard::Moment;

use super::super::view::{Audit, AuditRow, Badge, Mark, On};
use crate::model::{AuditEntry, Outcome};

/// As many entries stand on a page.
pub(crate) const MOST: u32 = 50;

/// What the page of the audit log shows.
pub(crate) fn all(entries: Vec<AuditEntry>) -> Audit {
    let last = entries.last().map(|entry| entry.number);
    Audit {
        older: last
            .filter(|_| entries.len() == MOST as usize)
            .map(|number| format!("/audit?before={number}")),
        rows: entries.into_iter().map(row).collect(),
    }
}

fn row(entry: AuditEntry) -> AuditRow {
    let outcome = match entry.outcome {
        Outcome::Done => Badge::new(Mark::Good, "done"),
        Outcome::Refused => Badge::new(Mark::Warning, "refused"),
        Outcome::Failed => Badge::new(Mark::Critical, "failed"),
    };
    let mut why = entry.why.unwrap_or_default();
    if let Some(because) = entry.because {
        if !why.is_empty() {
            why.push_str(" — ");
        }
        why.push_str(&because);
    }
    AuditRow {
        at: On(Moment(entry.at)),
        who: entry.who,
        role: format!("{} by {}", entry.role, entry.by),
        what: what(&entry.action, entry.object.as_deref(), &entry.detail),
        why,
        outcome,
    }
}

fn what(action: &str, object: Option<&str>, detail: &serde_json::Value) -> String {
    let text = |name: &str| detail.get(name).and_then(|value| value.as_str());
    let words = match action {
        "run.start" => match text("command") {
            Some("up") => "go forward",
            Some("back") => "turn back",
            Some("contract") => "give up the old shape",
            _ => "start a run",
        },
        "run.stop" => "stop a run",
        "question.answer" => match text("answer") {
            Some("turn_back") => "answer: turn back",
            Some("go_on") => "answer: go on",
            Some("hold") => "answer: hold",
            _ => "answer",
        },
        "throttle.set" => "set the pace",
        other => other,
    };
    match object {
        Some(object) => format!("{words} ({object})"),
        None => words.to_owned(),
    }
}
