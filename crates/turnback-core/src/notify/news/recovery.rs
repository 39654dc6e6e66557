//! What people are told of hooks, and of turning back as a whole.

use super::watched::RECOVERY;
use super::{Message, News, Occasion, Severity};
use crate::guard::Moment;
use crate::hook::{HookOutcome, OnFailure};
use crate::human::human_duration;
use crate::name::list;
use crate::recovery::Part;

impl News {
    /// A hook came to its end. Only its failure is news, and that it works again.
    pub(super) fn hook_ran(
        &mut self,
        phase: &str,
        on_failure: OnFailure,
        outcome: &HookOutcome,
        at: Moment,
    ) -> Option<Message> {
        let hook = &outcome.hook;
        let about = format!("hook {hook} {phase}");
        let Some(why) = &outcome.failure else {
            return self.resolve(&about, format!("Hook {hook} has worked."), at);
        };
        let next = match on_failure {
            OnFailure::Stop => {
                "The run stops where it is safe. Put right what the hook needs, and type the same command again, or `turnback back`."
            }
            OnFailure::Continue => "The run goes on. Do by hand what the hook should have done.",
            OnFailure::Ask => {
                "A person decides: type the same command again to go on, or `turnback back` to turn back."
            }
        };
        Some(Message {
            happened: format!(
                "Hook {hook} ({}) failed: {}",
                outcome.when.as_str(),
                sentence(why)
            ),
            next: next.to_owned(),
            ..self.issue(
                &about,
                Severity::Warning,
                Some(phase),
                format!("Hook {hook} failed"),
                at,
            )
        })
    }

    /// Turning back as a whole begins.
    pub(super) fn recovery_begins(
        &mut self,
        phases: &[String],
        because: &str,
        at: Moment,
    ) -> Message {
        let phases = list(phases);
        self.at_work = Some((phases.clone(), "it turns back".to_owned()));
        Message {
            phase: None,
            title: format!("Turning back {phases}, with all that belongs to it"),
            happened: sentence(because),
            safe: "The database: no row that was written is lost. Services may be down while they are exchanged."
                .to_owned(),
            next: "Nothing to type: it says when it is done.".to_owned(),
            ..self.next_message("recovery", Occasion::Before, Severity::Warning, at)
        }
    }

    /// A part of it is over. Only its failure is news.
    pub(super) fn recovery_part(
        &mut self,
        part: Part,
        failure: Option<&str>,
        at: Moment,
    ) -> Option<Message> {
        let why = failure?;
        Some(Message {
            happened: format!("Turning back: {part} failed: {}", sentence(why)),
            next: "`turnback status` shows where every phase stands.".to_owned(),
            ..self.issue(
                RECOVERY,
                Severity::Critical,
                None,
                format!("Turning back: {part} failed"),
                at,
            )
        })
    }

    /// A line of the validation. Only one that does not hold, or that nobody knows of, is news.
    pub(super) fn validated(
        &mut self,
        promise: &str,
        holds: Option<bool>,
        evidence: &str,
        at: Moment,
    ) -> Option<Message> {
        let title = match holds {
            Some(true) => return None,
            Some(false) => "Not all is well after turning back",
            None => "It could not be found out whether all is well after turning back",
        };
        Some(Message {
            happened: format!("{title}: {promise}. {}", sentence(evidence)),
            next: "Look at it before clients depend on it.".to_owned(),
            ..self.issue(RECOVERY, Severity::Critical, None, title.to_owned(), at)
        })
    }

    /// Turning back as a whole came to its end: that ends its issue where the end is good.
    pub(super) fn recovery_ended(
        &mut self,
        millis: u64,
        objective_millis: Option<u64>,
        failure: Option<&str>,
        at: Moment,
    ) -> Vec<Message> {
        self.at_work = None;
        let took = duration(millis);
        if let Some(why) = failure {
            return vec![Message {
                happened: format!(
                    "Turning back did not come to its good end in {took}: {}",
                    sentence(why)
                ),
                next: "`turnback status` shows where every phase stands; `turnback back` goes on, and `turnback repair` looks at what is half done."
                    .to_owned(),
                ..self.issue(
                    RECOVERY,
                    Severity::Critical,
                    None,
                    "Turning back needs a person".to_owned(),
                    at,
                )
            }];
        }
        let objective = match objective_millis {
            Some(most) if millis > most => {
                format!(" The objective was {}, and was missed.", duration(most))
            }
            Some(most) => format!(" The objective was {}, and was met.", duration(most)),
            None => String::new(),
        };
        let happened = format!("Everything is turned back, in {took}.{objective}");
        let next = "Nothing by itself; `turnback status` shows where everything stands.";
        let over = self
            .resolve(RECOVERY, happened.clone(), at)
            .map(|message| Message {
                next: next.to_owned(),
                ..message
            });
        let done = Message {
            title: format!("Turned back in {took}"),
            happened,
            safe: "Clients read and write; every row that was written is there.".to_owned(),
            next: next.to_owned(),
            ..self.next_message("recovered", Occasion::After, Severity::Warning, at)
        };
        over.into_iter().chain([done]).collect()
    }
}

fn duration(millis: u64) -> String {
    if millis < 10_000 {
        format!("{:.1} s", millis as f64 / 1_000.0)
    } else {
        human_duration(millis as f64 / 1_000.0)
    }
}

/// With its full stop.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end().trim_end_matches('.'))
}
