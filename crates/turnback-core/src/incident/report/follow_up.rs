//! What there is to do after an incident, as far as the journal shows it.

use super::Facts;
use crate::guard::Level;
use crate::human::human_millis as shown;
use crate::incident::{Asked, End, Kind};

/// Things to do, as sentences. People add theirs.
pub(super) fn follow_ups(facts: &Facts<'_>) -> Vec<String> {
    let incident = facts.incident;
    let mut todo = Vec::new();
    match &incident.trigger {
        Some(verdict) if matches!(verdict.level, Level::NoData | Level::Error) => {
            todo.push(format!(
                "Find out why {} could not be measured, and whether it was needed to stop.",
                verdict.guard
            ));
        }
        Some(verdict) => todo.push(format!(
            "Find out why {} went beyond its threshold, and write a test that shows it.",
            verdict.guard
        )),
        None => todo.push(
            "Write a guard that would have seen what the person saw who turned back.".to_owned(),
        ),
    }
    for part in &incident.recovery.parts {
        if let Some(most) = part.objective_millis.filter(|most| part.millis > *most) {
            todo.push(format!(
                "{} took {} and may take {}: make it faster, or change the objective.",
                part.part,
                shown(part.millis),
                shown(most)
            ));
        }
        if let Some(failure) = &part.failure {
            todo.push(format!("{} failed: {failure}", part.part));
        }
    }
    for hook in &incident.hooks {
        if let Some(failure) = &hook.outcome.failure {
            todo.push(format!("Mend the hook {}: {failure}", hook.outcome.hook));
        }
    }
    for line in &incident.validation {
        match line.holds {
            Some(true) => {}
            Some(false) => todo.push(format!("See to it that this holds: {}", line.promise)),
            None => todo.push(format!("Find out whether this holds: {}", line.promise)),
        }
    }
    let nobody = |asked: &&Asked| asked.closed.is_some() && asked.by.is_none();
    if incident.kind >= Kind::Question && incident.questions.iter().any(|asked| nobody(&asked)) {
        todo.push(
            "Find out why nobody answered in time: who is asked, how they hear of it, and how long \
             they have."
                .to_owned(),
        );
    }
    match incident.ended.as_ref().map(|ended| &ended.how) {
        Some(End::TurnedBack | End::WentOn) => {}
        Some(End::RunEnded { .. } | End::Unknown) => {
            todo.push(
                "See where the database stands, with turnback status and turnback repair."
                    .to_owned(),
            );
        }
        None => todo.push("It is not over: write this report anew when it is.".to_owned()),
    }
    if incident.kind == Kind::TurnBack {
        todo.push(
            "Rehearse the way forward again (turnback rehearse) before the next try.".to_owned(),
        );
    }
    todo
}
