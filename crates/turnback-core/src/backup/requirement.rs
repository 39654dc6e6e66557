//! Whether a phase may go on without a backup, where the plan requires one.

use std::fmt;
use std::time::Duration;

use super::manifest::{Manifest, PhaseStanding};
use crate::human::human_duration;
use crate::plan::{Backups, Require, show_duration};
use crate::preflight::Finding;

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand<'a> {
    /// A phase is about to begin.
    Phase {
        /// The phase.
        id: &'a str,
        /// It holds something that cannot be turned back.
        irreversible: bool,
    },
    /// The old shape is about to be given up.
    Contract,
}

impl Demand<'_> {
    /// Whether a plan that requires one then wants a backup before this.
    pub fn wants(self, require: Require) -> bool {
        match (require, self) {
            (Require::Never, _) => false,
            (Require::Contract, Self::Phase { irreversible, .. }) => irreversible,
            (Require::Phase, Self::Phase { .. }) => true,
            (Require::Contract | Require::Phase, Self::Contract) => true,
        }
    }
}

impl fmt::Display for Demand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase { id, .. } => write!(f, "phase {id}"),
            Self::Contract => write!(f, "contract"),
        }
    }
}

/// How things are.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Name of the database.
    pub database: &'a str,
    /// System identifier of its cluster, where it can be read.
    pub system: Option<&'a str>,
    /// Seconds since 1970, by the server's clock.
    pub now: i64,
    /// Where every phase stands.
    pub phases: &'a [PhaseStanding],
    /// What there is, damaged ones left out.
    pub backups: &'a [Manifest],
}

/// The rule's name, for scripts.
const RULE: &str = "backup-required";

/// What stands in the way for want of a backup; nothing where the plan requires none, or there
/// is one that was verified, is not too old, and was taken since any phase changed its state.
pub fn requirement(
    backups: &Backups,
    demand: Demand<'_>,
    situation: &Situation<'_>,
) -> Option<Finding> {
    if !demand.wants(backups.require) {
        return None;
    }
    let reason = lacking(backups.max_age, situation)?;
    Some(Finding::no_go(
        RULE,
        demand.to_string(),
        format!("the plan requires a verified backup (`backups: require`), and {reason}"),
        "Type `turnback backup create --verify`, then the same command again",
    ))
}

/// Why none of the backups will do; nothing when one does.
fn lacking(max_age: Duration, situation: &Situation<'_>) -> Option<String> {
    let mut best = None;
    for backup in situation.backups {
        let flaw = flaw(backup, max_age, situation);
        match flaw {
            None => return None,
            Some(flaw) => best = best.max(Some((backup.taken_epoch, backup.id.as_str(), flaw))),
        }
    }
    Some(match best {
        None => "there is none".to_owned(),
        Some((_, id, flaw)) => format!("the newest, {id}, {flaw}"),
    })
}

fn flaw(backup: &Manifest, max_age: Duration, situation: &Situation<'_>) -> Option<String> {
    let other_system = match (&backup.system, situation.system) {
        (Some(of), Some(here)) => of != here,
        _ => false,
    };
    if backup.database != situation.database || other_system {
        return Some(format!("is of another database, {}", backup.database));
    }
    if !backup.is_good() {
        return Some("has not been verified".to_owned());
    }
    let age = situation.now.saturating_sub(backup.taken_epoch).max(0);
    if age as u64 > max_age.as_secs() {
        return Some(format!(
            "is {} old, and {} is the most (`max_age`)",
            human_duration(age as f64),
            show_duration(max_age)
        ));
    }
    let changed = situation.phases.iter().find(|now| {
        let then = backup
            .phases
            .iter()
            .find(|then| then.plan == now.plan && then.phase == now.phase);
        then.map_or(crate::state::PhaseState::Pending, |then| then.state) != now.state
    });
    changed.map(|changed| {
        format!(
            "was taken before phase {} became {}",
            changed.phase, changed.state
        )
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::contents::Contents;
    use super::super::manifest::{BackupState, DatabaseProperties, Method, Verified};
    use super::*;
    use crate::state::PhaseState;

    pub(in super::super) fn manifest(at: i64) -> Manifest {
        Manifest {
            format: 1,
            id: format!("at-{at}"),
            state: BackupState::Whole,
            method: Method::PgDump,
            plan: "p".to_owned(),
            database: "shop".to_owned(),
            system: Some("7".to_owned()),
            server_version: 150_000,
            taken_at: String::new(),
            taken_epoch: at,
            database_bytes: 0,
            phases: vec![],
            properties: DatabaseProperties::default(),
            restore_point: None,
            contents: Contents::default(),
            files: vec![],
            millis: 0,
            verified: Some(Verified {
                at: String::new(),
                server_version: 150_000,
                millis: 1,
            }),
        }
    }

    fn asked(require: Require, demand: Demand<'_>, backups: &[Manifest]) -> Option<String> {
        let plan = Backups {
            require,
            max_age: Duration::from_secs(3600),
            ..Backups::default()
        };
        let phases = [PhaseStanding {
            plan: "p".to_owned(),
            phase: "users".to_owned(),
            state: PhaseState::CutOver,
        }];
        let situation = Situation {
            database: "shop",
            system: Some("7"),
            now: 10_000,
            phases: &phases,
            backups,
        };
        requirement(&plan, demand, &situation).map(|finding| finding.reason)
    }

    fn fitting() -> Manifest {
        let mut manifest = manifest(9_000);
        manifest.phases = vec![PhaseStanding {
            plan: "p".to_owned(),
            phase: "users".to_owned(),
            state: PhaseState::CutOver,
        }];
        manifest
    }

    const PHASE: Demand<'static> = Demand::Phase {
        id: "orders",
        irreversible: false,
    };

    #[test]
    fn nothing_is_asked_for_unless_the_plan_does() {
        assert_eq!(asked(Require::Never, Demand::Contract, &[]), None);
        assert_eq!(asked(Require::Contract, PHASE, &[]), None);
        let irreversible = Demand::Phase {
            id: "orders",
            irreversible: true,
        };
        assert!(asked(Require::Contract, irreversible, &[]).is_some());
        assert!(asked(Require::Contract, Demand::Contract, &[]).is_some());
    }

    #[test]
    fn a_fitting_backup_lets_a_phase_begin_whatever_else_is_there() {
        let mut unverified = fitting();
        unverified.verified = None;
        assert_eq!(asked(Require::Phase, PHASE, &[unverified, fitting()]), None);
    }

    #[test]
    fn each_flaw_is_named() {
        let said = |change: fn(&mut Manifest)| {
            let mut backup = fitting();
            change(&mut backup);
            asked(Require::Phase, PHASE, &[backup]).unwrap()
        };
        assert!(said(|b| b.verified = None).contains("has not been verified"));
        assert!(said(|b| b.taken_epoch = 1).contains("old, and 1h is the most"));
        assert!(said(|b| b.database = "test".to_owned()).contains("another database"));
        assert!(said(|b| b.system = Some("8".to_owned())).contains("another database"));
        assert!(said(|b| b.phases.clear()).contains("before phase users became cut over"));
        assert!(said(|b| b.state = BackupState::Begun).contains("has not been verified"));
        assert!(
            asked(Require::Phase, PHASE, &[])
                .unwrap()
                .contains("there is none")
        );
    }
}
