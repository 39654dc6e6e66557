//! Decisions, from what edges answer.

use std::time::Duration;

use turnback_core::guard::Moment;

use super::super::frame::clock;
use super::super::known::sentence;
use super::super::view::{
    Badge, ClosedQuestion, Decisions, Left, Mark, On, OpenQuestion, Part, Verdicts,
};
use super::verdict_of;
use crate::access::{Actor, Role};
use crate::model::Question;

/// As many that are closed are shown.
const CLOSED: usize = 20;

/// What the page of decisions shows.
pub(crate) fn all(questions: &[Question], guards: &Part<Verdicts>, actor: &Actor) -> Decisions {
    let mut open: Vec<OpenQuestion> = questions
        .iter()
        .filter(|question| question.closed.is_none())
        .map(|question| of(question, guards, actor))
        .collect();
    open.sort_by_key(|question| question.left.map_or(u64::MAX, |left| left.until.0));
    let mut closed: Vec<&Question> = questions
        .iter()
        .filter(|question| question.closed.is_some())
        .collect();
    closed.sort_by_key(|question| std::cmp::Reverse(question.number));
    Decisions {
        open,
        closed: closed.into_iter().take(CLOSED).map(over).collect(),
    }
}

/// An open question.
pub(crate) fn of(question: &Question, guards: &Part<Verdicts>, actor: &Actor) -> OpenQuestion {
    let now = clock();
    let asked = question.who.is_empty() || question.who.contains(&actor.name);
    let without = match (&question.until, &question.otherwise) {
        (Some(_), Some(otherwise)) => {
            format!("Without an answer by then: {}", sentence(otherwise))
        }
        _ => "It waits for as long as it takes; nothing goes further meanwhile.".to_owned(),
    };
    OpenQuestion {
        number: question.number,
        question: asks(question),
        because: sentence(&question.because),
        asked: On(Moment(question.asked_at)),
        left: question.until.map(|until| Left {
            until: Moment(until),
            now,
            of: Some(Duration::from_millis(
                until.saturating_sub(question.asked_at),
            )),
        }),
        without,
        who: match question.who.as_slice() {
            [] => "anybody".to_owned(),
            who => who.join(" or "),
        },
        if_back: "public shows the old shape again, with every write that came meanwhile; then \
                  the new shape is dropped."
            .to_owned(),
        if_on: "Nothing is turned back. You are not asked about the same again before the guard \
                has passed for five minutes, unless it gets worse."
            .to_owned(),
        guards: question
            .guards
            .iter()
            .map(|guard| (guard.clone(), verdict_of(guard, guards)))
            .collect(),
        facts: question
            .refused
            .iter()
            .map(|why| {
                super::super::view::Pair::new("last answer", format!("does not count: {why}"))
            })
            .collect(),
        may_answer: actor.role >= Role::Approver && asked,
    }
}

fn asks(question: &Question) -> String {
    match question.phases.as_slice() {
        [] => format!("Phase {}: turn back, or go on?", question.phase),
        [one] => format!("Turn back phase {one}, or go on?"),
        several => format!("Turn back the phases {}, or go on?", several.join(", ")),
    }
}

fn over(question: &Question) -> ClosedQuestion {
    let badge = match question.answer.as_deref() {
        Some("turn_back") => Badge::new(Mark::Warning, "turned back"),
        Some("go_on") => Badge::new(Mark::Good, "went on"),
        Some("hold") => Badge::new(Mark::Asks, "held"),
        _ => Badge::new(Mark::Idle, "closed"),
    };
    ClosedQuestion {
        number: question.number,
        question: asks(question),
        asked: On(Moment(question.asked_at)),
        badge,
        by: question.answered_by.as_ref().map_or_else(
            || "not answered".to_owned(),
            |by| format!("answered by {by}"),
        ),
        why: question.closed.clone().unwrap_or_default(),
    }
}
