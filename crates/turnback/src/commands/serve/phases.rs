//! The plan and its phases, as the server shows them: states, what can be done, the way back.

use turnback_core::hook::{Hook, HookMoment};
use turnback_core::lock_report::PhaseLocks;
use turnback_core::name::list;
use turnback_core::plan::{ConvertKey, Generate, Operations, Phase, Plan};
use turnback_core::risk::Risk;
use turnback_core::scope::{BackRefused, Scope};
use turnback_core::state::PhaseState;
use turnback_engine::edges::PhaseRecord;
use turnback_server::model;

/// The plan, as it was read.
pub(super) fn plan(plan: &Plan) -> model::Plan {
    model::Plan {
        name: plan.name.clone(),
        target: plan.target.redacted(),
        schema: plan.schema.as_str().to_owned(),
        phases: plan.phases.iter().map(planned).collect(),
        risks: plan.risks.iter().map(risk).collect(),
        guards: plan.guards.iter().map(|guard| guard.name.clone()).collect(),
        hooks: plan.hooks.iter().map(|hook| hook.name.clone()).collect(),
    }
}

fn risk(risk: &Risk) -> model::Risk {
    model::Risk {
        title: risk.title.clone(),
        probability: risk.probability.get(),
        impact: risk.impact.get(),
        level: risk.level().to_string(),
        phases: risk.phases.clone(),
        guards: risk.guards.clone(),
        mitigation: risk.mitigation.clone(),
        owner: risk.owner.clone(),
    }
}

fn planned(phase: &Phase) -> model::PlannedPhase {
    let operations = match &phase.operations {
        Operations::ConvertKeys(keys) => keys.iter().map(converted).collect(),
        Operations::Sql(statements) => statements
            .iter()
            .map(
                |sql| match sql.up.lines().find(|line| !line.trim().is_empty()) {
                    Some(first) => format!("SQL: {}", first.trim()),
                    None => "SQL".to_owned(),
                },
            )
            .collect(),
    };
    model::PlannedPhase {
        id: phase.id.clone(),
        after: phase.after.clone(),
        operations,
        irreversible: phase.is_irreversible(),
        canary: phase.canary.as_ref().map(|canary| model::PlannedCanary {
            flag: canary.flag.clone(),
            steps: canary
                .steps
                .iter()
                .map(|step| step.share.to_string())
                .collect(),
        }),
        bake_millis: phase
            .bake
            .map(|bake| u64::try_from(bake.as_millis()).unwrap_or(u64::MAX)),
    }
}

fn converted(key: &ConvertKey) -> String {
    let by = match &key.generate {
        Generate::V4 => "random".to_owned(),
        Generate::V7 => "time-ordered".to_owned(),
        Generate::V7From(column) => format!("time-ordered by {column}"),
    };
    format!("the key of {} becomes a UUID, {by}", key.table)
}

/// A phase, with what the ledger and the journal know of it.
pub(super) fn phase(
    id: &str,
    record: Option<&PhaseRecord>,
    steps_done: usize,
    locks: Option<&PhaseLocks>,
    bakes_until: Option<u64>,
) -> model::Phase {
    let state = record.map_or(PhaseState::Pending, |record| record.state);
    let shown = record.filter(|_| {
        matches!(
            state,
            PhaseState::Expanded | PhaseState::CutOver | PhaseState::Contracting
        )
    });
    model::Phase {
        id: id.to_owned(),
        state: state.as_str().to_owned(),
        state_words: state.to_string(),
        version_schemas: shown
            .map(|record| {
                let schemas = record.program.version_schemas.iter();
                schemas.map(|schema| schema.as_str().to_owned()).collect()
            })
            .unwrap_or_default(),
        can: can(state),
        steps_done: steps_done as u64,
        bakes_until,
        longest_hold_millis: locks
            .and_then(|locks| Some(locks.longest_hold.as_ref()?.lock.hold_millis)),
        longest_wait_millis: locks.and_then(|locks| locks.longest_wait.as_ref()?.lock.wait_millis),
        lock_refusals: locks.map_or(0, |locks| locks.refusals),
    }
}

