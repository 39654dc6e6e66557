//! `turnback explain`: what would be done about what a guard says, and by which row.

use turnback_core::decision::{By, Explanation, Heard, Situation, Tried, explain};
use turnback_core::exit::ExitCode;
use turnback_core::guard::{Level, Moment, Of, Verdict};
use turnback_core::name::Ident;
use turnback_core::plan::{Plan, show_duration};
use turnback_core::scope::Standing;
use turnback_core::state::PhaseState;

use crate::cli::ExplainArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::paragraph::{width, wrap};

pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read_alone(&args.plan)?;
    let plan = loaded.plan();
    let situation = supposed(plan, args)?;
    let about = &situation.guards[0];
    let explanation = explain(&plan.decisions, &situation, about);
    if args.json {
        let json = serde_json::to_string_pretty(&explanation).map_err(|error| {
            Failure::new(
                ExitCode::Failed,
                format!("the explanation cannot be written as JSON: {error}"),
            )
        })?;
        anstream::println!("{json}");
    } else {
        let file = loaded.file_name();
        anstream::print!("{}", text(&explanation, plan, file, width()));
    }
    Ok(ExitCode::Done)
}

/// The situation that the arguments describe. Phases before the one that is watched are cut over,
/// those after it have not begun.
fn supposed(plan: &Plan, args: &ExplainArgs) -> Result<Situation, Failure> {
    let at = match &args.phase {
        Some(id) => plan
            .phases
            .iter()
            .position(|phase| phase.id == *id)
            .ok_or_else(|| no_such_phase(plan, id))?,
        None => plan.phases.len() - 1,
    };
    let standings = plan.phases.iter().enumerate().map(|(index, phase)| {
        let state = match index.cmp(&at) {
            std::cmp::Ordering::Less => PhaseState::CutOver,
            std::cmp::Ordering::Equal => args.state,
            std::cmp::Ordering::Greater => PhaseState::Pending,
        };
        Standing {
            phase: phase.id.clone(),
            state,
            irreversible: state != PhaseState::Pending && phase.is_irreversible(),
        }
    });
    let now = Moment::default() + args.lasting.unwrap_or_default();
    let guards = guards(plan, args)?.into_iter().map(|guard| {
        let verdict = Verdict {
            guard,
            at: now,
            level: args.level,
            since: Moment::default(),
            value: None,
            object: None,
            because: String::new(),
        };
        Heard::lasting(verdict, args.lasting.unwrap_or_default())
    });
    Ok(Situation {
        at: now,
        phase: plan.phases[at].id.clone(),
        guards: guards.collect(),
        standings: standings.collect(),
    })
}

/// The guards that say so: those given, and others of the plan until there are as many as asked.
fn guards(plan: &Plan, args: &ExplainArgs) -> Result<Vec<String>, Failure> {
    let known: Vec<&str> = plan
        .guards
        .iter()
        .map(|guard| guard.name.as_str())
        .collect();
    if let Some(unknown) = args
        .guard
        .iter()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(Failure::usage(format!(
            "the plan has no guard {}; it has {}",
            Ident::new(unknown.as_str()),
            or_none(&known)
        )));
    }
    let mut guards: Vec<String> = Vec::new();
    for name in &args.guard {
        if !guards.contains(name) {
            guards.push(name.clone());
        }
    }
    for name in known {
        let wanted = args.at_once.unwrap_or_default();
        if guards.len() < wanted && !guards.iter().any(|other| other == name) {
            guards.push(name.to_owned());
        }
    }
    match args.at_once {
        Some(count) if count > guards.len() => Err(Failure::usage(format!(
            "the plan has {} guards, so {count} cannot say so at once",
            plan.guards.len()
        ))),
        _ => Ok(guards),
    }
}

fn no_such_phase(plan: &Plan, id: &str) -> Failure {
    let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.id.as_str()).collect();
    Failure::usage(format!(
        "the plan has no phase {}; it has {}",
        Ident::new(id),
        or_none(&phases)
    ))
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

