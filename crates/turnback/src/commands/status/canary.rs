//! Where the canaries of a plan stand, from what the journal has of them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use turnback_core::canary::Share;
use turnback_core::guard::Moment;
use turnback_core::journal::JournalEvent;

use crate::output::watch;

/// A canary that is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct CanaryState {
    pub(crate) phase: String,
    pub(crate) flag: String,
    /// The number of its step, from 1; 0 where none has begun.
    pub(crate) step: usize,
    /// How many there are.
    pub(crate) of: usize,
    /// Tenths of a percent that the step sends to the new shape.
    pub(crate) share: Share,
    /// When the step began.
    pub(crate) since: Option<Moment>,
    /// How long it holds in all.
    pub(crate) hold_millis: Option<u64>,
    /// When the step will have held, if all goes well and the run is at work.
    pub(crate) until: Option<Moment>,
    /// Why it waits for a person to look at its flag.
    pub(crate) stopped: Option<String>,
    /// Every step is over.
    pub(crate) is_through: bool,
}

/// The canaries that are under way, from events in the order in which they happened.
pub(crate) fn canaries(events: &[(Moment, JournalEvent)]) -> Vec<CanaryState> {
    let mut canaries: BTreeMap<&str, CanaryState> = BTreeMap::new();
    for (at, event) in events {
        match event {
            JournalEvent::CanaryStep {
                phase,
                flag,
                step,
                of,
                share,
                hold_millis,
            } => {
                let canary = CanaryState {
                    phase: phase.clone(),
                    flag: flag.clone(),
                    step: *step as usize,
                    of: *of as usize,
                    share: *share,
                    since: Some(*at),
                    hold_millis: Some(*hold_millis),
                    until: Some(*at + Duration::from_millis(*hold_millis)),
                    stopped: None,
                    is_through: false,
                };
                canaries.insert(phase, canary);
            }
            JournalEvent::CanaryStopped {
                phase,
                flag,
                because,
            } => {
                let canary = canaries.entry(phase).or_default();
                canary.phase.clone_from(phase);
                canary.flag.clone_from(flag);
                canary.stopped = Some(because.clone());
            }
            JournalEvent::CanaryGoesOn { phase, .. } => {
                if let Some(canary) = canaries.get_mut(phase.as_str()) {
                    canary.stopped = None;
                }
            }
            JournalEvent::CanaryPassed { phase, .. } => {
                if let Some(canary) = canaries.get_mut(phase.as_str()) {
                    canary.is_through = true;
                }
            }
            // A canary begins once its phase is expanded: what was before that is of another try.
            JournalEvent::CanaryEnded { phase, .. } | JournalEvent::PhaseBecame { phase, .. } => {
                canaries.remove(phase.as_str());
            }
            _ => {}
        }
    }
    canaries.into_values().collect()
}

impl CanaryState {
    /// For people, as seen at a moment.
    pub(super) fn sentence(&self, now: Moment) -> String {
        let Self { phase, flag, .. } = self;
        let stands = if self.step == 0 {
            format!("{phase}: canary of flag {flag}, before its first step")
        } else {
            let canary = watch::canary((self.step, self.of), self.share);
            format!("{phase}: {canary} (flag {flag})")
        };
        let next = match (&self.stopped, self.is_through, self.until) {
            (Some(why), ..) => format!("it waits for a person: {why}"),
            (None, true, _) => "every step is over".to_owned(),
            (None, false, Some(until)) => {
                format!("{} if all goes well", watch::left(until.since(now)))
            }
            (None, false, None) => "it has not begun".to_owned(),
        };
        format!("{stands}: {next}.")
    }
}

#[cfg(test)]
mod tests {
    use turnback_core::state::PhaseState;

    use super::*;

    fn step(share: u16) -> JournalEvent {
        JournalEvent::CanaryStep {
            phase: "users".to_owned(),
            flag: "users-uuid".to_owned(),
            step: 2,
            of: 4,
            share: Share::tenths(share).unwrap(),
            hold_millis: 600_000,
        }
    }

    #[test]
    fn status_says_the_step_the_share_and_how_long_it_holds_yet() {
        let told = canaries(&[(Moment(0), step(100))]);
        assert_eq!(
            told[0].sentence(Moment(60_000)),
            "users: canary at 10% of users, step 2 of 4 (flag users-uuid): 9 min left if all goes well."
        );
    }

    #[test]
    fn a_canary_that_waits_for_a_person_says_why_until_it_goes_on() {
        let stopped = JournalEvent::CanaryStopped {
            phase: "users".to_owned(),
            flag: "users-uuid".to_owned(),
            because: "flag users-uuid is at 0%".to_owned(),
        };
        let goes_on = JournalEvent::CanaryGoesOn {
            phase: "users".to_owned(),
            flag: "users-uuid".to_owned(),
        };
        let mut events = vec![(Moment(0), step(100)), (Moment(1), stopped)];
        assert!(
            canaries(&events)[0]
                .sentence(Moment(2))
                .contains("is at 0%")
        );
        events.push((Moment(2), goes_on));
        assert_eq!(canaries(&events)[0].stopped, None);
    }

    #[test]
    fn a_phase_that_is_cut_over_turned_back_or_expanded_anew_has_no_canary_any_more() {
        for state in [
            PhaseState::Expanded,
            PhaseState::CutOver,
            PhaseState::Withdrawing,
            PhaseState::Pending,
        ] {
            let became = JournalEvent::PhaseBecame {
                phase: "users".to_owned(),
                state,
            };
            assert_eq!(canaries(&[(Moment(0), step(100)), (Moment(1), became)]), []);
        }
    }
}
