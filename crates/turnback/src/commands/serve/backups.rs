//! What the plan asks of backups, as the server shows it.

use turnback_core::backup::Demand;
use turnback_core::plan::{Phase, Plan};
use turnback_core::state::PhaseState;
use turnback_server::model::{BackupNeed, BackupRule};

use crate::commands::backup::required;
use crate::context::Loaded;
use crate::failure::Failure;

/// What comes next that takes a backup: the first phase that does and has not begun, and contract.
pub(super) fn demands<'a>(plan: &'a Plan, state: impl Fn(&Phase) -> PhaseState) -> Vec<Demand<'a>> {
    let require = plan.backups.require;
    let phases = plan.phases.iter();
    let of_phase = phases
        .filter(|phase| state(phase) == PhaseState::Pending)
        .map(|phase| Demand::Phase {
            id: &phase.id,
            irreversible: phase.is_irreversible(),
        });
    let phase = of_phase.into_iter().find(|demand| demand.wants(require));
    let is_over = plan
        .phases
        .iter()
        .all(|phase| state(phase) == PhaseState::Contracted);
    let contract = Some(Demand::Contract).filter(|demand| !is_over && demand.wants(require));
    phase.into_iter().chain(contract).collect()
}

/// What the plan asks, and whether that is met.
///
/// # Errors
///
/// When the target or the directory of backups cannot be read.
pub(super) async fn rule(loaded: &Loaded, demands: &[Demand<'_>]) -> Result<BackupRule, Failure> {
    let backups = &loaded.plan().backups;
    let mut needs = Vec::new();
    for demand in demands {
        let found = required::findings(loaded, &[*demand]).await?.pop();
        let (lacking, remedy) = found.map(|found| (found.reason, found.remedy)).unzip();
        needs.push(BackupNeed {
            before: demand.to_string(),
            lacking,
            remedy,
        });
    }
    Ok(BackupRule {
        require: backups.require.as_str().to_owned(),
        max_age_millis: u64::try_from(backups.max_age.as_millis()).unwrap_or(u64::MAX),
        keep: backups.keep,
        needs,
    })
}

#[cfg(test)]
mod tests {
    use turnback_core::plan::{PlanSource, parse};

    use super::*;

    fn plan(require: &str) -> Plan {
        let text = format!(
            "version: 1\nname: p\ntarget: postgres://db/shop\nbackups: {{ require: {require} }}\nphases:\n  \
             - {{ id: a, operations: [ {{ sql: {{ up: SELECT 1, down: SELECT 1 }} }} ] }}\n  \
             - {{ id: b, operations: [ {{ sql: {{ up: SELECT 1, irreversible: true }} }} ] }}\n"
        );
        let parsed = parse(&PlanSource {
            file_name: "plan.yaml",
            text: &text,
            env: &|_| None,
            read_file: &|path| Err(format!("it reads no files, not even {path}")),
            target_override: None,
        });
        parsed.expect("it is a plan").plan
    }

    fn named(plan: &Plan, state: PhaseState) -> Vec<String> {
        let demands = demands(plan, |_| state);
        demands.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_comes_next_and_takes_a_backup_is_named_as_the_plan_asks() {
        use PhaseState::{Contracted, CutOver, Pending};
        assert_eq!(named(&plan("never"), Pending), Vec::<String>::new());
        assert_eq!(named(&plan("phase"), Pending), ["phase a", "contract"]);
        assert_eq!(named(&plan("contract"), Pending), ["phase b", "contract"]);
        assert_eq!(named(&plan("phase"), CutOver), ["contract"]);
        assert_eq!(named(&plan("phase"), Contracted), Vec::<String>::new());
    }
}
