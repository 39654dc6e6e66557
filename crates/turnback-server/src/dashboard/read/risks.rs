//! The risk matrix, from the plan and what guards say.

use super::super::view::{Badge, Mark, Part, RiskRow, Risks, Verdicts};
use super::{verdict_of, weight};
use crate::model::{Plan, Risk};

/// What the page of risks shows: the greatest first.
pub(crate) fn all(plan: &Plan, guards: &Part<Verdicts>) -> Risks {
    let mut risks: Vec<&Risk> = plan.risks.iter().collect();
    risks.sort_by_key(|risk| std::cmp::Reverse((risk.probability * risk.impact, risk.impact)));
    let rows = risks.into_iter().enumerate();
    Risks {
        risks: rows.map(|(at, risk)| row(at + 1, risk, guards)).collect(),
    }
}

fn row(number: usize, risk: &Risk, guards: &Part<Verdicts>) -> RiskRow {
    let says: Vec<(String, Badge)> = risk
        .guards
        .iter()
        .map(|guard| (guard.clone(), verdict_of(guard, guards)))
        .collect();
    let worst = says.iter().map(|(_, badge)| badge);
    let worst = worst.min_by_key(|badge| weight(badge.mark)).cloned();
    RiskRow {
        number,
        title: risk.title.clone(),
        probability: risk.probability,
        impact: risk.impact,
        level: risk.level.clone(),
        phases: match risk.phases.as_slice() {
            [] => "every phase".to_owned(),
            [one] => format!("phase {one}"),
            several => format!("phases {}", several.join(", ")),
        },
        mitigation: risk.mitigation.clone(),
        owner: risk.owner.clone(),
        now: worst.unwrap_or_else(|| Badge::new(Mark::Idle, "no guard")),
        guards: says,
    }
}
