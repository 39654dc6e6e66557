//! Which parts turning back has, in which order, and which hooks run in them.

use super::Part;
use crate::hook::Hook;

/// What a way back has before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahead<'a> {
    /// The phases that are turned back, last first.
    pub phases: &'a [String],
    /// Hooks of the plan; none where they are left out.
    pub hooks: &'a [Hook],
    /// A flag sends users to the new shape of a phase.
    pub canary: bool,
    /// Somebody is told by the rules of the plan.
    pub tells: bool,
    /// `public` shows the new shape of a phase.
    pub swaps: bool,
    /// The new shape is dropped, rather than kept for those who still use it.
    pub drops: bool,
    /// All that is left is to drop a new shape that a way back before this one had kept: the
    /// application went back with that one.
    pub only_drops: bool,
}

/// The parts, in their order: those in which hooks run, and those that turnback does itself.
pub fn parts(ahead: &Ahead<'_>) -> Vec<Part> {
    let has = |part: &Part| match part {
        Part::Confirm | Part::Validate => true,
        Part::EndCanary => ahead.canary,
        Part::Tell => ahead.tells,
        Part::Database => ahead.swaps,
        Part::DropNewShape => ahead.drops,
        _ => !ahead.only_drops && !hooks_of(ahead.hooks, *part, ahead.phases).is_empty(),
    };
    Part::ALL.into_iter().filter(has).collect()
}

/// The hooks of a part in the order of the plan, each with the phase that it runs for: once,
/// however many of the phases it is for.
pub fn hooks_of<'h, 'p>(
    hooks: &'h [Hook],
    part: Part,
    phases: &'p [String],
) -> Vec<(&'h Hook, &'p str)> {
    let Some(moment) = part.moment() else {
        return vec![];
    };
    hooks
        .iter()
        .filter_map(|hook| {
            let phase = phases.iter().find(|phase| hook.applies(moment, phase))?;
            Some((hook, phase.as_str()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use super::*;
    use crate::hook::{HookAction, HookMoment, OnFailure};

    fn hook(when: HookMoment, phases: &[&str]) -> Hook {
        Hook {
            name: when.as_str().to_owned(),
            when,
            phases: phases.iter().map(|id| (*id).to_owned()).collect(),
            does: HookAction::Run {
                program: vec!["true".to_owned()],
                env: BTreeMap::new(),
            },
            timeout: Duration::from_secs(1),
            on_failure: OnFailure::Stop,
            missing: BTreeSet::new(),
        }
    }

    fn phases(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_part_without_hooks_and_with_nothing_of_turnbacks_own_is_left_out() {
        let ids = phases(&["users", "logs"]);
        let ahead = Ahead {
            phases: &ids,
            hooks: &[],
            canary: false,
            tells: false,
            swaps: true,
            drops: true,
            only_drops: false,
        };
        let own = [
            Part::Confirm,
            Part::Database,
            Part::DropNewShape,
            Part::Validate,
        ];
        assert_eq!(parts(&ahead), own);
        let all = HookMoment::ALL.map(|when| hook(when, &[]));
        let ahead = Ahead {
            hooks: &all,
            canary: true,
            tells: true,
            ..ahead
        };
        assert_eq!(parts(&ahead), Part::ALL);
        let expanded_only = Ahead {
            swaps: false,
            ..ahead
        };
        assert!(!parts(&expanded_only).contains(&Part::Database));
        let kept = Ahead {
            drops: false,
            ..ahead
        };
        assert!(!parts(&kept).contains(&Part::DropNewShape));
    }

    #[test]
    fn what_only_drops_a_shape_that_was_kept_leaves_the_application_alone() {
        let ids = phases(&["users"]);
        let all = HookMoment::ALL.map(|when| hook(when, &[]));
        let ahead = Ahead {
            phases: &ids,
            hooks: &all,
            canary: false,
            tells: false,
            swaps: false,
            drops: true,
            only_drops: true,
        };
        let own = [Part::Confirm, Part::DropNewShape, Part::Validate];
        assert_eq!(parts(&ahead), own);
    }

    #[test]
    fn a_hook_runs_once_for_the_last_of_its_phases_that_is_turned_back() {
        let ids = phases(&["users", "logs"]);
        let hooks = [
            hook(HookMoment::StopServices, &["logs"]),
            hook(HookMoment::StopServices, &[]),
            hook(HookMoment::StopServices, &["other"]),
        ];
        let found: Vec<&str> = hooks_of(&hooks, Part::StopServices, &ids)
            .into_iter()
            .map(|(_, phase)| phase)
            .collect();
        assert_eq!(found, ["logs", "users"]);
    }

    #[test]
    fn the_hooks_of_turning_back_each_have_their_part() {
        let moments: Vec<HookMoment> = Part::ALL.into_iter().filter_map(Part::moment).collect();
        assert_eq!(moments, HookMoment::ALL[4..]);
        for (part, word) in Part::ALL.into_iter().zip(Part::WORDS) {
            assert_eq!(part.as_str(), word);
        }
    }
}
