//! What people are told of a watch: what holds, what is asked, what is decided.

use std::time::Duration;

use super::{Message, News, Occasion, Severity};
use crate::decision::{Action, By, Decision};
use crate::guard::{Level, Moment, Verdict};
use crate::human::human_duration;
use crate::name::list;
use crate::watch::{Answer, Cause, Closed, Next, Question};

impl News {
    /// What is normal was measured.
    pub(super) fn baseline(
        &mut self,
        phase: &str,
        guards: &[String],
        took: Duration,
        at: Moment,
    ) -> Message {
        let guards = list(guards);
        Message {
            phase: Some(phase.to_owned()),
            title: format!("What is normal before phase {phase} is measured"),
            happened: format!(
                "For {} it was measured what is normal, before phase {phase} begins: {guards}.",
                human_duration(took.as_secs_f64())
            ),
            ..self.next_message("baseline", Occasion::Before, Severity::Info, at)
        }
    }

    /// A phase begins to bake.
    pub(super) fn bakes(&mut self, phase: &str, time: Duration, at: Moment) -> Message {
        self.at_work = Some((phase.to_owned(), "it bakes, and guards watch".to_owned()));
        let time = human_duration(time.as_secs_f64());
        Message {
            phase: Some(phase.to_owned()),
            title: format!("Phase {phase} bakes for {time}"),
            happened: format!(
                "Phase {phase} is cut over, and is watched for {time} before it is done."
            ),
            safe: BOTH_SHAPES.to_owned(),
            ..self.next_message("bakes", Occasion::Before, Severity::Info, at)
        }
    }

    /// A phase has baked.
    pub(super) fn baked(&mut self, phase: &str, at: Moment) -> Message {
        self.at_work = None;
        Message {
            phase: Some(phase.to_owned()),
            title: format!("Phase {phase} has baked"),
            happened: format!(
                "Phase {phase} was watched for as long as it bakes, and nothing holds it: it is done."
            ),
            safe: BOTH_SHAPES.to_owned(),
            next: "`turnback contract` gives up the old shape, when nobody needs it any more."
                .to_owned(),
            ..self.next_message("baked", Occasion::After, Severity::Info, at)
        }
    }

    /// A guard says something else than before. What that leads to is told by itself; a guard that
    /// passes again ends what was told of it.
    pub(super) fn says(&mut self, verdict: &Verdict, at: Moment) -> Vec<Message> {
        if verdict.level != Level::Pass {
            return vec![];
        }
        self.open_about(&format!("guard {}: ", verdict.guard))
            .iter()
            .filter_map(|about| {
                let happened = format!("Guard {} passes again: {}", verdict.guard, verdict.because);
                self.resolve(about, happened, at)
            })
            .collect()
    }

    /// The run has ended: nothing of it holds any more, and nobody need answer. What is left to do
    /// is told as its end.
    pub(super) fn nothing_holds(&mut self, at: Moment) -> Vec<Message> {
        self.held = None;
        let holds = self.open_about(HOLD).into_iter();
        holds
            .chain(self.open_about(QUESTION))
            .filter_map(|about| {
                let message = self.resolve(&about, "The run has ended.".to_owned(), at)?;
                Some(Message {
                    next: "`turnback status` shows where everything stands.".to_owned(),
                    ..message
                })
            })
            .collect()
    }

