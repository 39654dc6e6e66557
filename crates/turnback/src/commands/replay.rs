//! `turnback replay`: samples taken through guards and decisions, to see what would have been done.

use std::time::Duration;

use turnback_core::exit::ExitCode;
use turnback_core::guard::Moment;
use turnback_core::plan::{Plan, show_duration};
use turnback_core::replay::{BadLine, Entry, Event, Replay, Script, What, replay};
use turnback_core::watch::{Answer, Cause, Closed, Next};

use crate::cli::ReplayArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::paragraph::width;
use crate::output::table;

/// Durations since the beginning are read as moments of 1970.
const A_YEAR: Moment = Moment(365 * 86_400_000);

pub(crate) fn run(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read_alone(&args.plan)?;
    let plan = loaded.plan();
    let script = read(args, plan)?;
    let replay = replay(plan, &script);
    if args.json {
        let json = serde_json::to_string_pretty(&replay).map_err(|error| {
            Failure::new(
                ExitCode::Failed,
                format!("the replay cannot be written as JSON: {error}"),
            )
        })?;
        anstream::println!("{json}");
    } else {
        show(plan, &replay);
    }
    Ok(ExitCode::Done)
}

fn read(args: &ReplayArgs, plan: &Plan) -> Result<Script, Failure> {
    /// More of them tell no more.
    const MOST: usize = 20;
    let name = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    let script = Script::parse(&text).map_err(|bad| {
        let mut lines: Vec<String> = bad
            .iter()
            .take(MOST)
            .map(|BadLine { line, message }| format!("{name}:{line}: {message}"))
            .collect();
        if bad.len() > MOST {
            lines.push(format!("and {} more", bad.len() - MOST));
        }
        Failure::usage(lines.join("\n"))
            .next("docs/decisions.md shows what the lines of a replay look like.")
    })?;
    if script.events.is_empty() {
        return Err(Failure::usage(format!("{name} holds no samples")));
    }
    let unknown = script.events.iter().find_map(|(_, event)| match event {
        Event::Phase { phase, .. } if plan.phase(phase).is_none() => Some(phase),
        _ => None,
    });
    match unknown {
        Some(phase) => {
            let phases: Vec<&str> = plan.phases.iter().map(|phase| phase.id.as_str()).collect();
            Err(Failure::usage(format!(
                "{name} names the phase {phase}, and the plan has {}",
                phases.join(", ")
            )))
        }
        None => Ok(script),
    }
}

fn show(plan: &Plan, replay: &Replay) {
    anstream::println!(
        "{}: {} samples over {}{}",
        plan.name,
        replay.samples,
        show_duration(tenths(replay.until, replay.from)),
        // Made-up samples have no date.
        if replay.from < A_YEAR {
            String::new()
        } else {
            format!(", from {}", replay.from)
        }
    );
    let mut shown = table(["after", "what", "why"]);
    shown.set_width(u16::try_from(width()).unwrap_or(u16::MAX));
    for Entry { at, what } in &replay.entries {
        let (what, why) = words(what);
        shown.add_row([show_duration(tenths(*at, replay.from)), what, why]);
    }
    if !shown.is_empty() {
        anstream::println!("{shown}");
    }
    for (guard, count) in &replay.unknown {
        anstream::println!("{count} samples of {guard} left out: the plan has no such guard");
    }
    if !replay.left_out.is_empty() {
        anstream::println!("No samples of {}: left out.", replay.left_out.join(", "));
    }
    if replay.turned_back.is_empty() {
        anstream::println!("It would not have turned back.");
    } else {
        anstream::println!(
            "It would have turned back {}. What comes after that is left out.",
            replay.turned_back.join(", ")
        );
    }
    for waiting in &replay.waiting {
        anstream::println!("At the end: {}", waiting.sentence(replay.until));
    }
}

/// Tenths of a second, the least that matters.
fn tenths(until: Moment, from: Moment) -> Duration {
    let since = until.since(from);
    // Tenths matter where samples come that fast, and are noise elsewhere.
    std::time::Duration::from_millis(
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX) / 100 * 100,
    )
}

/// What happened, and why, for two columns of a table.
fn words(what: &What) -> (String, String) {
    match what {
        What::Phase { phase, state } => (format!("phase {phase} is {state}"), String::new()),
        What::NotReady(finding) => (format!("no-go: {}", finding.object), finding.reason.clone()),
        What::Says(verdict) => (
            format!("{} says {}", verdict.guard, verdict.level),
            verdict.because.clone(),
        ),
        What::Does(next) => does(next),
        What::Refused { by, because } => (
            format!("the answer of {by} does not count"),
            because.clone(),
        ),
    }
}

fn does(next: &Next) -> (String, String) {
    match next {
        Next::TurnBack { decision, .. } => (
            format!("→ turn back {}", decision.phases.join(", ")),
            decision.because.clone(),
        ),
        Next::Ask { question } => (
            format!("→ question {}", question.id),
            question.decision.because.clone(),
        ),
        Next::Join { question, decision } => (
            format!("{} joins question {question}", decision.guard),
            decision.because.clone(),
        ),
        Next::Overdue { question } => (
            format!("→ question {question} waits on"),
            "It holds until a person answers.".to_owned(),
        ),
        Next::Close { question, how } => (
            format!("question {question} is closed"),
            match how {
                Closed::Answered { answer, by } => format!(
                    "{by} answered: {}.",
                    match answer {
                        Answer::TurnBack => "turn back",
                        Answer::GoOn => "go on",
                        Answer::Hold => "hold",
                    }
                ),
                Closed::Deadline { then } => format!("Nobody answered in time: {then}."),
                Closed::Passed => "Nobody answered, and what it was about has passed.".to_owned(),
                Closed::Overtaken => "A way back has overtaken it.".to_owned(),
            },
        ),
        Next::Hold { decision, .. } => ("→ hold".to_owned(), decision.because.clone()),
        Next::DisableFlags { decision } => {
            ("→ disable every flag".to_owned(), decision.because.clone())
        }
        Next::Release => ("→ go on".to_owned(), "Nothing holds any more.".to_owned()),
        Next::Tell { decision, cause } => (
            format!("→ tell of {}", decision.guard),
            match cause {
                Cause::Matrix => decision.because.clone(),
                Cause::Deadline { question } | Cause::Answer { question, .. } => {
                    format!("Question {question}: {}", decision.because)
                }
            },
        ),
    }
}
