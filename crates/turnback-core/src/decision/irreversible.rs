//! Rows that mean to turn back further than there is a way.

use super::Row;
use crate::plan::Plan;
use crate::preflight::Finding;
use crate::scope::Scope;

/// A finding for each row that turns back past a phase with SQL that is marked irreversible: from
/// when that phase has begun, such a row holds instead, and needs a person.
pub fn past_the_irreversible(plan: &Plan) -> Vec<Finding> {
    let irreversible: Vec<usize> = plan
        .phases
        .iter()
        .enumerate()
        .filter(|(_, phase)| phase.is_irreversible())
        .map(|(index, _)| index)
        .collect();
    let mut found = Vec::new();
    for (index, row) in plan.decisions.rows.iter().enumerate() {
        let Some(scope) = row.action.scope() else {
            continue;
        };
        let stuck: Vec<&str> = irreversible
            .iter()
            .filter(|phase| reaches(plan, row, scope, **phase))
            .map(|phase| plan.phases[*phase].id.as_str())
            .collect();
        if stuck.is_empty() {
            continue;
        }
        let at = row
            .line
            .map_or(String::new(), |line| format!(" (line {line})"));
        found.push(Finding::warning(
            "decision-past-irreversible",
            format!("row {} of the decisions{at}", index + 1),
            format!(
                "it turns back {}, and there is no way back past {} once that has begun; it then holds, and needs a person",
                scope.in_words(),
                phases(&stuck)
            ),
            "Write a `down`, turn back less far, or name in `phase:` the phases that the row is about",
        ));
    }
    found
}

/// Whether a row may be asked to turn back one phase.
fn reaches(plan: &Plan, row: &Row, scope: &Scope, stuck: usize) -> bool {
    let position = |id: &str| plan.phases.iter().position(|phase| phase.id == id);
    // The phases that may be the current one when the row fits.
    let current = (0..plan.phases.len()).filter(|index| {
        row.when.phases.is_empty() || row.when.phases.contains(&plan.phases[*index].id)
    });
    let first = match scope {
        Scope::From(phase) => position(phase).unwrap_or(usize::MAX),
        Scope::All | Scope::Current | Scope::Previous => 0,
    };
    current.into_iter().any(|current| match scope {
        Scope::Current => current == stuck,
        Scope::Previous => current == stuck || current == stuck + 1,
        Scope::All | Scope::From(_) => first <= stuck && stuck <= current,
    })
}

fn phases(ids: &[&str]) -> String {
    match ids {
        [one] => format!("phase {one}"),
        several => format!("the phases {}", several.join(" and ")),
    }
}
