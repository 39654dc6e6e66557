//! How far to turn back, and in which order; likewise how far to contract.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::state::PhaseState;

/// How far to turn back. Kept as the word that plans and `--scope` write.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Scope {
    /// The last phase that went forward.
    Current,
    /// That phase and the one before it.
    Previous,
    /// Every phase.
    All,
    /// This phase and every phase after it.
    From(String),
}

impl std::str::FromStr for Scope {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "current" => Self::Current,
            "previous" => Self::Previous,
            "all" => Self::All,
            phase => Self::From(phase.to_owned()),
        })
    }
}

impl From<String> for Scope {
    fn from(text: String) -> Self {
        match text.parse() {
            Ok(scope) => scope,
            Err(never) => match never {},
        }
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl Scope {
    /// For sentences: what is turned back.
    pub fn in_words(&self) -> String {
        match self {
            Self::Current => "the current phase".to_owned(),
            Self::Previous => "the current phase and the one before it".to_owned(),
            Self::All => "all phases".to_owned(),
            Self::From(phase) => format!("phase {phase} and all after it"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current => f.write_str("current"),
            Self::Previous => f.write_str("previous"),
            Self::All => f.write_str("all"),
            Self::From(phase) => f.write_str(phase),
        }
    }
}

/// Where one phase stands, in the order of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The phase.
    pub phase: String,
    /// Its state.
    pub state: PhaseState,
    /// It was begun and holds something that cannot be turned back.
    pub irreversible: bool,
}

/// Why turning back cannot go as far as was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackRefused {
    /// No phase has gone forward.
    #[error("nothing to turn back: no phase has gone forward")]
    NothingDone,
    /// There is no such phase.
    #[error("there is no phase {0} in this plan")]
    UnknownPhase(String),
    /// The phase, or one after it, is contracted.
    #[error(
        "phase {0} is contracted: its old shape is gone, and only a backup, or a conversion back from the key archive (turnback.keys_*), leads to it"
    )]
    Contracted(String),
    /// The phase holds something irreversible.
    #[error(
        "phase {0} ran SQL that is marked irreversible: there is no way back past it but a backup"
    )]
    Irreversible(String),
}

/// Where things stood when these phases were asked to turn back: an end that nobody was told of
/// does not count yet. The program was killed, say, and is started again with the same words.
pub fn as_asked(standings: &[Standing], untold: &[String]) -> Vec<Standing> {
    standings
        .iter()
        .map(|standing| match standing.state {
            PhaseState::Pending if untold.contains(&standing.phase) => Standing {
                state: PhaseState::Withdrawing,
                ..standing.clone()
            },
            _ => standing.clone(),
        })
        .collect()
}

/// The phases to turn back, last first.
///
/// # Errors
///
/// When nothing can be turned back, or not as far as was asked.
pub fn phases_to_turn_back(
    standings: &[Standing],
    scope: &Scope,
) -> Result<Vec<String>, BackRefused> {
    let first = match scope {
        Scope::From(phase) => standings
            .iter()
            .position(|s| &s.phase == phase)
            .ok_or_else(|| BackRefused::UnknownPhase(phase.clone()))?,
        Scope::All | Scope::Current | Scope::Previous => 0,
    };
    let back: Vec<&Standing> = standings[first..]
        .iter()
        .rev()
        .filter(|s| s.state.can_turn_back())
        .collect();
    let back = match scope {
        Scope::Current => &back[..back.len().min(1)],
        Scope::Previous => &back[..back.len().min(2)],
        Scope::All | Scope::From(_) => &back[..],
    };
    if back.is_empty() {
        // Say what stands in the way rather than that there is nothing.
        return Err(
            match standings[first..]
                .iter()
                .rev()
                .find(|s| s.state == PhaseState::Contracted)
            {
                Some(contracted) => BackRefused::Contracted(contracted.phase.clone()),
                None => BackRefused::NothingDone,
            },
        );
    }
    if let Some(stuck) = back.iter().find(|s| s.irreversible) {
        return Err(BackRefused::Irreversible(stuck.phase.clone()));
    }
    Ok(back.iter().map(|s| s.phase.clone()).collect())
}