    /// What the watch over a phase came to. `number` is what a question is answered by, and
    /// `until` its deadline.
    pub(super) fn watched(
        &mut self,
        phase: &str,
        next: &Next,
        number: Option<i64>,
        until: Option<Moment>,
        at: Moment,
    ) -> Option<Message> {
        match next {
            Next::TurnBack { decision, cause } => Some(self.turns_back(phase, decision, cause, at)),
            Next::Ask { question } => Some(self.asks(phase, question, number, until, at)),
            Next::Join { question, decision } => {
                let title = format!("Guard {} says {}, too", decision.guard, decision.level);
                Some(Message {
                    happened: decision.because.clone(),
                    next: "The question about it is open: `turnback answer` shows it.".to_owned(),
                    ..self.issue(
                        &question_of(phase, *question),
                        Severity::Critical,
                        Some(phase),
                        title,
                        at,
                    )
                })
            }
            Next::Overdue { question } => Some(Message {
                happened: "The question has no deadline any more: it stays open until somebody answers turn-back or go-on."
                    .to_owned(),
                safe: NOTHING_FORWARD.to_owned(),
                next: "`turnback answer` shows it, and how it is answered.".to_owned(),
                ..self.issue(
                    &question_of(phase, *question),
                    Severity::Critical,
                    Some(phase),
                    format!("The question about phase {phase} stays open"),
                    at,
                )
            }),
            Next::Close { question, how } => {
                let about = question_of(phase, *question);
                self.resolve(&about, format!("The question is closed: {how}."), at)
                    .map(|message| Message {
                        next: after(how).to_owned(),
                        ..message
                    })
            }
            // A guard that comes and goes is told of once, until it has been calm for a while;
            // word of progress says that it holds.
            Next::Hold { decision, again: true } => {
                self.held = Some(format!("guard {} says {}", decision.guard, decision.level));
                None
            }
            Next::Hold { decision, again: false } => {
                self.held = Some(format!("guard {} says {}", decision.guard, decision.level));
                Some(Message {
                happened: decision.because.clone(),
                safe: NOTHING_FORWARD.to_owned(),
                next: "It goes on by itself when the guard says better. To turn back instead, end it with Ctrl-C and type `turnback back`."
                    .to_owned(),
                ..self.issue(
                    &hold_of(phase),
                    Severity::Warning,
                    Some(phase),
                    format!(
                        "Phase {phase} holds: guard {} says {}",
                        decision.guard, decision.level
                    ),
                    at,
                )
                })
            }
            // Told when it is done, or could not be.
            Next::DisableFlags { .. } => None,
            Next::Release => {
                self.held = None;
                self.resolve(&hold_of(phase), "Nothing holds any more.".to_owned(), at)
                    .map(|message| Message {
                        next: "It goes on by itself.".to_owned(),
                        ..message
                    })
            }
            Next::Tell { decision, cause } => Some(self.tells(phase, decision, cause, at)),
        }
    }

    fn turns_back(
        &mut self,
        phase: &str,
        decision: &Decision,
        cause: &Cause,
        at: Moment,
    ) -> Message {
        self.held = None;
        let phases = list(&decision.phases);
        let stays = if decision.left.is_empty() {
            String::new()
        } else {
            format!(
                " There is no way back but a backup for {}, which stay as they are: somebody has to look.",
                list(&decision.left)
            )
        };
        Message {
            happened: format!("{}{}{stays}", decision.because, said(cause)),
            safe: "The database: clients read and write while it turns back, and no row that was written is lost."
                .to_owned(),
            next: "Nothing to type: it turns back by itself, and says when it is done.".to_owned(),
            ..self.issue(
                RECOVERY,
                Severity::Critical,
                Some(phase),
                format!("Turning back {phases}"),
                at,
            )
        }
    }

