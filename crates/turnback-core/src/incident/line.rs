//! A line of the timeline: an event of the journal in words.

use serde::Serialize;

use crate::guard::{Level, Moment};
use crate::human::human_millis as shown;
use crate::journal::JournalEvent;
use crate::program::Stage;
use crate::watch::{Cause, Closed, Next};

use super::Entry;

/// A line of the timeline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The number of the journal's entry.
    pub entry: i64,
    /// When.
    pub at: Moment,
    /// How it is to be looked at.
    pub mark: Mark,
    /// What happened.
    pub what: String,
    /// More about it; empty where there is no more.
    pub detail: String,
}

/// How a line is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// What the run did.
    Run,
    /// Something that is not as it should be.
    Bad,
    /// Something that is as it should be again.
    Good,
    /// What was decided.
    Decision,
}

/// An entry of the journal in words; nothing where it says too little of the whole.
pub fn line(entry: &Entry) -> Option<Line> {
    let (mark, what, detail) = words(&entry.event)?;
    Some(Line {
        entry: entry.number,
        at: entry.at,
        mark,
        what,
        detail,
    })
}

fn words(event: &JournalEvent) -> Option<(Mark, String, String)> {
    let none = String::new;
    Some(match event {
        JournalEvent::RunBegun { command, epoch, .. } => (
            Mark::Run,
            format!("turnback {command} began"),
            format!("under lease {epoch}"),
        ),
        JournalEvent::StepDone {
            phase,
            stage: stage @ (Stage::CutOver | Stage::SwapBack),
            step,
            millis,
            lock: Some(lock),
            ..
        } => (
            Mark::Run,
            format!(
                "{phase}: {} ({step}) took {}",
                stage.title(),
                shown(*millis)
            ),
            format!(
                "strong locks waited for {:.0} ms, held {:.0} ms",
                lock.wait_millis, lock.hold_millis
            ),
        ),
        // Work that nobody noticed; what it cost is told in sum.
        JournalEvent::StepIntended { .. } | JournalEvent::StepDone { .. } => return None,
        JournalEvent::LockRefused {
            phase,
            step,
            attempt,
            blockers,
        } => (
            Mark::Run,
            format!("{phase}: locks for {step} refused, try {attempt}"),
            blockers.join("; "),
        ),
        JournalEvent::PhaseBecame { phase, state } => {
            (Mark::Run, format!("phase {phase} is {state}"), none())
        }
        JournalEvent::BaselineTaken {
            phase,
            guards,
            from,
            until,
        } => (
            Mark::Run,
            format!("baseline taken before {phase}"),
            format!("{}; {from} to {until}", guards.join(", ")),
        ),
        JournalEvent::WatchBegun { phase, guards } => {
            let names: Vec<&str> = guards.iter().map(|guard| guard.guard.as_str()).collect();
            let detail = names.join(", ");
            (Mark::Run, format!("the watch over {phase} began"), detail)
        }
        JournalEvent::GuardSays { verdict, .. } => (
            match verdict.level {
                Level::Pass => Mark::Good,
                _ => Mark::Bad,
            },
            format!("{} says {}", verdict.guard, verdict.level),
            verdict.because.clone(),
        ),
        JournalEvent::Watched { next, number, .. } => return Some(watched(next, *number)),
        JournalEvent::BakeBegun { phase, millis } => (
            Mark::Run,
            format!("{phase} bakes"),
            format!("for {}", shown(*millis)),
        ),
        JournalEvent::BakePassed { phase } => (Mark::Good, format!("{phase} has baked"), none()),
        JournalEvent::CanaryStep {
            phase,
            flag,
            step,
            of,
            share,
            hold_millis,
        } => (
            Mark::Run,
            format!("{phase}: flag {flag} sends {share} of users to the new shape"),
            format!("step {step} of {of}, watched for {}", shown(*hold_millis)),
        ),
        JournalEvent::CanaryStopped {
            phase,
            flag,
            because,
        } => (
            Mark::Bad,
            format!("{phase}: the canary of flag {flag} waits for a person"),
            because.clone(),
        ),
        JournalEvent::CanaryGoesOn { phase, flag } => (
            Mark::Good,
            format!("{phase}: flag {flag} is as the canary left it again"),
            none(),
        ),
        JournalEvent::CanaryPassed { phase, flag } => (
            Mark::Good,
            format!("{phase}: every step of the canary of flag {flag} is over"),
            none(),
        ),
        JournalEvent::CanaryEnded { phase, flag, from } => (
            Mark::Decision,
            format!("{phase}: flag {flag} is set to 0%"),
            format!("it was at {from}"),
        ),
        JournalEvent::FlagsDisabled { flags, failure } => match failure {
            None => (
                Mark::Decision,
                "every flag is disabled".to_owned(),
                match flags.as_slice() {
                    [] => "none was enabled".to_owned(),
                    flags => flags.join(", "),
                },
            ),
            Some(failure) => (
                Mark::Bad,
                "flags could not be disabled".to_owned(),
                failure.clone(),
            ),
        },
        JournalEvent::HookRan { outcome, .. } => {
            let when = outcome.when.as_str().replace('_', " ");
            let (hook, took) = (&outcome.hook, shown(outcome.millis));
            match &outcome.failure {
                None => (Mark::Run, format!("hook {hook} ({when}) ran"), took),
                Some(failure) => (
                    Mark::Bad,
                    format!("hook {hook} ({when}) failed"),
                    format!("{failure}; after {took}"),
                ),
            }
        }
        JournalEvent::RecoveryBegun { phases, because } => (
            Mark::Decision,
            format!("turning back {} begins", phases.join(", ")),
            because.clone(),
        ),
        JournalEvent::RecoveryPart {
            part,
            millis,
            failure,
            ..
        } => match failure {
            None => (Mark::Run, format!("{part}: done"), shown(*millis)),
            Some(failure) => (Mark::Bad, format!("{part}: failed"), failure.clone()),
        },
        JournalEvent::Validated {
            promise,
            holds,
            evidence,
        } => match holds {
            Some(true) => (Mark::Good, format!("holds: {promise}"), evidence.clone()),
            Some(false) => (
                Mark::Bad,
                format!("does not hold: {promise}"),
                evidence.clone(),
            ),
            None => (
                Mark::Bad,
                format!("not found out: {promise}"),
                evidence.clone(),
            ),
        },
        JournalEvent::RecoveryEnded {
            millis, failure, ..
        } => match failure {
            None => (
                Mark::Good,
                "turning back is over".to_owned(),
                shown(*millis),
            ),
            Some(failure) => (
                Mark::Bad,
                "turning back did not come to its good end".to_owned(),
                failure.clone(),
            ),
        },
        JournalEvent::RunEnded { outcome, exit_code } => (
            Mark::Run,
            format!("the run ended with exit code {exit_code}"),
            outcome.clone(),
        ),
    })
}

