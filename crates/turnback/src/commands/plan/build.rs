//! From plan, ledger and catalog to the view.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use turnback_core::forecast::forecast;
use turnback_core::guard::{Guard, Of};
use turnback_core::name::{Ident, TableName, list};
use turnback_core::plan::{Operations, Phase, Plan, Settings};
use turnback_core::program::{Objects, Program, Stage};
use turnback_core::schema::Snapshot;
use turnback_core::step::{LockMode, Step, Work};
use turnback_engine::edges::Target;
use turnback_postgres::PostgresTarget;

use super::super::preflight::{Look, LookedAt};
use super::view::{
    CanaryStepView, CanaryView, ClientsView, ForecastView, Kind, LockView, PhaseView, PlanView,
    RewriteView, StepView,
};
use crate::context::Loaded;
use crate::failure::Failure;

/// Names of keys in a phase's one line, before it only counts.
const NAMED_KEYS: usize = 4;

pub(super) async fn view<'a>(
    loaded: &Loaded,
    target: &PostgresTarget,
    look: &'a Look,
) -> Result<PlanView<'a>, Failure> {
    let plan = loaded.plan();
    let mut phases = Vec::with_capacity(look.phases.len());
    for looked in &look.phases {
        let done = match &looked.record {
            Some(record) => target.done_steps(&plan.name, &record.phase).await?,
            None => vec![],
        };
        phases.push(phase(plan, look, looked, &done.into_iter().collect()));
    }
    Ok(PlanView {
        plan: plan.name.clone(),
        target: plan.target.redacted(),
        lock_timeout_ms: millis(plan.settings.lock_timeout),
        lock_attempts: plan.settings.lock_attempts,
        workers: plan.settings.workers,
        batch_time_ms: millis(plan.settings.batch_time),
        forecast_seconds: phases
            .iter()
            .filter_map(|phase| phase.forecast.as_ref())
            .map(|forecast| forecast.seconds)
            .sum(),
        phases,
    })
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

type Done = HashSet<(Stage, String)>;

/// Of a phase that is not planned.
static NO_OBJECTS: Objects = Objects {
    created: vec![],
    changed: vec![],
    dropped: vec![],
};

fn phase<'a>(plan: &Plan, look: &Look, looked: &'a LookedAt, done: &Done) -> PhaseView<'a> {
    let mut view = PhaseView {
        phase: looked.phase.id.clone(),
        state: looked.state,
        after: looked.phase.after.clone(),
        what: what(&looked.phase, looked.program()),
        is_planned: looked.program().is_some(),
        findings: looked.findings.clone(),
        steps: vec![],
        rewrites: vec![],
        forecast: None,
        clients: None,
        canary: None,
        objects: &NO_OBJECTS,
        irreversible: vec![],
    };
    if let Some(program) = looked.program() {
        let catalog = looked.catalog(&look.snapshot);
        describe(&mut view, program, catalog, done, &plan.settings);
        view.clients = clients(plan, program);
        view.canary = canary(plan, &view.phase);
    }
    view
}

fn describe<'a>(
    view: &mut PhaseView<'a>,
    program: &'a Program,
    catalog: &Snapshot,
    done: &Done,
    settings: &Settings,
) {
    let budget = millis(settings.lock_timeout);
    let forecast = forecast(program, catalog, settings.vacuum_after);
    let known: HashMap<(Stage, &str), f64> = forecast
        .steps
        .iter()
        .filter(|step| step.known)
        .map(|s| ((s.stage, s.step.as_str()), s.seconds))
        .collect();
    for stage in Stage::ALL {
        for step in program.steps(stage) {
            view.steps.push(StepView {
                is_done: done.contains(&(stage, step.id.clone())),
                forecast_seconds: known.get(&(stage, step.id.as_str())).copied(),
                ..self::step(stage, step, budget)
            });
        }
    }
    view.rewrites = rewrites(program, catalog);
    let left = |step: &&StepView<'_>| {
        !step.is_done && matches!(step.stage, Stage::Expand | Stage::CutOver | Stage::Settle)
    };
    view.forecast = Some(ForecastView {
        seconds: view
            .steps
            .iter()
            .filter(left)
            .filter_map(|step| step.forecast_seconds)
            .sum(),
        rewritten_bytes: forecast.rewritten_bytes,
        index_bytes: forecast.index_bytes,
        wal_bytes: forecast.wal_bytes,
        growth_bytes: forecast.growth_bytes,
        least_growth_bytes: forecast.least_growth_bytes,
    });
    view.objects = &program.objects;
    view.irreversible = program.irreversible.clone();
}

