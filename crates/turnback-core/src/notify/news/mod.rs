//! From the events of a run to what people are told of it.

mod canary;
mod flags;
mod incidents;
mod recovery;
mod watched;

use std::time::Duration;

use self::incidents::Incidents;
use super::{Message, Occasion, Severity};
use crate::exit::ExitCode;
use crate::guard::Moment;
use crate::journal::JournalEvent;
use crate::state::PhaseState;

/// Follows one run, event by event, and says what of it is news.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    plan: String,
    target: String,
    /// `up`, `back`, `contract`.
    command: String,
    /// The run's lease, which tells it from every other run on this database.
    epoch: i64,
    begun: Option<Moment>,
    /// The phase at work, and what is being done.
    at_work: Option<(String, String)>,
    /// Why it goes no further, where it does not.
    held: Option<String>,
    /// How often word of progress was given.
    progress: u32,
    /// How often a watch and what follows from it were told of.
    told: u32,
    /// Issues that are open.
    incidents: Incidents,
}

impl News {
    /// Nothing has happened yet.
    pub fn new(plan: &str, target: &str) -> Self {
        Self {
            plan: plan.to_owned(),
            target: target.to_owned(),
            command: String::new(),
            epoch: 0,
            begun: None,
            at_work: None,
            held: None,
            progress: 0,
            told: 0,
            incidents: Incidents::default(),
        }
    }

    /// Takes an event in; answers what people are told of it.
    pub fn hear(&mut self, event: &JournalEvent, at: Moment) -> Vec<Message> {
        let told = match event {
            JournalEvent::RunBegun { command, epoch, .. } => {
                self.command.clone_from(command);
                self.epoch = *epoch;
                self.begun = Some(at);
                Some(self.began(at))
            }
            JournalEvent::StepIntended {
                phase,
                stage,
                title,
                ..
            } => {
                self.at_work = Some((phase.clone(), format!("{}: {title}", stage.title())));
                None
            }
            JournalEvent::PhaseBecame { phase, state } => Some(self.became(phase, *state, at)),
            JournalEvent::RunEnded { outcome, exit_code } => {
                let mut told = self.nothing_holds(at);
                told.extend(self.ended(outcome, *exit_code, at));
                return told;
            }
            JournalEvent::BaselineTaken {
                phase,
                guards,
                from,
                until,
            } => Some(self.baseline(phase, guards, until.since(*from), at)),
            JournalEvent::BakeBegun { phase, millis } => {
                Some(self.bakes(phase, Duration::from_millis(*millis), at))
            }
            JournalEvent::BakePassed { phase } => Some(self.baked(phase, at)),
            JournalEvent::CanaryStep {
                phase,
                flag,
                step,
                of,
                share,
                hold_millis,
            } => {
                let hold = Duration::from_millis(*hold_millis);
                Some(self.canary_step(phase, flag, (*step, *of), *share, hold, at))
            }
            JournalEvent::CanaryStopped { phase, because, .. } => {
                Some(self.canary_stops(phase, because, at))
            }
            JournalEvent::CanaryGoesOn { phase, flag } => self.canary_goes_on(phase, flag, at),
            JournalEvent::CanaryPassed { phase, flag } => Some(self.canary_passed(phase, flag, at)),
            JournalEvent::CanaryEnded { phase, flag, from } => {
                Some(self.canary_ended(phase, flag, *from, at))
            }
            JournalEvent::FlagsDisabled { flags, failure } => {
                Some(self.flags_disabled(flags, failure.as_deref(), at))
            }
            JournalEvent::GuardSays { verdict, .. } => return self.says(verdict, at),
            JournalEvent::Watched {
                phase,
                next,
                number,
                until,
            } => self.watched(phase, next, *number, *until, at),
            JournalEvent::HookRan {
                phase,
                on_failure,
                outcome,
            } => self.hook_ran(phase, *on_failure, outcome, at),
            JournalEvent::RecoveryBegun { phases, because } => {
                Some(self.recovery_begins(phases, because, at))
            }
            JournalEvent::RecoveryPart { part, failure, .. } => {
                self.recovery_part(*part, failure.as_deref(), at)
            }
            JournalEvent::Validated {
                promise,
                holds,
                evidence,
            } => self.validated(promise, *holds, evidence, at),
            JournalEvent::RecoveryEnded {
                millis,
                objective_millis,
                failure,
            } => {
                return self.recovery_ended(*millis, *objective_millis, failure.as_deref(), at);
            }
            // That a step is done is told by the state that the phase comes to; a lock that was
            // refused is asked for again, and what becomes of that is told at the end.
            JournalEvent::StepDone { .. } | JournalEvent::LockRefused { .. } => None,
            // What guards are told to find bad is in the plan; what they say is told.
            JournalEvent::WatchBegun { .. } => None,
        };
        told.into_iter().collect()
    }