fn watched(next: &Next, number: Option<i64>) -> (Mark, String, String) {
    let none = String::new;
    match next {
        Next::TurnBack { decision, cause } => (
            Mark::Decision,
            format!("decided: turn back {}", decision.phases.join(", ")),
            match cause {
                Cause::Matrix => decision.because.clone(),
                Cause::Deadline { question } => {
                    format!("Question {question}: {}", decision.because)
                }
                Cause::Answer { question, by } => {
                    format!("{by} answered question {question}. {}", decision.because)
                }
            },
        ),
        Next::Ask { question } => (
            Mark::Decision,
            match number {
                Some(number) => {
                    let id = question.id;
                    format!("question {id} is asked, to be answered with turnback answer {number}")
                }
                None => format!("question {} is asked", question.id),
            },
            question.decision.because.clone(),
        ),
        Next::Join { question, decision } => (
            Mark::Bad,
            format!("{} joins question {question}", decision.guard),
            decision.because.clone(),
        ),
        Next::Overdue { question } => (
            Mark::Bad,
            format!("question {question} waits without a deadline"),
            none(),
        ),
        Next::Close { question, how } => (
            Mark::Decision,
            format!("question {question} is closed"),
            closed(how),
        ),
        Next::Hold { decision, .. } => (
            Mark::Decision,
            "decided: hold".to_owned(),
            decision.because.clone(),
        ),
        Next::DisableFlags { decision } => (
            Mark::Decision,
            "decided: disable every flag".to_owned(),
            decision.because.clone(),
        ),
        Next::Release => (Mark::Good, "nothing holds any more".to_owned(), none()),
        Next::Tell { decision, .. } => (
            Mark::Decision,
            format!("decided: {}", decision.action),
            decision.because.clone(),
        ),
    }
}

/// How a question was closed, as a sentence.
pub(super) fn closed(how: &Closed) -> String {
    match how {
        Closed::Answered { answer, by } => format!("{by} answered: {answer}."),
        Closed::Deadline { then } => format!("Nobody answered in time: {then}."),
        Closed::Passed => {
            "Nobody answered in time, and every guard that it was about passes again.".to_owned()
        }
        Closed::Overtaken => "A way back has overtaken it.".to_owned(),
    }
}
