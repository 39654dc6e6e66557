//! `turnback repair`: what is half done, from the ledger alone; then completes or turns back.

use std::collections::BTreeSet;

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::name::Ident;
use turnback_core::plan::{Backups, Operations, Phase, Plan, Settings, Target as Url};
use turnback_core::repair::{Remedy, StepThere, There, remedy, stage_of, steps_there};
use turnback_core::scope::Scope;
use turnback_core::state::PhaseState;
use turnback_engine::edges::{PhaseRecord, Target};
use turnback_engine::{BackTo, Until, back, contract, up};
use turnback_postgres::PostgresTarget;

use super::forward::{Command, run_command};
use crate::cli::RepairArgs;
use crate::context::{Loaded, connect};
use crate::failure::Failure;
use crate::output::{ask, table};

/// A phase that something is half done of.
struct HalfWay {
    phase: String,
    state: PhaseState,
    steps: Vec<StepThere>,
    remedy: Remedy,
}

/// A plan in the ledger with what is half done of it.
struct Found {
    plan: Plan,
    half_way: Vec<HalfWay>,
}

pub(crate) async fn run(args: RepairArgs) -> Result<ExitCode, Failure> {
    let (url, file) = where_and_what(&args)?;
    let settings = file
        .as_ref()
        .map_or_else(Settings::default, |plan| plan.settings.clone());
    let target = connect(&url, &settings).await?;
    if !target.has_ledger().await? {
        anstream::println!(
            "turnback has changed nothing on {}: there is no ledger there.",
            url.redacted()
        );
        return Ok(ExitCode::Done);
    }
    let mut found = Vec::new();
    for name in target.plans().await? {
        found.push(look(&target, &name, &url, file.as_ref()).await?);
    }
    if args.json {
        anstream::println!("{:#}", shown(&found));
    } else {
        show(&found);
    }
    let open = found.iter().any(|found| !found.half_way.is_empty());
    if !open || !(args.complete || args.back) {
        return Ok(ExitCode::Done);
    }
    let how = if args.complete {
        "Complete"
    } else {
        "Turn back"
    };
    if !args.yes && !ask(&format!("{how} what is half done on {}?", url.redacted())) {
        return Err(Failure::usage("nobody said yes; nothing was touched")
            .next("`--yes` says it without asking."));
    }
    let mut stuck = false;
    for found in &found {
        for half in &found.half_way {
            stuck |= !mend(&args, found, half).await?;
        }
    }
    anstream::println!("`turnback repair` shows what is half done now.");
    Ok(if stuck {
        ExitCode::NeedsPerson
    } else if args.back {
        ExitCode::TurnedBack
    } else {
        ExitCode::Done
    })
}

/// The database, and the plan file where there is one: the ledger suffices.
fn where_and_what(args: &RepairArgs) -> Result<(Url, Option<Plan>), Failure> {
    if let (Some(url), false) = (&args.file.target, args.file.plan.exists()) {
        return Ok((Url::new(url), None));
    }
    let plan = Loaded::read(&args.file)?.plan().clone();
    Ok((plan.target.clone(), Some(plan)))
}

async fn look(
    target: &PostgresTarget,
    name: &str,
    url: &Url,
    file: Option<&Plan>,
) -> Result<Found, Failure> {
    let records = target.phases(name).await?;
    let mut half_way = Vec::new();
    for record in &records {
        if let Some(half) = half_way_of(target, name, record).await? {
            half_way.push(half);
        }
    }
    Ok(Found {
        plan: plan_of(name, url, &records, file.filter(|plan| plan.name == name)),
        half_way,
    })
}

async fn half_way_of(
    target: &PostgresTarget,
    plan: &str,
    record: &PhaseRecord,
) -> Result<Option<HalfWay>, Failure> {
    let Some(stage) = stage_of(record.state) else {
        return Ok(None);
    };
    let done: BTreeSet<String> = target
        .done_steps(plan, &record.phase)
        .await?
        .into_iter()
        .filter_map(|(of, step)| (of == stage).then_some(step))
        .collect();
    let begun = target.begun_backfills(plan, &record.phase).await?;
    let mut held = Vec::new();
    for step in record.program.steps(stage) {
        held.push(if step.done_when.is_empty() {
            vec![]
        } else {
            target.inspect(&step.done_when).await?
        });
    }
    let steps = steps_there(&record.program, stage, &done, &begun, &held);
    // What is cut over is half done only as long as its way back is not whole.
    if record.state == PhaseState::CutOver && steps.iter().all(|step| step.there == There::Done) {
        return Ok(None);
    }
    let irreversible = !record.program.irreversible.is_empty();
    Ok(Some(HalfWay {
        phase: record.phase.clone(),
        state: record.state,
        remedy: remedy(record.state, irreversible, &steps),
        steps,
    }))
}