    /// Word of progress, while something is at work.
    pub fn progress(&mut self, at: Moment) -> Option<Message> {
        let (phase, work) = self.at_work.clone()?;
        let minutes = at.since(self.begun?).as_secs() / 60;
        let holds = match &self.held {
            Some(why) => format!(" It goes no further meanwhile: {why}."),
            None => String::new(),
        };
        self.progress += 1;
        let what = format!("progress-{}", self.progress);
        Some(Message {
            phase: Some(phase.clone()),
            title: format!("{} goes on", self.command_line()),
            happened: format!("Phase {phase} is at work since {minutes} min; now: {work}.{holds}"),
            ..self.message(&what, Occasion::During, Severity::Info, at)
        })
    }

    /// What the issues of this plan's runs begin with.
    pub fn issues_of(plan: &str) -> String {
        format!("{plan}/run-")
    }

    /// That an issue of an earlier run is over, now that this run has come to its end.
    pub fn over(&self, issue: &Message, at: Moment) -> Message {
        let happened = format!("{} came to its end.", self.command_line());
        self.ends(issue, happened, "Nothing.", at)
    }

    /// That an earlier run holds and asks no more, now that this run has begun. A run that ends
    /// says so by itself; one that was killed could not. Nothing for what outlasts its run.
    pub fn outlived(&self, issue: &Message, at: Moment) -> Option<Message> {
        let happened = format!(
            "The run that told of it ended without a word, and {} has begun.",
            self.command_line()
        );
        let next = "What still holds, or is still to be asked, is told anew.";
        watched::ends_with_its_run(issue).then(|| self.ends(issue, happened, next, at))
    }

    fn ends(&self, issue: &Message, happened: String, next: &str, at: Moment) -> Message {
        Message {
            id: format!("{}/over", issue.thread()),
            phase: issue.phase.clone(),
            severity: issue.severity,
            issue: issue.issue.clone(),
            resolved: true,
            title: format!("Over: {}", issue.title),
            happened,
            next: next.to_owned(),
            ..self.message("over", Occasion::Issue, issue.severity, at)
        }
    }

    fn began(&self, at: Moment) -> Message {
        Message {
            title: format!("{} begins", self.command_line()),
            happened: format!("{} has begun on {}.", self.command_line(), self.target),
            ..self.message("begun", Occasion::Before, Severity::Info, at)
        }
    }

    fn became(&self, phase: &str, state: PhaseState, at: Moment) -> Message {
        let (occasion, severity, title, safe) = match state {
            PhaseState::Expanding => (
                Occasion::Before,
                Severity::Info,
                "begins",
                "Clients read and write as before; `turnback back` turns back.",
            ),
            PhaseState::Expanded => (
                Occasion::After,
                Severity::Info,
                "has both shapes live",
                "Clients read and write through either shape; `turnback back` turns back.",
            ),
            PhaseState::CutOver => (
                Occasion::After,
                Severity::Info,
                "is cut over",
                "Clients read and write through either shape; `turnback back` turns back at once.",
            ),
            PhaseState::Withdrawing => (
                Occasion::After,
                Severity::Warning,
                "shows the old shape",
                "Clients read and write; every row that was written is there.",
            ),
            PhaseState::Pending => (
                Occasion::After,
                Severity::Warning,
                "is turned back",
                "Clients read and write; every row that was written is there.",
            ),
            PhaseState::Contracting => (
                Occasion::Before,
                Severity::Info,
                "begins to give up its old shape",
                "Clients of the new shape read and write.",
            ),
            PhaseState::Contracted => (
                Occasion::After,
                Severity::Info,
                "has given up its old shape",
                "Clients read and write; old and new keys are kept.",
            ),
        };
        Message {
            phase: Some(phase.to_owned()),
            title: format!("Phase {phase} {title}"),
            happened: format!("Phase {phase} {title}."),
            safe: safe.to_owned(),
            ..self.message(&format!("{phase}-{state}"), occasion, severity, at)
        }
    }

    fn ended(&self, outcome: &str, exit_code: u8, at: Moment) -> Option<Message> {
        let code = ExitCode::ALL
            .into_iter()
            .find(|code| *code as u8 == exit_code)
            .unwrap_or(ExitCode::Failed);
        let command = self.command_line();
        let (severity, title, next) = match code {
            ExitCode::Done | ExitCode::TurnedBack => {
                let severity = if code == ExitCode::Done {
                    Severity::Info
                } else {
                    Severity::Warning
                };
                return Some(Message {
                    title: format!("{command} is done"),
                    happened: format!("{command} came to its end: {}.", code.meaning()),
                    next: "Nothing by itself; `turnback status` shows where everything stands."
                        .to_owned(),
                    ..self.message("ended", Occasion::After, severity, at)
                });
            }
            // Nothing was begun that somebody would have to look after.
            ExitCode::Usage | ExitCode::NoGo => return None,
            ExitCode::Stopped => (
                Severity::Warning,
                "stopped before its end",
                "The same command goes on from here; `turnback back` turns back.",
            ),
            ExitCode::NeedsPerson => (
                Severity::Critical,
                "needs a person",
                "`turnback status` shows where every phase stands; `turnback back` turns back what can be turned back.",
            ),
            ExitCode::Failed => (
                Severity::Critical,
                "failed",
                "`turnback status` shows where every phase stands; the same command goes on from here.",
            ),
        };
        Some(Message {
            phase: self.at_work.as_ref().map(|(phase, ..)| phase.clone()),
            title: format!("{command} {title}"),
            happened: format!("{command} {title}: {}.", outcome.trim_end_matches('.')),
            next: next.to_owned(),
            issue: Some(format!("{}{}", Self::issues_of(&self.plan), self.epoch)),
            ..self.message("ended", Occasion::Issue, severity, at)
        })
    }

