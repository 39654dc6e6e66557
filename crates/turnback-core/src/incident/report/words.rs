//! The sentences of a report.

use super::Facts;
use super::page::Pair;
use crate::human::human_millis as shown;
use crate::incident::{End, Incident, Kind};
use crate::state::PhaseState;

/// Milliseconds as people read them; a dash where they are not known.
pub(super) fn took(millis: Option<u64>) -> String {
    match millis {
        None => "—".to_owned(),
        Some(0) => "at once".to_owned(),
        Some(millis) => shown(millis),
    }
}

/// Where it stands.
pub(super) fn status(incident: &Incident) -> String {
    match &incident.ended {
        Some(ended) => ended.how.to_string(),
        None => "not over".to_owned(),
    }
}

/// What happened, in a few sentences.
pub(super) fn summary(facts: &Facts<'_>) -> String {
    let (incident, times) = (facts.incident, facts.times);
    let phases = phases(incident);
    let mut said = match &incident.trigger {
        Some(verdict) => {
            let state = state_then(incident)
                .map(|state| format!(", which was {state},"))
                .unwrap_or_default();
            format!(
                "While {phases} of the plan {}{state} was watched, the guard {} said {}: {}. That \
                 began at {} and was detected {}.",
                incident.plan,
                verdict.guard,
                verdict.level,
                verdict.because.trim_end_matches('.'),
                times.began,
                after(times.to_detect),
            )
        }
        None => format!(
            "A person turned back {phases} of the plan {} at {}.",
            incident.plan, incident.decided
        ),
    };
    if let Some(decided) = incident.decisions.iter().rev().find(|decided| {
        // What decided how it went on.
        decided.at == incident.decided
    }) && incident.trigger.is_some()
    {
        said.push_str(&format!(
            " {} it was decided to {}, by {}.",
            capital(&after(times.to_decide)),
            decided.what,
            lower(&decided.by)
        ));
    }
    match (incident.kind, incident.recovered) {
        (Kind::TurnBack, Some(_)) => said.push_str(&format!(
            " The old shape was back {}.",
            after(times.to_recover)
        )),
        (Kind::TurnBack, None) => {
            said.push_str(" The old shape of all that was to turn back is not back yet.");
        }
        (Kind::Hold | Kind::Question, Some(_)) => {
            said.push_str(&format!(" The run went on {}.", after(times.to_recover)));
        }
        (Kind::Hold | Kind::Question, None) => {}
    }
    match &incident.ended {
        None => said.push_str(" It is not over."),
        Some(ended) => match &ended.how {
            End::TurnedBack | End::WentOn => {}
            End::RunEnded { .. } | End::Unknown => {
                said.push_str(&format!(" In the end {}.", ended.how));
            }
        },
    }
    said
}

fn phases(incident: &Incident) -> String {
    match incident.phases.as_slice() {
        [one] => format!("phase {one}"),
        several => format!("the phases {}", several.join(", ")),
    }
}

/// Where the phase stood when it was detected.
fn state_then(incident: &Incident) -> Option<PhaseState> {
    let at = incident.detected.unwrap_or(incident.opened);
    let first = incident.phases.first()?;
    let states = incident.cost.states.iter();
    let mut then = states.filter(|of| of.phase == *first && of.from <= at);
    then.next_back().map(|of| of.state)
}

