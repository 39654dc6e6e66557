//! Going forward and contracting, from how things stand.

use turnback_core::scope::{Standing, phases_to_contract};
use turnback_core::state::PhaseState;

use super::frame::{run, state};
use super::known::{Now, sentence};
use super::view::{Act, Badge, Broken, Field, Found, Mark, Pair, Part};
use crate::model::{Finding, Plan, Run};

/// What going forward means.
pub(super) fn up(plan: &Plan, now: &Now, found: Part<Vec<Finding>>) -> Part<Act> {
    let phases = match &now.phases {
        Part::Ready(phases) => phases,
        Part::Loading => return Part::Loading,
        Part::Broken(broken) => return Part::Broken(broken.clone()),
    };
    let ahead: Vec<String> = phases
        .iter()
        .filter(|phase| {
            matches!(
                state(phase),
                PhaseState::Pending | PhaseState::Expanding | PhaseState::Expanded
            )
        })
        .map(|phase| phase.id.clone())
        .collect();
    let irreversible: Vec<&str> = plan
        .phases
        .iter()
        .filter(|phase| phase.irreversible && ahead.contains(&phase.id))
        .map(|phase| phase.id.as_str())
        .collect();
    let mut grave = vec![];
    let mut fields = vec![Field {
        name: "expand_only",
        label: "Expand only",
        about: "Stop once both shapes are live, before the cut-over.",
        required: false,
    }];
    if !irreversible.is_empty() {
        grave.push(format!(
            "{} cannot be turned back once begun, but by a backup.",
            irreversible.join(", ")
        ));
        fields.push(Field {
            name: "irreversible",
            label: "Yes to what cannot be turned back",
            about: "Without it, turnback stops before that phase.",
            required: false,
        });
    }
    let bakes: Vec<Pair> = plan
        .phases
        .iter()
        .filter(|phase| ahead.contains(&phase.id))
        .filter_map(|phase| {
            let bake = turnback_core::human::human_millis(phase.bake_millis?);
            Some(Pair::new(
                &phase.id,
                format!("is watched for {bake} after its cut-over"),
            ))
        })
        .collect();
    let mut to: Vec<(String, String)> = ahead
        .iter()
        .rev()
        .map(|phase| (phase.clone(), format!("phase {phase}")))
        .collect();
    if let Some(last) = to.first_mut() {
        last.1 = format!("phase {}, the last", last.0);
    }
    let refused = at_work(run(now)).or_else(|| {
        ahead.is_empty().then(|| Broken {
            what: "Every phase has gone forward.".to_owned(),
            safe: "Nothing was done.".to_owned(),
            next: "The overview says what can be done now.".to_owned(),
        })
    });
    Part::Ready(Act {
        path: "/up",
        said: vec![
            format!(
                "{} {} expanded, cut over and watched, one after the other. Clients read and \
                 write all the while.",
                ahead.join(", "),
                if ahead.len() == 1 { "is" } else { "are" }
            ),
            "Until contract every phase turns back at once, and guards turn it back by themselves \
             where the plan says so."
                .to_owned(),
        ],
        cost: bakes,
        grave,
        to,
        fields,
        button: "Go forward".to_owned(),
        command: "turnback up".to_owned(),
        found: shown(found),
        refused,
    })
}

/// What giving up the old shape means.
pub(super) fn contract(now: &Now) -> Part<Act> {
    let phases = match &now.phases {
        Part::Ready(phases) => phases,
        Part::Loading => return Part::Loading,
        Part::Broken(broken) => return Part::Broken(broken.clone()),
    };
    let standings: Vec<Standing> = phases
        .iter()
        .map(|phase| Standing {
            phase: phase.id.clone(),
            state: state(phase),
            irreversible: false,
        })
        .collect();
    let reached = phases_to_contract(&standings, None);
    let refused = at_work(run(now)).or_else(|| {
        reached.is_empty().then(|| Broken {
            what: "There is no old shape to give up: no phase is cut over.".to_owned(),
            safe: "Nothing was done.".to_owned(),
            next: "The overview says what can be done now.".to_owned(),
        })
    });
    let to = reached
        .iter()
        .rev()
        .map(|phase| (phase.clone(), format!("phase {phase}")))
        .collect();
    Part::Ready(Act {
        path: "/contract",
        said: vec![format!(
            "The old shape of {} is given up: keys are archived first, then old columns, triggers \
             and version schemas are dropped.",
            reached.join(", ")
        )],
        cost: vec![],
        grave: vec![
            "Afterwards there is no instant way back: only a backup, or a conversion back from \
             the key archive, whose time grows with the data."
                .to_owned(),
        ],
        to,
        fields: vec![Field {
            name: "sure",
            label: "The old shape may go",
            about: "No client reads or writes it any more.",
            required: true,
        }],
        button: "Give up the old shape".to_owned(),
        command: "turnback contract".to_owned(),
        found: vec![],
        refused,
    })
}

/// What preflight found, the gravest first. What it could not find out is said, too.
fn shown(found: Part<Vec<Finding>>) -> Vec<Found> {
    let mut shown: Vec<Found> = match found {
        Part::Ready(found) => found.into_iter().map(of).collect(),
        Part::Loading => vec![Found {
            badge: Badge::new(Mark::Unknown, "not known yet"),
            what: "The check takes longer than this page waits for it.".to_owned(),
            remedy: "Load the page again; going forward checks by itself, too.".to_owned(),
        }],
        Part::Broken(broken) => vec![Found {
            badge: Badge::new(Mark::Unknown, "not known"),
            what: broken.what,
            remedy: broken.next,
        }],
    };
    shown.sort_by_key(|found| match found.badge.mark {
        Mark::Critical => 0,
        Mark::Warning => 1,
        _ => 2,
    });
    shown
}

fn of(finding: Finding) -> Found {
    let badge = match finding.weight.as_str() {
        "no_go" => Badge::new(Mark::Critical, "no-go"),
        "warning" => Badge::new(Mark::Warning, "warning"),
        _ => Badge::new(Mark::Idle, "note"),
    };
    Found {
        badge,
        what: format!("{}: {}", finding.object, finding.reason),
        remedy: sentence(&finding.remedy),
    }
}

fn at_work(run: Option<&Run>) -> Option<Broken> {
    let run = run?;
    Some(Broken {
        what: format!("Run {} is at work: {}.", run.number, run.typed),
        safe: "Nothing was done.".to_owned(),
        next: "Wait for its end, or stop it on the overview.".to_owned(),
    })
}
