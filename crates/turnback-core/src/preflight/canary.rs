//! Whether a canary can begin: its flag is there, and can be set.

use super::Finding;
use crate::canary::{Canary, Share};
use crate::flag::{FlagSet, FlagState};
use crate::state::PhaseState;

/// What keeps the canary of a phase from beginning, or from going on. `flags` are those of the
/// control store, or why they cannot be read or changed.
pub fn canary_finding(
    canary: &Canary,
    state: PhaseState,
    flags: Result<&FlagSet, &str>,
) -> Option<Finding> {
    if !state.is_before_cut_over() {
        return None;
    }
    let key = &canary.flag;
    let (reason, remedy) = match flags {
        Err(why) => (
            format!("its flag cannot be set: {why}"),
            "A canary needs the control store; `--store` names another".to_owned(),
        ),
        Ok(flags) => match flags.flag(key) {
            None => (
                format!("there is no flag {key}, so no application can ask for it"),
                format!("`turnback flag set {key} --rollout 0%` makes it"),
            ),
            Some(flag) if flag.state() == FlagState::Disabled => (
                format!("flag {key} is disabled, so it would send nobody anywhere"),
                format!("`turnback flag enable {key}`"),
            ),
            Some(flag) => match flag.share() {
                None => (
                    format!("flag {key} is not spread over `on` and `off`, so it has no share"),
                    format!("`turnback flag set {key} --rollout 0%` gives it one"),
                ),
                Some(share) if state != PhaseState::Expanded && share > Share::NONE => (
                    format!(
                        "flag {key} is at {share} already, and the shape that it sends to is not there"
                    ),
                    format!("`turnback flag share {key} 0%`"),
                ),
                Some(_) => return None,
            },
        },
    };
    let finding = Finding::no_go(
        "canary-flag",
        format!("canary of flag {key}"),
        reason,
        remedy,
    );
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canary::{CanaryStep, Compare, ToldBy};
    use crate::flag::Change;
    use std::time::Duration;

    fn canary() -> Canary {
        Canary {
            flag: "users-uuid".to_owned(),
            compare: Compare {
                by: ToldBy::Role,
                canary: "new".to_owned(),
                rest: "old".to_owned(),
            },
            steps: vec![CanaryStep {
                share: Share::ALL,
                hold: Duration::from_secs(1),
                ask: None,
            }],
            drain: Duration::ZERO,
        }
    }

    fn at(tenths: u16) -> FlagSet {
        let change = Change::Rollout {
            key: "users-uuid".to_owned(),
            from: None,
            share: Share::tenths(tenths).unwrap(),
        };
        change.apply(&FlagSet::default()).unwrap()
    }

    #[test]
    fn a_canary_begins_with_a_flag_that_is_there_and_sends_nobody_yet() {
        let look = |flags: Result<&FlagSet, &str>| {
            let found = canary_finding(&canary(), PhaseState::Pending, flags);
            found.map(|finding| finding.reason)
        };
        assert_eq!(look(Ok(&at(0))), None);
        assert!(look(Ok(&at(10))).is_some_and(|why| why.contains("at 1% already")));
        assert!(look(Ok(&FlagSet::default())).is_some_and(|why| why.contains("there is no flag")));
        assert!(look(Err("it is read-only")).is_some_and(|why| why.contains("read-only")));
        let disable = Change::Disable {
            key: "users-uuid".to_owned(),
        };
        let disabled = disable.apply(&at(0)).unwrap();
        assert!(look(Ok(&disabled)).is_some_and(|why| why.contains("is disabled")));
    }

    #[test]
    fn a_canary_on_its_way_is_left_to_its_run_and_one_that_is_over_needs_no_flag() {
        let (on_its_way, none) = (at(10), FlagSet::default());
        for (state, flags) in [
            (PhaseState::Expanded, &on_its_way),
            (PhaseState::CutOver, &none),
        ] {
            assert_eq!(canary_finding(&canary(), state, Ok(flags)), None);
        }
    }
}