fn after(millis: Option<u64>) -> String {
    match millis {
        None | Some(0) => "at once".to_owned(),
        Some(millis) => format!("after {}", shown(millis)),
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut signs = text.chars();
    let first = signs.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + signs.as_str()
}

/// `Row 4 …` and `The default` within a sentence.
fn lower(by: &str) -> String {
    for (begins, instead) in [("Row ", "row "), ("The ", "the ")] {
        if let Some(rest) = by.strip_prefix(begins) {
            return format!("{instead}{rest}");
        }
    }
    by.to_owned()
}

/// What stands at the head.
pub(super) fn facts(facts: &Facts<'_>) -> Vec<Pair> {
    let (incident, times) = (facts.incident, facts.times);
    let mut pairs = vec![Pair::new("plan", &*incident.plan)];
    pairs.extend(incident.target.as_deref().map(|t| Pair::new("database", t)));
    pairs.push(Pair::new("phases", incident.phases.join(", ")));
    if let Some(verdict) = &incident.trigger {
        let of = verdict.object.as_ref().map(|of| format!(", of {of}"));
        let says = format!(
            "{} says {}{}",
            verdict.guard,
            verdict.level,
            of.unwrap_or_default()
        );
        pairs.push(Pair::new("guard", says));
    }
    if let Some(terms) = incident.terms() {
        let limits = [("warning", &terms.warning), ("critical", &terms.critical)];
        let limits = limits.into_iter().filter_map(|(name, limit)| {
            let limit = limit.as_ref()?;
            Some(format!("{name} {limit}"))
        });
        let limits: Vec<String> = limits.collect();
        let believed = format!(
            "{} of {} samples, one each {}",
            terms.times,
            terms.of,
            shown(terms.interval_millis)
        );
        pairs.push(Pair::new(
            "threshold",
            format!("{}; {believed}", limits.join(", ")),
        ));
    }
    pairs.push(Pair::new("began", times.began.to_string()));
    pairs.extend(
        incident
            .detected
            .map(|at| Pair::new("detected", at.to_string())),
    );
    pairs.push(Pair::new("decided", incident.decided.to_string()));
    let moment = |at: Option<crate::guard::Moment>| {
        at.map_or_else(|| "not yet".to_owned(), |at| at.to_string())
    };
    pairs.push(Pair::new("recovered", moment(incident.recovered)));
    let ended = incident.ended.as_ref();
    pairs.push(Pair::new("over", moment(ended.map(|ended| ended.at))));
    pairs.push(Pair::new(
        "journal",
        format!(
            "entries {} to {}",
            incident.first_entry, incident.last_entry
        ),
    ));
    pairs
}

/// What it meant for others, as far as it was measured.
pub(super) fn impact(facts: &Facts<'_>) -> Vec<String> {
    let mut said = Vec::new();
    match facts.measured {
        Some(measured) if measured.began.is_some() => {
            let worst = measured
                .worst
                .map(|worst| format!("; {} at worst", measured.dimension.show(worst)));
            said.push(format!(
                "{} was beyond its threshold for {}, as far as samples tell{}.",
                measured.guard,
                shown(measured.beyond_millis),
                worst.unwrap_or_default()
            ));
        }
        _ => said.push("No samples say for how long, or how bad it was.".to_owned()),
    }
    let swaps = facts.incident.cost.locks.iter();
    let held = swaps.map(|lock| lock.hold_millis).reduce(f64::max);
    said.extend(
        held.map(|held| {
            format!("Swaps of names held their strong locks for {held:.0} ms at most.")
        }),
    );
    said
}

/// How it was noticed.
pub(super) fn detection(facts: &Facts<'_>) -> Vec<String> {
    let Some(verdict) = &facts.incident.trigger else {
        return vec![
            "A person noticed; no guard led to it. What that person saw is not in the journal."
                .to_owned(),
        ];
    };
    vec![
        format!("{}.", verdict.because.trim_end_matches('.')),
        match facts.times.to_detect {
            None | Some(0) => "The first sample that showed it was enough.".to_owned(),
            Some(millis) => format!(
                "From the first sample that showed it to the word of the guard: {}.",
                shown(millis)
            ),
        },
    ]
}

/// How turning back went.
pub(super) fn recovery(facts: &Facts<'_>) -> Vec<String> {
    let incident = facts.incident;
    let mut said = Vec::new();
    match (incident.kind, incident.recovered) {
        (Kind::TurnBack, Some(at)) => said.push(format!(
            "The old shape of {} was back in public at {at}, {} it was decided.",
            phases(incident),
            match facts.times.to_recover {
                None | Some(0) => "when".to_owned(),
                Some(millis) => format!("{} after", shown(millis)),
            }
        )),
        (Kind::TurnBack, None) => {
            said.push("The old shape is not back yet: turnback back goes on.".to_owned());
        }
        (_, Some(at)) => said.push(format!("Nothing was turned back. The run went on at {at}.")),
        (_, None) => said.push("Nothing was turned back.".to_owned()),
    }
    said.extend(incident.recovery.failure.as_ref().map(|why| {
        format!(
            "It did not come to its good end: {}.",
            why.trim_end_matches('.')
        )
    }));
    said
}

/// What it cost beside time.
pub(super) fn cost(incident: &Incident) -> Vec<String> {
    let cost = &incident.cost;
    let mut said = vec![format!(
        "{} rows were written for these phases since they began.",
        cost.rows_written
    )];
    if cost.refusals > 0 {
        said.push(format!(
            "Tries for locks that others held were refused {} times, and made again.",
            cost.refusals
        ));
    }
    said
}
