//! Hooks: what the user's own programs and servers do at certain moments of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::notify::Request;
use crate::secret::Secret;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookMoment {
    /// Before a phase goes forward.
    BeforePhase,
    /// Before the cut-over of a phase.
    BeforeCutOver,
    /// After the cut-over of a phase.
    AfterCutOver,
    /// After a phase has gone forward and baked.
    AfterPhase,
    /// Before turning back: clients see that there is maintenance.
    MaintenanceOn,
    /// Before turning back: the state as it is now is put by.
    Snapshot,
    /// Before the database turns back: services stop.
    StopServices,
    /// After the database has turned back: the application that fits it.
    RestoreApplication,
    /// After the database has turned back: services start.
    StartServices,
    /// After turning back: whether all is well.
    Validate,
    /// After turning back: clients are let in again.
    MaintenanceOff,
}

impl HookMoment {
    /// Every moment, those of turning back in their order.
    pub const ALL: [Self; 11] = [
        Self::BeforePhase,
        Self::BeforeCutOver,
        Self::AfterCutOver,
        Self::AfterPhase,
        Self::MaintenanceOn,
        Self::Snapshot,
        Self::StopServices,
        Self::RestoreApplication,
        Self::StartServices,
        Self::Validate,
        Self::MaintenanceOff,
    ];

    /// As plans write them.
    pub const WORDS: [&'static str; 11] = [
        "before_phase",
        "before_cut_over",
        "after_cut_over",
        "after_phase",
        "maintenance_on",
        "snapshot",
        "stop_services",
        "restore_application",
        "start_services",
        "validate",
        "maintenance_off",
    ];

    /// As plans write it.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .into_iter()
            .zip(Self::WORDS)
            .find_map(|(moment, word)| (moment == self).then_some(word))
            .unwrap_or_default()
    }

    /// Reads one of [`HookMoment::WORDS`].
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| moment.as_str() == word)
    }
}

/// What a failed hook leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The run stops where it is safe.
    Stop,
    /// The run goes on, and tells.
    Continue,
    /// A person decides.
    Ask,
}

impl OnFailure {
    /// As plans write them.
    pub const WORDS: [&'static str; 3] = ["stop", "continue", "ask"];

    /// Reads one of [`OnFailure::WORDS`].
    pub fn read(word: &str) -> Option<Self> {
        match word {
            "stop" => Some(Self::Stop),
            "continue" => Some(Self::Continue),
            "ask" => Some(Self::Ask),
            _ => None,
        }
    }
}

/// One hook of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// Its name, for messages and the journal.
    pub name: String,
    /// When it runs.
    pub when: HookMoment,
    /// For which phases; all where there are none.
    pub phases: Vec<String>,
    /// What it does.
    pub does: HookAction,
    /// How long it may take. Default 1 min.
    pub timeout: Duration,
    /// What its failure leads to. Default: the run stops.
    pub on_failure: OnFailure,
    /// Environment variables that the plan names for it and that have no value: it cannot work.
    pub missing: BTreeSet<String>,
}

impl Hook {
    /// Whether it runs at this moment of this phase.
    pub fn applies(&self, when: HookMoment, phase: &str) -> bool {
        self.when == when && (self.phases.is_empty() || self.phases.iter().any(|id| id == phase))
    }
}

/// What a hook does.
#[derive(Clone, Debug, PartialEq)]
pub enum HookAction {
    /// Runs a program; done when it ends with exit code 0.
    Run {
        /// Program and arguments; no shell.
        program: Vec<String>,
        /// Variables beside those that turnback itself has.
        env: BTreeMap<String, Secret>,
    },
    /// Sends a request; done when the status is an expected one.
    Http(Request),
}

/// What came of a hook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HookOutcome {
    /// The hook.
    pub hook: String,
    /// When it ran.
    pub when: HookMoment,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Why it failed, as a sentence; nothing where it is done.
    pub failure: Option<String>,
    /// The end of what it printed or answered, with secrets masked.
    pub output: String,
}

/// How a run goes on after a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// On.
    GoOn,
    /// On, and somebody is told.
    GoOnAndTell,
    /// Not on.
    Stop,
    /// Not on before a person has decided.
    Ask,
}

/// How a run goes on after this outcome of this hook.
pub fn after(hook: &Hook, outcome: &HookOutcome) -> After {
    match (&outcome.failure, hook.on_failure) {
        (None, _) => After::GoOn,
        (Some(_), OnFailure::Continue) => After::GoOnAndTell,
        (Some(_), OnFailure::Stop) => After::Stop,
        (Some(_), OnFailure::Ask) => After::Ask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(on_failure: OnFailure) -> Hook {
        Hook {
            name: "stop the api".to_owned(),
            when: HookMoment::StopServices,
            phases: vec!["users".to_owned()],
            does: HookAction::Run {
                program: vec!["true".to_owned()],
                env: BTreeMap::new(),
            },
            timeout: Duration::from_secs(1),
            on_failure,
            missing: BTreeSet::new(),
        }
    }

    fn outcome(failure: Option<&str>) -> HookOutcome {
        HookOutcome {
            hook: "stop the api".to_owned(),
            when: HookMoment::StopServices,
            millis: 1,
            failure: failure.map(str::to_owned),
            output: String::new(),
        }
    }

    #[test]
    fn a_failed_hook_leads_to_what_the_plan_declares() {
        let failed = outcome(Some("it ended with exit code 1"));
        for (declared, follows) in [
            (OnFailure::Stop, After::Stop),
            (OnFailure::Continue, After::GoOnAndTell),
            (OnFailure::Ask, After::Ask),
        ] {
            assert_eq!(after(&hook(declared), &failed), follows);
            assert_eq!(after(&hook(declared), &outcome(None)), After::GoOn);
        }
    }

    #[test]
    fn a_hook_runs_at_its_moment_of_its_phases() {
        let hook = hook(OnFailure::Stop);
        assert!(hook.applies(HookMoment::StopServices, "users"));
        assert!(!hook.applies(HookMoment::StartServices, "users"));
        assert!(!hook.applies(HookMoment::StopServices, "orders"));
    }

    #[test]
    fn words_of_plans_and_moments_go_there_and_back() {
        for word in HookMoment::WORDS {
            assert_eq!(HookMoment::read(word).map(HookMoment::as_str), Some(word));
        }
        for word in OnFailure::WORDS {
            assert!(OnFailure::read(word).is_some());
        }
    }
}