    /// A message with a number of its own, for what may come more than once.
    fn next_message(
        &mut self,
        what: &str,
        occasion: Occasion,
        severity: Severity,
        at: Moment,
    ) -> Message {
        self.told += 1;
        self.message(&format!("{what}-{}", self.told), occasion, severity, at)
    }

    fn command_line(&self) -> String {
        format!("`turnback {}`", self.command)
    }

    /// What all messages of a run have in common.
    fn message(&self, what: &str, occasion: Occasion, severity: Severity, at: Moment) -> Message {
        let run = Self::issues_of(&self.plan);
        Message {
            id: format!("{run}{}/{what}", self.epoch),
            plan: self.plan.clone(),
            target: self.target.clone(),
            phase: None,
            occasion,
            severity,
            at,
            title: String::new(),
            happened: String::new(),
            safe: "The database: clients read and write, and every step is in its ledger."
                .to_owned(),
            next: "It goes on by itself; `turnback status` shows where everything stands."
                .to_owned(),
            issue: None,
            resolved: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Stage;

    fn run(exit_code: ExitCode) -> Vec<Message> {
        let mut news = News::new("shop", "postgres://db/shop");
        let became = |state| JournalEvent::PhaseBecame {
            phase: "users".to_owned(),
            state,
        };
        let begun = JournalEvent::RunBegun {
            command: "up".to_owned(),
            plan: "shop".to_owned(),
            epoch: 7,
            target: None,
        };
        let ended = JournalEvent::RunEnded {
            outcome: "stopped at a safe point: the lock was not to be had".to_owned(),
            exit_code: exit_code as u8,
        };
        let events = [
            begun,
            became(PhaseState::Expanding),
            became(PhaseState::CutOver),
            ended,
        ];
        let told = events.iter().zip(1_u64..);
        told.flat_map(|(event, at)| news.hear(event, Moment(at)))
            .collect()
    }

    #[test]
    fn a_run_is_told_from_its_beginning_to_its_end() {
        let told = run(ExitCode::Done);
        let occasions: Vec<_> = told.iter().map(|message| message.occasion).collect();
        assert_eq!(
            occasions,
            [
                Occasion::Before,
                Occasion::Before,
                Occasion::After,
                Occasion::After
            ]
        );
        assert_eq!(told[2].title, "Phase users is cut over");
        for message in &told {
            assert!(
                !message.safe.is_empty() && !message.next.is_empty(),
                "{message:?}"
            );
        }
    }

    #[test]
    fn the_same_event_has_the_same_id_and_others_have_others() {
        let (once, again) = (run(ExitCode::Done), run(ExitCode::Done));
        let ids = |told: &[Message]| -> std::collections::BTreeSet<String> {
            told.iter().map(|message| message.id.clone()).collect()
        };
        assert_eq!(ids(&once), ids(&again));
        assert_eq!(ids(&once).len(), once.len());
    }

    #[test]
    fn a_run_that_does_not_come_to_its_end_is_an_issue_until_one_does() {
        for (code, severity) in [
            (ExitCode::Stopped, Severity::Warning),
            (ExitCode::NeedsPerson, Severity::Critical),
            (ExitCode::Failed, Severity::Critical),
        ] {
            let told = run(code);
            let issue = told.last().unwrap();
            assert_eq!(
                (issue.occasion, issue.severity),
                (Occasion::Issue, severity)
            );
            assert_eq!(issue.issue.as_deref(), Some("shop/run-7"));
            let over = News::new("shop", "postgres://db/shop").over(issue, Moment(9));
            assert!(over.resolved && over.issue == issue.issue && over.id != issue.id);
            assert_eq!(over.severity, severity);
        }
    }

    #[test]
    fn word_of_progress_is_given_while_a_step_is_at_work() {
        let mut news = News::new("shop", "postgres://db/shop");
        assert_eq!(news.progress(Moment(0)), None);
        news.hear(
            &JournalEvent::RunBegun {
                command: "up".to_owned(),
                plan: "shop".to_owned(),
                epoch: 7,
                target: None,
            },
            Moment(0),
        );
        news.hear(
            &JournalEvent::StepIntended {
                phase: "users".to_owned(),
                stage: Stage::Expand,
                step: "fill".to_owned(),
                title: "fill the new columns".to_owned(),
            },
            Moment(1),
        );
        let (first, second) = (
            news.progress(Moment(120_000)),
            news.progress(Moment(240_000)),
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(
            first.happened.contains("2 min") && first.happened.contains("fill the new"),
            "{first:?}"
        );
        assert_ne!(first.id, second.id);
    }
}