fn text(explanation: &Explanation, plan: &Plan, file: &str, width: usize) -> String {
    let Explanation {
        decision,
        before,
        row,
    } = explanation;
    let situation = &decision.situation;
    let mut lines = vec![wrap(&supposition(situation, plan), 0, width), String::new()];
    let bold = anstyle::Style::new().bold();
    let action = wrap(&format!("→ {}", decision.action), 0, width);
    lines.push(format!("{bold}{action}{bold:#}"));
    if !decision.phases.is_empty() {
        lines.push(format!("  phases: {}", decision.phases.join(", ")));
    }
    match (decision.by, row) {
        (By::Row { number, line }, Some(row)) => {
            let place = line.map_or(String::new(), |line| format!(", {file}:{line}"));
            lines.push(wrap(&format!("by row {number}{place}: {row}"), 2, width));
        }
        _ => lines.push(wrap(
            &format!(
                "by no row: the default for {} (docs/decisions.md)",
                decision.level
            ),
            2,
            width,
        )),
    }
    let about = &situation.guards[0];
    lines.extend(canary(situation, plan).map(|text| wrap(&text, 2, width)));
    if let Some((index, row, left)) = plan.decisions.about_to_fit(situation, about) {
        let later = format!(
            "In {}, if it stays so: {} (row {})",
            show_duration(left),
            row.action,
            index + 1
        );
        lines.push(wrap(&later, 2, width));
    }
    if decision.needs_person {
        lines.push(wrap(&decision.because, 2, width));
    }
    if !before.is_empty() {
        lines.push(String::new());
        lines.push("Rows before it that do not fit:".to_owned());
    }
    for Tried {
        number,
        line,
        row,
        because,
        ..
    } in before
    {
        let place = line.map_or(String::new(), |line| format!(", line {line}"));
        lines.push(wrap(&format!("row {number}{place}: {row}"), 2, width));
        lines.push(wrap(because, 6, width));
    }
    lines.join("\n") + "\n"
}

/// What the arguments describe, as a sentence.
fn supposition(situation: &Situation, plan: &Plan) -> String {
    let guards: Vec<&str> = situation
        .guards
        .iter()
        .map(|heard| heard.verdict.guard.as_str())
        .collect();
    let about = &situation.guards[0];
    let lasting = about.lasts(&[about.verdict.level]);
    let at = plan
        .phases
        .iter()
        .position(|phase| phase.id == situation.phase)
        .unwrap_or_default();
    let before = match at {
        0 => String::new(),
        1 => format!(", and so is {} before it", plan.phases[0].id),
        _ => format!(", and the {at} phases before it are cut over"),
    };
    let before = match (at, situation.state()) {
        (1, state) if state != PhaseState::CutOver => {
            format!(", and {} before it is cut over", plan.phases[0].id)
        }
        _ => before,
    };
    format!(
        "Suppose that {} {} {}{}, while phase {} is {}{before}.",
        guards.join(" and "),
        if guards.len() == 1 { "says" } else { "say" },
        about.verdict.level,
        if lasting.is_zero() {
            String::new()
        } else {
            format!(", for {} now", show_duration(lasting))
        },
        situation.phase,
        situation.state(),
    )
}

/// What a canary adds to that; nothing where the phase is past it or has none.
fn canary(situation: &Situation, plan: &Plan) -> Option<String> {
    let phase = plan.phase(&situation.phase)?;
    let canary = phase.canary.as_ref()?;
    if situation.state() != PhaseState::Expanded {
        return None;
    }
    let about = &situation.guards[0];
    let of_canary = plan
        .guard(&about.verdict.guard)
        .is_some_and(|guard| guard.of == Of::Canary);
    let unknown = matches!(about.verdict.level, Level::NoData | Level::Error);
    let shares: Vec<String> = canary
        .steps
        .iter()
        .map(|step| step.share.to_string())
        .collect();
    let steps = format!(
        "The canary of the phase ({}, flag {}) goes no further while anything holds it",
        shares.join(", "),
        canary.flag
    );
    let known = if of_canary && unknown {
        "; a guard of its own that knows nothing holds it, whatever the decisions say"
    } else {
        ""
    };
    Some(format!(
        "{steps}{known}. Turning back sets the flag to 0% first."
    ))
}