fn can(state: PhaseState) -> Vec<model::Deed> {
    let deed = |command: &str, comes_to: &str| model::Deed {
        command: command.to_owned(),
        comes_to: comes_to.to_owned(),
    };
    let drop = "the new shape is dropped; public shows the old one all along";
    let swap = "public shows the old shape at once; then the new one is dropped";
    match state {
        PhaseState::Pending => vec![deed(
            "up",
            "both shapes are made live, then public shows the new one",
        )],
        PhaseState::Expanding => vec![deed("up", "it goes on where it was"), deed("back", drop)],
        PhaseState::Expanded => vec![deed("up", "public shows the new shape"), deed("back", drop)],
        PhaseState::CutOver => vec![
            deed("back", swap),
            deed(
                "contract",
                "the old shape is given up; turning back is no longer instant",
            ),
        ],
        PhaseState::Withdrawing => vec![deed("back", "what is left of the new shape is dropped")],
        PhaseState::Contracting => vec![
            deed("contract", "it goes on where it was"),
            deed("back", swap),
        ],
        PhaseState::Contracted => vec![],
    }
}

/// What turning back these phases would come to.
pub(super) fn way_back(
    plan: &Plan,
    scope: &Scope,
    phases: Result<Vec<String>, BackRefused>,
    records: &[PhaseRecord],
) -> model::WayBack {
    let (phases, refused) = match phases {
        Ok(phases) => (phases, None),
        Err(refused) => (vec![], Some(refused.to_string())),
    };
    let turned: Vec<&PhaseRecord> = phases
        .iter()
        .filter_map(|phase| records.iter().find(|record| record.phase == *phase))
        .collect();
    let objective = plan.objectives.total;
    let nothing = turned.is_empty();
    model::WayBack {
        scope: scope.to_string(),
        scope_words: scope.in_words(),
        phases: turned.iter().map(|record| of(record)).collect(),
        catalog_only: !nothing,
        cost: if nothing {
            "nothing is turned back".to_owned()
        } else {
            "names and constraints are swapped back in the catalog, however large the tables are; \
             strong locks are held for a moment only. The two shapes are compared before the new \
             one is dropped, for a bounded time."
                .to_owned()
        },
        consequence: consequence(&turned),
        hooks: plan
            .hooks
            .iter()
            .filter(|hook| is_back(hook))
            .map(|hook| hook.name.clone())
            .collect(),
        objective_millis: objective
            .map(|objective| u64::try_from(objective.as_millis()).unwrap_or(u64::MAX)),
        last_hold_millis: None,
        refused,
    }
}

fn of(record: &PhaseRecord) -> model::WayBackOf {
    let what = match record.state {
        PhaseState::CutOver | PhaseState::Contracting => {
            "public shows the old shape again, then the new one is dropped"
        }
        PhaseState::Pending => "it is turned back already",
        _ => "the new shape is dropped; public shows the old one all along",
    };
    model::WayBackOf {
        phase: record.phase.clone(),
        state: record.state.as_str().to_owned(),
        what: what.to_owned(),
    }
}

fn consequence(turned: &[&PhaseRecord]) -> Vec<String> {
    if turned.is_empty() {
        return vec![];
    }
    let mut lines = vec![
        "Every row stays, those that were written through the new shape too.".to_owned(),
        "Clients without a version schema in their search_path see the old shape.".to_owned(),
    ];
    for record in turned {
        let schemas = &record.program.version_schemas;
        if !schemas.is_empty() {
            lines.push(format!(
                "Clients of {} ({}) lose it.",
                record.phase,
                list(schemas)
            ));
        }
    }
    lines
}

/// Whether a hook runs around a way back.
fn is_back(hook: &Hook) -> bool {
    !matches!(
        hook.when,
        HookMoment::BeforePhase
            | HookMoment::BeforeCutOver
            | HookMoment::AfterCutOver
            | HookMoment::AfterPhase
    )
}
