//! What a watch says, in lines.

use std::time::Duration;

use turnback_core::canary::Share;
use turnback_core::guard::{Level, Moment, Verdict};
use turnback_core::human::human_duration;
use turnback_core::watch::{Cause, Next};
use turnback_engine::progress::Progress;

/// A verdict, on one line.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    let sign = match verdict.level {
        Level::Pass => "✓",
        Level::Warning => "!",
        Level::Critical => "✗",
        Level::NoData | Level::Error => "?",
    };
    format!(
        "{sign} guard {}: {}: {}",
        verdict.guard, verdict.level, verdict.because
    )
}

/// What the watch came to, in lines; none where there is nothing to say.
pub(crate) fn next(next: &Next, number: Option<i64>, until: Option<Moment>) -> Vec<String> {
    match next {
        Next::TurnBack { decision, cause } => {
            let who = match cause {
                Cause::Matrix => String::new(),
                Cause::Deadline { .. } => " (nobody answered in time)".to_owned(),
                Cause::Answer { by, .. } => format!(" ({by} said so)"),
            };
            vec![format!(
                "◀ turning back {}{who}: {}",
                decision.phases.join(", "),
                decision.because
            )]
        }
        Next::Ask { question } => {
            let mut lines = vec![format!("? {}", question.decision.because)];
            let Some(number) = number else {
                lines.push(
                    "  Nobody can answer without a control store; Ctrl-C stops, and `turnback back` turns back.".to_owned(),
                );
                return lines;
            };
            let until = until.map_or("It waits for as long as it takes".to_owned(), |until| {
                format!("Until {until}")
            });
            lines.push(format!(
                "  {until}: `turnback answer {number} turn-back`, `turnback answer {number} go-on` or `turnback answer {number} hold`."
            ));
            lines
        }
        Next::Hold { decision, again } if !again => {
            vec![format!("‖ holding: {}", decision.because)]
        }
        Next::Tell { decision, .. } => vec![format!("! {}", decision.because)],
        Next::Close { question: _, how } => vec![format!("  The question is closed: {how}.")],
        Next::Overdue { .. } => {
            vec!["  Nobody has answered in time; it holds until somebody does.".to_owned()]
        }
        Next::DisableFlags { decision } => vec![format!("! {}", decision.because)],
        Next::Release => vec!["▶ nothing holds any more: going on".to_owned()],
        Next::Hold { .. } | Next::Join { .. } => vec![],
    }
}

/// What became of a canary, on one line with the sign before it; nothing where nothing did.
pub(crate) fn canary_news(progress: &Progress) -> Option<(&'static str, String)> {
    Some(match progress {
        Progress::CanaryStep {
            phase,
            flag,
            step,
            of,
            share,
        } => {
            let canary = canary((*step, *of), *share);
            ("●", format!("{phase}: {canary} (flag {flag})"))
        }
        Progress::CanaryStopped { phase, why } => (
            "‖",
            format!("{phase}: the canary waits for a person: {why}"),
        ),
        Progress::CanaryPassed { phase } => {
            ("●", format!("{phase}: every step of the canary is over"))
        }
        Progress::CanaryEnded { phase, flag, from } => (
            "◀",
            format!("{phase}: flag {flag} was at {from}, and is at 0%"),
        ),
        Progress::FlagsDisabled { flags, failure } => match (failure, flags.as_slice()) {
            (Some(failure), _) => (
                "!",
                format!(
                    "flags could not be disabled: {failure}. `turnback flag disable-all --reason TEXT` does it by hand"
                ),
            ),
            (None, []) => ("◀", "no flag was enabled".to_owned()),
            (None, flags) => ("◀", format!("disabled: {}", flags.join(", "))),
        },
        _ => return None,
    })
}

/// Where a canary stands, in a few words.
pub(crate) fn canary((step, of): (usize, usize), share: Share) -> String {
    format!("canary at {share} of users, step {step} of {of}")
}

/// How long something takes yet.
pub(crate) fn left(left: Duration) -> String {
    format!("{} left", human_duration(left.as_secs_f64().ceil()))
}