/// The plan as far as the ledger has it: what its phases do is in their programs.
fn plan_of(name: &str, url: &Url, records: &[PhaseRecord], file: Option<&Plan>) -> Plan {
    Plan {
        name: name.to_owned(),
        target: url.clone(),
        schema: file.map_or_else(|| Ident::new("public"), |plan| plan.schema.clone()),
        settings: file.map_or_else(Settings::default, |plan| plan.settings.clone()),
        backups: Backups::default(),
        guards: vec![],
        notify: file.map_or_else(Default::default, |plan| plan.notify.clone()),
        hooks: vec![],
        objectives: Default::default(),
        risks: Vec::new(),
        decisions: Default::default(),
        phases: records
            .iter()
            .filter(|record| record.state != PhaseState::Pending)
            .map(|record| Phase {
                id: record.phase.clone(),
                after: vec![],
                operations: Operations::Sql(vec![]),
                bake: None,
                canary: None,
            })
            .collect(),
    }
}

/// Completes or turns back; says whether that was safe.
async fn mend(args: &RepairArgs, found: &Found, half: &HalfWay) -> Result<bool, Failure> {
    let (plan, phase) = (&found.plan, half.phase.clone());
    let command = |name| Command {
        plan,
        store: &args.file.store,
        name,
        blockers: &args.blockers,
    };
    // Of a way back that was begun, its end is what completes it.
    let turns_back = args.back || half.state == PhaseState::Withdrawing;
    if turns_back {
        if !half.remedy.back {
            anstream::eprintln!("phase {phase} is left as it is: {}", half.remedy.because);
            return Ok(false);
        }
        // Turned back along with a phase before it.
        let target = connect(&plan.target, &plan.settings).await?;
        let state = target
            .phases(&plan.name)
            .await?
            .into_iter()
            .find(|record| record.phase == phase);
        if state.is_some_and(|record| record.state == PhaseState::Pending) {
            return Ok(true);
        }
        run_command(
            command("repair"),
            async |run| back(run, &Scope::From(phase.clone()), BackTo::Start).await,
            |_| {
                anstream::println!("phase {} is turned back.", half.phase);
                ExitCode::TurnedBack
            },
        )
        .await?;
        return Ok(true);
    }
    if !half.remedy.complete {
        anstream::eprintln!("phase {phase} is left as it is: {}", half.remedy.because);
        return Ok(false);
    }
    if half.state == PhaseState::Contracting {
        run_command(
            command("repair"),
            async |run| contract(run, Some(&phase)).await,
            |_| {
                anstream::println!("phase {} is contracted.", half.phase);
                ExitCode::Done
            },
        )
        .await?;
        return Ok(true);
    }
    let until = Until {
        phase: Some(phase),
        expanded_only: half.state == PhaseState::Expanding,
    };
    let now = if until.expanded_only {
        "expanded: both shapes live"
    } else {
        "whole"
    };
    run_command(
        command("repair"),
        async |run| up(run, plan, &until).await,
        |_| {
            anstream::println!("phase {} is {now}.", half.phase);
            ExitCode::Done
        },
    )
    .await?;
    Ok(true)
}

fn show(found: &[Found]) {
    if found.iter().all(|found| found.half_way.is_empty()) {
        anstream::println!("Nothing is half done.");
        return;
    }
    for found in found {
        for half in &found.half_way {
            anstream::println!(
                "plan {}, phase {} is {}:",
                found.plan.name,
                half.phase,
                half.state
            );
            let mut rows = table(["table", "done", "partial", "missing", "lost", "next"]);
            let mut tables: Vec<Option<_>> = Vec::new();
            for step in &half.steps {
                if !tables.contains(&step.table.as_ref()) {
                    tables.push(step.table.as_ref());
                }
            }
            for of in tables {
                let steps = half.steps.iter().filter(|step| step.table.as_ref() == of);
                let count = |there| {
                    steps
                        .clone()
                        .filter(|step| step.there == there)
                        .count()
                        .to_string()
                };
                let next = steps.clone().find(|step| step.there != There::Done);
                rows.add_row([
                    of.map_or_else(|| "—".to_owned(), ToString::to_string),
                    count(There::Done),
                    count(There::Partial),
                    count(There::Missing),
                    count(There::Lost),
                    next.map_or_else(String::new, |step| step.title.clone()),
                ]);
            }
            anstream::println!("{rows}");
            anstream::println!("{}.", half.remedy.because);
            let ways = [
                (half.remedy.complete, "`turnback repair --complete` goes on"),
                (half.remedy.back, "`turnback repair --back` turns back"),
            ];
            let ways: Vec<&str> = ways
                .iter()
                .filter_map(|(open, way)| open.then_some(*way))
                .collect();
            if ways.is_empty() {
                anstream::println!(
                    "A person has to look; a backup leads back for certain (`turnback restore --swap`)."
                );
            } else {
                anstream::println!("{}.", ways.join("; "));
            }
        }
    }
}

fn shown(found: &[Found]) -> serde_json::Value {
    let plans: Vec<_> = found
        .iter()
        .map(|found| {
            let phases: Vec<_> = found
                .half_way
                .iter()
                .map(|half| {
                    let steps: Vec<_> = half
                        .steps
                        .iter()
                        .map(|step| json!({ "table": step.table.as_ref().map(ToString::to_string), "title": step.title, "there": step.there }))
                        .collect();
                    json!({ "phase": half.phase, "state": half.state, "steps": steps, "remedy": half.remedy })
                })
                .collect();
            json!({ "plan": found.plan.name, "half_way": phases })
        })
        .collect();
    json!({ "plans": plans })
}