    fn asks(
        &mut self,
        phase: &str,
        question: &Question,
        number: Option<i64>,
        until: Option<Moment>,
        at: Moment,
    ) -> Message {
        self.held = Some("a question waits for an answer".to_owned());
        let decision = &question.decision;
        let about = question.about();
        let otherwise = match (&decision.action, until) {
            (Action::Ask(ask), Some(until)) => format!(
                "Without an answer until {until}: {}.",
                ask.otherwise.action(&ask.scope)
            ),
            (Action::Ask(ask), None) => format!(
                "Without an answer in {}: {}.",
                human_duration(ask.deadline.as_secs_f64()),
                ask.otherwise.action(&ask.scope)
            ),
            _ => "It waits for as long as it takes.".to_owned(),
        };
        let who = match question.who() {
            [] => String::new(),
            who => format!(" Who may answer: {}.", list(who)),
        };
        let (title, next) = match number {
            Some(number) => (
                format!("Question {number}: {about}?"),
                format!(
                    "Answer with `turnback answer {number} turn-back`, `go-on` or `hold`. {otherwise}{who}"
                ),
            ),
            None => (
                format!("A question that nobody can answer: {about}?"),
                format!(
                    "There is no control store to keep answers in. {otherwise} Ctrl-C ends the run where it is safe, and `turnback back` turns back."
                ),
            ),
        };
        Message {
            happened: decision.because.clone(),
            safe: NOTHING_FORWARD.to_owned(),
            next,
            ..self.issue(
                &question_of(phase, question.id),
                if question.decision.by == By::Canary {
                    Severity::Warning
                } else {
                    Severity::Critical
                },
                Some(phase),
                title,
                at,
            )
        }
    }

    fn tells(&mut self, phase: &str, decision: &Decision, cause: &Cause, at: Moment) -> Message {
        let severity = match decision.level {
            Level::Critical => Severity::Critical,
            Level::Pass | Level::Warning | Level::NoData | Level::Error => Severity::Warning,
        };
        let next = match decision.action {
            Action::FixForward => "The run goes on, and a fix is due. `turnback back` turns back.",
            _ => "The run goes on. `turnback back` turns back.",
        };
        Message {
            happened: format!("{}{}", decision.because, said(cause)),
            next: next.to_owned(),
            ..self.issue(
                &format!("guard {}: {phase} {}", decision.guard, decision.level),
                severity,
                Some(phase),
                format!("Guard {} says {}", decision.guard, decision.level),
                at,
            )
        }
    }
}

/// Whether an issue is about what a run waits for, and so ends with it.
pub(super) fn ends_with_its_run(issue: &Message) -> bool {
    let (_, kind) = issue.thread().rsplit_once('/').unwrap_or_default();
    [HOLD, QUESTION]
        .iter()
        .any(|about| kind.starts_with(&format!("{}-", about.trim_end())))
}

/// What turning back is known by among the issues of a run: there is one way back at a time.
pub(super) const RECOVERY: &str = "turning back";
const HOLD: &str = "hold ";
const QUESTION: &str = "question ";
const BOTH_SHAPES: &str =
    "Clients read and write through either shape; `turnback back` turns back at once.";
const NOTHING_FORWARD: &str =
    "The database: clients read and write, and nothing goes forward meanwhile.";

fn question_of(phase: &str, question: u32) -> String {
    format!("{QUESTION}{phase} {question}")
}

fn hold_of(phase: &str) -> String {
    format!("{HOLD}{phase}")
}

/// Who said so, where it was not the matrix alone.
fn said(cause: &Cause) -> String {
    match cause {
        Cause::Matrix => String::new(),
        Cause::Deadline { .. } => " Nobody answered in time.".to_owned(),
        Cause::Answer { by, .. } => format!(" {by} said so."),
    }
}

/// What follows from how a question came to its end.
fn after(how: &Closed) -> &'static str {
    const BACK: &str = "Nothing to type: it turns back by itself.";
    const ON: &str = "The run goes on by itself, unless something else holds it.";
    match how {
        Closed::Answered { answer, .. } => match answer {
            Answer::TurnBack => BACK,
            Answer::GoOn => ON,
            Answer::Hold => "It goes no further until somebody answers again.",
        },
        Closed::Deadline { then } => match then {
            Action::Rollback { .. } => BACK,
            Action::Ask(_) | Action::Hold => "It goes no further until somebody says so.",
            Action::FixForward => "The run goes on by itself; a fix is due.",
            Action::Notify | Action::Continue => ON,
        },
        Closed::Passed => ON,
        Closed::Overtaken => BACK,
    }
}
