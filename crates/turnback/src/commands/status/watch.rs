//! What a watch has to say: guards, a bake, questions, from the control store.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use turnback_core::guard::{Moment, Verdict};
use turnback_core::journal::JournalEvent;
use turnback_core::state::PhaseState;
use turnback_engine::error::JournalError;
use turnback_store::{AskedQuestion, ControlStore};

use super::canary::CanaryState;
use crate::output::table;
use crate::output::watch::left;
use crate::telling::now;

/// What a watch has to say.
#[derive(Debug, Default, Serialize)]
pub(super) struct WatchState {
    /// What each guard said last, of phases that are not over.
    guards: Vec<Said>,
    /// Phases that bake.
    baking: Vec<Bakes>,
    /// Canaries under way.
    canaries: Vec<CanaryState>,
    /// Questions that are open.
    questions: Vec<Open>,
}

#[derive(Debug, Serialize)]
struct Said {
    phase: String,
    verdict: Verdict,
}

#[derive(Debug, Serialize)]
struct Bakes {
    phase: String,
    /// When it will have baked, if all goes well and the run is at work.
    until: Moment,
}

#[derive(Debug, Serialize)]
struct Open {
    number: i64,
    phase: String,
    /// What is asked, without its question mark.
    about: String,
    phases: Vec<String>,
    because: String,
    until: Option<Moment>,
}

impl WatchState {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When the control store cannot be read.
    pub(super) async fn read(store: &ControlStore) -> Result<Self, JournalError> {
        Ok(Self::of(
            store.about_watch().await?,
            store.open_questions().await?,
        ))
    }

    fn of(events: Vec<(Moment, JournalEvent)>, questions: Vec<AskedQuestion>) -> Self {
        let mut guards: BTreeMap<(String, String), Verdict> = BTreeMap::new();
        let mut baking: BTreeMap<String, Moment> = BTreeMap::new();
        let canaries = super::canary::canaries(&events);
        // In the order in which they happened: what comes to an end takes what was before along.
        for (at, event) in events {
            match event {
                JournalEvent::GuardSays { phase, verdict } => {
                    guards.insert((phase, verdict.guard.clone()), verdict);
                }
                JournalEvent::BakeBegun { phase, millis } => {
                    baking.insert(phase, at + Duration::from_millis(millis));
                }
                JournalEvent::BakePassed { phase } => {
                    baking.remove(&phase);
                    guards.retain(|(of, _), _| of != &phase);
                }
                JournalEvent::PhaseBecame { phase, state } => {
                    if matches!(state, PhaseState::Pending | PhaseState::Contracted) {
                        baking.remove(&phase);
                        guards.retain(|(of, _), _| of != &phase);
                    }
                }
                _ => {}
            }
        }
        Self {
            guards: guards
                .into_iter()
                .map(|((phase, _), verdict)| Said { phase, verdict })
                .collect(),
            baking: baking
                .into_iter()
                .map(|(phase, until)| Bakes { phase, until })
                .collect(),
            canaries,
            questions: questions
                .into_iter()
                .map(|open| Open {
                    number: open.number,
                    phase: open.phase,
                    about: open.question.about(),
                    phases: open.question.decision.phases,
                    because: open.question.decision.because,
                    until: open.until,
                })
                .collect(),
        }
    }

    /// Prints it, where there is something to say.
    pub(super) fn show(&self) {
        let mut shown = table(["phase", "guard", "says", "since", "because"]);
        for Said { phase, verdict } in &self.guards {
            shown.add_row([
                phase.clone(),
                verdict.guard.clone(),
                verdict.level.to_string(),
                verdict.since.to_string(),
                verdict.because.clone(),
            ]);
        }
        if !shown.is_empty() {
            anstream::println!("{shown}");
        }
        for Bakes { phase, until } in &self.baking {
            anstream::println!(
                "{phase} bakes: {} if all goes well.",
                left(until.since(now()))
            );
        }
        for canary in &self.canaries {
            anstream::println!("{}", canary.sentence(now()));
        }
        for open in &self.questions {
            anstream::println!(
                "Question {0} waits: {1}? {2}\n  turnback answer {0} turn-back | go-on | hold",
                open.number,
                open.about,
                open.because
            );
        }
    }
}