/// The phases to contract, first to last, up to and including `to`: contract goes in the
/// order of the plan, for each old shape stands on the one before it.
pub fn phases_to_contract(standings: &[Standing], to: Option<&str>) -> Vec<String> {
    let mut phases = Vec::new();
    for standing in standings {
        match standing.state {
            PhaseState::CutOver | PhaseState::Contracting => phases.push(standing.phase.clone()),
            PhaseState::Contracted => {}
            PhaseState::Pending
            | PhaseState::Expanding
            | PhaseState::Expanded
            | PhaseState::Withdrawing => break,
        }
        if to == Some(standing.phase.as_str()) {
            break;
        }
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standings(states: &[PhaseState]) -> Vec<Standing> {
        states
            .iter()
            .enumerate()
            .map(|(i, state)| Standing {
                phase: format!("p{i}"),
                state: *state,
                irreversible: false,
            })
            .collect()
    }

    use PhaseState::{Contracted, CutOver, Expanding, Pending};

    #[test]
    fn the_last_phase_turns_back_first() {
        let s = standings(&[CutOver, CutOver, Expanding, Pending]);
        assert_eq!(
            phases_to_turn_back(&s, &Scope::Current),
            Ok(vec!["p2".into()])
        );
        assert_eq!(
            phases_to_turn_back(&s, &Scope::Previous),
            Ok(vec!["p2".into(), "p1".into()])
        );
        assert_eq!(
            phases_to_turn_back(&s, &Scope::All),
            Ok(vec!["p2".into(), "p1".into(), "p0".into()])
        );
        assert_eq!(
            phases_to_turn_back(&s, &Scope::From("p1".into())),
            Ok(vec!["p2".into(), "p1".into()])
        );
    }

    #[test]
    fn a_scope_counts_from_where_things_stood_until_its_end_is_told() {
        let back = |states: &[PhaseState], untold: &[&str], scope| {
            let untold: Vec<String> = untold.iter().map(|phase| (*phase).to_owned()).collect();
            phases_to_turn_back(&as_asked(&standings(states), &untold), &scope)
        };
        let named = |phases: &[&str]| Ok(phases.iter().map(|p| (*p).to_owned()).collect());
        // Both were turned back, and nobody was told.
        let (stand, untold) = ([CutOver, Pending, Pending], ["p2", "p1"]);
        assert_eq!(back(&stand, &untold, Scope::Current), named(&["p2"]));
        assert_eq!(back(&stand, &untold, Scope::Previous), named(&["p2", "p1"]));
        assert_eq!(back(&stand, &["p2"], Scope::Previous), named(&["p2", "p0"]));
        assert_eq!(back(&stand, &[], Scope::Current), named(&["p0"]));
        let all = back(&[Pending; 2], &["p1", "p0"], Scope::All);
        assert_eq!(all, named(&["p1", "p0"]));
    }

    #[test]
    fn after_contract_the_answer_says_what_is_left_to_do() {
        let s = standings(&[Contracted, Pending]);
        assert_eq!(
            phases_to_turn_back(&s, &Scope::All),
            Err(BackRefused::Contracted("p0".into()))
        );
        assert_eq!(
            phases_to_turn_back(&standings(&[Pending]), &Scope::All),
            Err(BackRefused::NothingDone)
        );
    }

    #[test]
    fn nothing_turns_back_past_what_is_irreversible() {
        let mut s = standings(&[CutOver, CutOver]);
        s[1].irreversible = true;
        assert_eq!(
            phases_to_turn_back(&s, &Scope::All),
            Err(BackRefused::Irreversible("p1".into()))
        );
    }

    #[test]
    fn contract_stops_at_the_first_phase_that_is_not_cut_over() {
        assert_eq!(
            phases_to_contract(&standings(&[Contracted, CutOver, Pending, CutOver]), None),
            ["p1"]
        );
        assert_eq!(
            phases_to_contract(&standings(&[CutOver, CutOver]), Some("p0")),
            ["p0"]
        );
    }
}
