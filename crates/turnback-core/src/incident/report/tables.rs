//! The rows of a report's tables.

use serde::Serialize;

use super::Facts;
use super::page::{Said, within};
use crate::hook::OnFailure;
use crate::human::human_millis as shown;
use crate::incident::{Incident, Mark};

/// A part of turning back.
#[derive(Clone, Debug, Serialize)]
pub struct PartRow {
    /// The part.
    pub part: String,
    /// How long it took.
    pub took: String,
    /// How long it might take.
    pub objective: String,
    /// Whether that was kept.
    pub met: &'static str,
    /// Why it failed.
    pub failure: Option<String>,
}

/// A hook.
#[derive(Clone, Debug, Serialize)]
pub struct HookRow {
    /// Its name.
    pub hook: String,
    /// The moment that it runs at.
    pub when: String,
    /// The phase.
    pub phase: String,
    /// How long it took.
    pub took: String,
    /// Why it failed.
    pub failure: Option<String>,
    /// What its failure led to.
    pub consequence: &'static str,
    /// What it printed.
    pub output: String,
}

/// A line of the validation.
#[derive(Clone, Debug, Serialize)]
pub struct ValidationRow {
    /// What must hold.
    pub promise: String,
    /// Whether it does, in a word.
    pub holds: &'static str,
    /// Whether it does.
    pub good: bool,
    /// What shows it.
    pub evidence: String,
}

/// A phase in a state.
#[derive(Clone, Debug, Serialize)]
pub struct StateRow {
    /// The phase.
    pub phase: String,
    /// The state.
    pub state: String,
    /// Since when.
    pub from: String,
    /// How long it took.
    pub took: String,
}

/// The strong locks of a step.
#[derive(Clone, Debug, Serialize)]
pub struct LockRow {
    /// The phase.
    pub phase: String,
    /// The stage.
    pub stage: &'static str,
    /// The step.
    pub step: String,
    /// How long they were waited for.
    pub waited: String,
    /// How long they were held.
    pub held: String,
}

/// A line of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineRow {
    /// When.
    pub at: String,
    /// From the beginning of the incident: `+1.2 s`; nothing before it.
    pub after: String,
    /// How it is to be taken: `run`, `good`, `bad`, `decision`.
    pub mark: &'static str,
    /// What.
    pub what: String,
    /// More of it.
    pub detail: String,
    /// The entry of the journal.
    pub entry: i64,
}

pub(super) fn decisions(incident: &Incident) -> Vec<Said> {
    let decisions = incident.decisions.iter();
    decisions
        .map(|decided| Said {
            at: decided.at.to_string(),
            what: decided.what.clone(),
            by: decided.by.clone(),
            because: decided.because.clone(),
        })
        .collect()
}

pub(super) fn questions(incident: &Incident) -> Vec<Said> {
    let questions = incident.questions.iter();
    questions
        .map(|asked| Said {
            at: asked.at.to_string(),
            what: format!("question {}", asked.question),
            by: match asked.who.as_slice() {
                [] => "anybody".to_owned(),
                who => who.join(", "),
            },
            because: match (&asked.how, asked.closed) {
                (Some(how), Some(closed)) => {
                    let after = closed.since(asked.at).as_millis() as u64;
                    format!("{how} After {}.", shown(after))
                }
                _ => "It is open.".to_owned(),
            },
        })
        .collect()
}

pub(super) fn parts(incident: &Incident) -> Vec<PartRow> {
    let recovery = &incident.recovery;
    let row = |part: String, millis, objective, failure: &Option<String>| {
        let (took, objective, met) = within(millis, objective);
        PartRow {
            part,
            took,
            objective,
            met,
            failure: failure.clone(),
        }
    };
    let mut rows: Vec<PartRow> = recovery
        .parts
        .iter()
        .map(|done| {
            let part = done.part.to_string();
            row(part, done.millis, done.objective_millis, &done.failure)
        })
        .collect();
    if let Some(millis) = recovery.millis {
        let objective = recovery.objective_millis;
        rows.push(row(
            "in all".to_owned(),
            millis,
            objective,
            &recovery.failure,
        ));
    }
    rows
}

pub(super) fn hooks(incident: &Incident) -> Vec<HookRow> {
    let hooks = incident.hooks.iter();
    hooks
        .map(|done| HookRow {
            hook: done.outcome.hook.clone(),
            when: done.outcome.when.as_str().replace('_', " "),
            phase: done.phase.clone(),
            took: shown(done.outcome.millis),
            failure: done.outcome.failure.clone(),
            consequence: match done.on_failure {
                OnFailure::Stop => "the run stops",
                OnFailure::Continue => "the run goes on",
                OnFailure::Ask => "a person decides",
            },
            output: done.outcome.output.trim().to_owned(),
        })
        .collect()
}

pub(super) fn validation(incident: &Incident) -> Vec<ValidationRow> {
    let lines = incident.validation.iter();
    lines
        .map(|line| ValidationRow {
            promise: line.promise.clone(),
            holds: match line.holds {
                Some(true) => "holds",
                Some(false) => "does not hold",
                None => "not found out",
            },
            good: line.holds == Some(true),
            evidence: line.evidence.clone(),
        })
        .collect()
}

pub(super) fn states(incident: &Incident) -> Vec<StateRow> {
    let states = incident.cost.states.iter();
    states
        .map(|of| StateRow {
            phase: of.phase.clone(),
            state: of.state.to_string(),
            from: of.from.to_string(),
            took: shown(of.millis),
        })
        .collect()
}

pub(super) fn locks(incident: &Incident) -> Vec<LockRow> {
    let locks = incident.cost.locks.iter();
    locks
        .map(|lock| LockRow {
            phase: lock.phase.clone(),
            stage: lock.stage.title(),
            step: lock.step.clone(),
            waited: format!("{:.1} ms", lock.wait_millis),
            held: format!("{:.1} ms", lock.hold_millis),
        })
        .collect()
}

pub(super) fn timeline(facts: &Facts<'_>) -> Vec<TimelineRow> {
    let began = facts.times.began;
    let lines = facts.incident.timeline.iter();
    lines
        .map(|line| TimelineRow {
            at: line.at.to_string(),
            after: if line.at < began {
                String::new()
            } else {
                format!("+{}", shown(line.at.since(began).as_millis() as u64))
            },
            mark: match line.mark {
                Mark::Run => "run",
                Mark::Bad => "bad",
                Mark::Good => "good",
                Mark::Decision => "decision",
            },
            what: line.what.clone(),
            detail: line.detail.clone(),
            entry: line.entry,
        })
        .collect()
}
