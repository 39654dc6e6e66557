//! What people are told of a canary.

use std::time::Duration;

use super::{Message, News, Occasion, Severity};
use crate::canary::Share;
use crate::guard::Moment;
use crate::human::human_duration;

const BOTH_SHAPES: &str =
    "Clients read and write through either shape; the flag at 0% sends everybody to the old one.";

impl News {
    /// A step begins.
    pub(super) fn canary_step(
        &mut self,
        phase: &str,
        flag: &str,
        (step, of): (u32, u32),
        share: Share,
        hold: Duration,
        at: Moment,
    ) -> Message {
        let work = format!("its canary is at {share}, step {step} of {of}, and guards compare");
        self.at_work = Some((phase.to_owned(), work));
        let hold = human_duration(hold.as_secs_f64());
        Message {
            phase: Some(phase.to_owned()),
            title: format!("Canary of phase {phase}: {share} of users"),
            happened: format!(
                "Flag {flag} sends {share} of users to the new shape of phase {phase}, step {step} of {of}. They are compared with the rest for {hold}."
            ),
            safe: BOTH_SHAPES.to_owned(),
            ..self.next_message("canary", Occasion::During, Severity::Info, at)
        }
    }

    /// It goes no further before a person has looked.
    pub(super) fn canary_stops(&mut self, phase: &str, because: &str, at: Moment) -> Message {
        self.held = Some("the flag of its canary is not as it was left".to_owned());
        let (why, next) = because.split_once(". ").unwrap_or((because, ""));
        Message {
            happened: format!("{why}."),
            safe: "The database: both shapes are live, and nothing goes forward meanwhile."
                .to_owned(),
            next: if next.is_empty() {
                "`turnback status` shows where it stands; `turnback back` turns back.".to_owned()
            } else {
                format!("{next}.")
            },
            ..self.issue(
                &stop_of(phase),
                Severity::Warning,
                Some(phase),
                format!("The canary of phase {phase} waits for a person"),
                at,
            )
        }
    }

    /// The flag is as it was left.
    pub(super) fn canary_goes_on(
        &mut self,
        phase: &str,
        flag: &str,
        at: Moment,
    ) -> Option<Message> {
        self.held = None;
        let happened = format!("Flag {flag} is as the canary left it again.");
        self.resolve(&stop_of(phase), happened, at)
            .map(|message| Message {
                next: "The step is watched anew.".to_owned(),
                ..message
            })
    }

    /// Every step is over.
    pub(super) fn canary_passed(&mut self, phase: &str, flag: &str, at: Moment) -> Message {
        Message {
            phase: Some(phase.to_owned()),
            title: format!("The canary of phase {phase} is through"),
            happened: format!(
                "Every step of the canary of phase {phase} (flag {flag}) was watched, and nothing holds it: the cut-over follows."
            ),
            safe: BOTH_SHAPES.to_owned(),
            ..self.next_message("canary-through", Occasion::After, Severity::Info, at)
        }
    }

    /// Nobody is sent to the new shape any more.
    pub(super) fn canary_ended(
        &mut self,
        phase: &str,
        flag: &str,
        from: Share,
        at: Moment,
    ) -> Message {
        Message {
            phase: Some(phase.to_owned()),
            title: format!("Flag {flag} is at 0%"),
            happened: format!(
                "Flag {flag} was at {from} and is at 0%: everybody is sent to the old shape of phase {phase}, before it is turned back."
            ),
            safe: "The database: no row that was written is lost, through whichever shape."
                .to_owned(),
            next: "Nothing to type: it turns back, and says when it is done.".to_owned(),
            ..self.next_message("canary-ended", Occasion::During, Severity::Warning, at)
        }
    }
}

fn stop_of(phase: &str) -> String {
    format!("canary {phase}")
}
