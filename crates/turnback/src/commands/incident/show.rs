//! `turnback incident show`: one incident, on the terminal.

use std::fmt::Write as _;

use turnback_core::exit::ExitCode;
use turnback_core::incident::Mark;

use super::case::{Case, Cases};
use super::{after, store, took};
use crate::cli::IncidentShowArgs;
use crate::failure::Failure;
use crate::output::paragraph::{labelled, width, wrap};

/// Where what follows a label begins.
const INDENT: usize = 16;

pub(super) async fn run(args: IncidentShowArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.store.store).await?;
    let case = Cases::read(&store).await?;
    let case = case.take(args.number, &args.store.store)?;
    if args.json {
        anstream::println!("{:#}", case.as_json());
    } else {
        anstream::print!("{}", text(&case, width()));
    }
    Ok(ExitCode::Done)
}

fn text(case: &Case, width: usize) -> String {
    let mut text = head(case, width);
    let incident = &case.incident;
    let mut section = |title: &str, lines: Vec<(String, String)>| {
        if lines.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n{title}");
        for (label, said) in lines {
            let _ = writeln!(text, "{}", labelled(&label, &said, INDENT, width));
        }
    };
    let decisions = incident.decisions.iter().map(|decided| {
        let said = format!("{} ({}). {}", decided.what, decided.by, decided.because);
        (clock(&decided.at), said)
    });
    section("Decisions", decisions.collect());
    let questions = incident.questions.iter().map(|asked| {
        let how = asked.how.as_deref().unwrap_or("It is open.");
        (
            clock(&asked.at),
            format!("question {}: {how}", asked.question),
        )
    });
    section("Questions", questions.collect());
    let parts = incident.recovery.parts.iter().map(|part| {
        let objective = match part.objective_millis {
            Some(most) if part.millis <= most => format!(", within {}", took(Some(most))),
            Some(most) => format!(", and {} were the objective: missed", took(Some(most))),
            None => String::new(),
        };
        let failure = part.failure.as_ref().map(|why| format!(" Failed: {why}"));
        let said = format!(
            "{}: {}{objective}.{}",
            part.part,
            took(Some(part.millis)),
            failure.unwrap_or_default()
        );
        (clock(&part.at), said)
    });
    section("What was done", parts.collect());
    let validation = incident.validation.iter().map(|line| {
        let holds = match line.holds {
            Some(true) => "holds",
            Some(false) => "does not hold",
            None => "not found out",
        };
        (
            holds.to_owned(),
            format!("{}: {}", line.promise, line.evidence),
        )
    });
    section("Validation", validation.collect());
    let timeline = incident.timeline.iter().map(|line| {
        let mark = match line.mark {
            Mark::Run => "",
            Mark::Bad => "! ",
            Mark::Good => "✓ ",
            Mark::Decision => "→ ",
        };
        let detail = match line.detail.as_str() {
            "" => String::new(),
            detail => format!(": {detail}"),
        };
        (clock(&line.at), format!("{mark}{}{detail}", line.what))
    });
    section("Timeline", timeline.collect());
    text
}

fn head(case: &Case, width: usize) -> String {
    let (incident, times) = (&case.incident, &case.times);
    let title = format!("Incident {}: {}", incident.number, incident.title());
    let mut text = format!("{}\n\n", wrap(&title, 0, width));
    let mut say = |label: &str, said: &str| {
        let _ = writeln!(text, "{}", labelled(label, said, INDENT, width));
    };
    say("plan", &incident.plan);
    if let Some(target) = &incident.target {
        say("database", target);
    }
    say("phases", &incident.phases.join(", "));
    say("began", &times.began.to_string());
    if let Some(verdict) = &incident.trigger {
        let detected = incident.detected.unwrap_or(incident.opened);
        let later = after(times.to_detect);
        say(
            "detected",
            &format!("{detected}{later}: {}", verdict.because),
        );
    }
    let decided = format!("{}{}", incident.decided, after(times.to_decide));
    say("decided", &decided);
    match incident.recovered {
        Some(at) => say(
            "recovered",
            &format!(
                "{at}{}; {} since it began",
                after(times.to_recover),
                took(times.in_all)
            ),
        ),
        None => say("recovered", "not yet"),
    }
    match &incident.ended {
        Some(ended) => say("end", &format!("{}, {}", ended.at, ended.how)),
        None => say("end", "it is not over"),
    }
    if let Some(measured) = &case.measured {
        let show = |value: Option<f64>| {
            value.map_or("unknown".to_owned(), |value| measured.dimension.show(value))
        };
        say(
            "impact",
            &format!(
                "{} beyond its threshold for {}, {} at worst",
                measured.guard,
                took(Some(measured.beyond_millis)),
                show(measured.worst)
            ),
        );
    }
    if let (met, of @ 1..) = incident.objectives() {
        say("objectives", &format!("{met} of {of} met"));
    }
    say(
        "journal",
        &format!(
            "entries {} to {}",
            incident.first_entry, incident.last_entry
        ),
    );
    text
}

/// The time of day, in UTC.
fn clock(at: &turnback_core::guard::Moment) -> String {
    let shown = at.to_string();
    shown.get(11..19).unwrap_or(&shown).to_owned()
}