fn step(stage: Stage, step: &Step, budget: u64) -> StepView<'_> {
    let locks = step.locks();
    let strongest = locks.iter().map(|lock| lock.mode).max();
    let (kind, clean) = match &step.work {
        Work::Transaction { .. } => (Kind::Transaction, None),
        Work::Online { clean, .. } => (Kind::Online, clean.as_deref()),
        Work::Backfill(_) => (Kind::Backfill, None),
        Work::Verify { .. } => (Kind::Verify, None),
        Work::Script {
            transaction: true, ..
        } => (Kind::Script, None),
        Work::Script { .. } => (Kind::ScriptOutside, None),
    };
    StepView {
        stage,
        step: &step.id,
        title: &step.title,
        kind,
        is_done: false,
        locks: locks
            .iter()
            .map(|lock| LockView {
                table: lock.table.to_string(),
                mode: lock.mode,
            })
            .collect(),
        holds_up: match kind {
            Kind::Script | Kind::ScriptOutside => "whoever your SQL holds up",
            _ => strongest.map_or("nobody", LockMode::holds_up),
        },
        queue_ms_at_most: strongest.filter(|mode| mode.is_strong()).map(|_| budget),
        forecast_seconds: None,
        statements: step,
        clean,
    }
}

/// What a phase does, in one line.
fn what(phase: &Phase, program: Option<&Program>) -> String {
    match &phase.operations {
        Operations::ConvertKeys(keys) => {
            let named = if keys.len() <= NAMED_KEYS {
                let names: Vec<String> = keys.iter().map(|key| key.table.to_string()).collect();
                let word = if keys.len() == 1 { "key" } else { "keys" };
                format!("converts the {word} of {} to uuid", names.join(", "))
            } else {
                format!("converts {} keys to uuid", keys.len())
            };
            let follow = program.map_or(0, |program| {
                program.columns.len().saturating_sub(keys.len())
            });
            match follow {
                0 => named,
                1 => format!("{named}, and 1 column that refers to it"),
                n if keys.len() == 1 => format!("{named}, and {n} columns that refer to it"),
                n => format!("{named}, and {n} columns that refer to them"),
            }
        }
        Operations::Sql(operations) => match operations.len() {
            1 => "runs your SQL".to_owned(),
            n => format!("runs your SQL: {n} operations"),
        },
    }
}

fn rewrites(program: &Program, catalog: &Snapshot) -> Vec<RewriteView> {
    let mut passes: BTreeMap<&TableName, u64> = BTreeMap::new();
    for table in &program.rewrites {
        *passes.entry(table).or_default() += 1;
    }
    let mut rewrites: Vec<RewriteView> = passes
        .into_iter()
        .map(|(table, passes)| {
            let vitals = catalog.tables.get(table).map(|t| &t.vitals);
            RewriteView {
                table: table.to_string(),
                passes,
                rows: vitals.map_or(0, |v| v.rows),
                bytes: vitals.map_or(0, |v| v.heap_bytes.saturating_mul(passes)),
            }
        })
        .collect();
    rewrites.sort_by_key(|rewrite| std::cmp::Reverse(rewrite.bytes));
    rewrites
}

/// Each shape's version schemas stand together, the old one's before the new one's: one for
/// every schema that holds a changed table or view, in the order of their names.
fn clients(plan: &Plan, program: &Program) -> Option<ClientsView> {
    let relations = program.tables.iter().chain(&program.views);
    let of: BTreeSet<&Ident> = relations.map(|relation| &relation.schema).collect();
    let mut shapes = program.version_schemas.chunks_exact(of.len().max(1)).rev();
    let (new, old) = (shapes.next()?, shapes.next()?);
    Some(ClientsView {
        old_search_path: search_path(plan, &of, old),
        new_search_path: search_path(plan, &of, new),
    })
}

/// Each version schema stands right before the schema it is of, so that what it does not hold
/// is found there and nowhere else. The plan's own schema comes first, as unqualified names
/// mean that one.
fn search_path(plan: &Plan, of: &BTreeSet<&Ident>, versions: &[Ident]) -> String {
    let mut pairs: Vec<(&Ident, &Ident)> = of.iter().copied().zip(versions).collect();
    pairs.sort_by_key(|(schema, _)| **schema != plan.schema);
    let mut path: Vec<&Ident> = Vec::new();
    if !of.contains(&plan.schema) {
        path.push(&plan.schema);
    }
    for (schema, version) in pairs {
        path.extend([version, schema]);
    }
    let public = Ident::new("public");
    if !path.contains(&&public) {
        path.push(&public);
    }
    list(path)
}

fn canary(plan: &Plan, phase: &str) -> Option<CanaryView> {
    let canary = plan.phase(phase)?.canary.as_ref()?;
    let compares = |guard: &&Guard| guard.of == Of::Canary && guard.watches(phase);
    Some(CanaryView {
        flag: canary.flag.clone(),
        compare: canary.compare.to_string(),
        guards: plan
            .guards
            .iter()
            .filter(compares)
            .map(|guard| guard.name.clone())
            .collect(),
        steps: canary
            .steps
            .iter()
            .map(|step| CanaryStepView {
                share: step.share.to_string(),
                hold_seconds: step.hold.as_secs_f64(),
                asks: step.ask.as_ref().map(ToString::to_string),
            })
            .collect(),
        seconds: canary.least().as_secs_f64(),
    })
}
