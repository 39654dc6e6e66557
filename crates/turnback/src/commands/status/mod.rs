//! `turnback status`: where everything stands, from the ledger in the target.

mod canary;
mod leader;
mod watch;

use std::collections::BTreeMap;

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::lock_report::{PhaseLocks, WorstLock};
use turnback_core::state::PhaseState;
use turnback_engine::edges::{PhaseRecord, Target};
use turnback_engine::error::JournalError;
use turnback_store::ControlStore;

pub(crate) use self::canary::{CanaryState, canaries};
use self::watch::WatchState;
use crate::cli::{PlanFile, StatusArgs};
use crate::context::Loaded;
use crate::failure::Failure;
use crate::journal::{in_time, remedy};
use crate::output::table;
use crate::output::text::millis;

pub(crate) async fn run(args: StatusArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let plan = loaded.plan();
    let target = loaded.target().await?;
    let records = if target.has_ledger().await? {
        target.phases(&plan.name).await?
    } else {
        vec![]
    };
    let state_of = |phase: &str| {
        records
            .iter()
            .find(|record| record.phase == phase)
            .map_or(PhaseState::Pending, |record| record.state)
    };
    // The ledger says where everything stands; the journal, which may be elsewhere or lost, adds
    // what the locks were like.
    let locks = loaded.locks(&args.file).await.unwrap_or_else(|error| {
        anstream::eprintln!(
            "warning: {error}. What stands here is from the ledger in the database, which holds \
             it all but the worst locks. {}",
            remedy(&args.file.store)
        );
        BTreeMap::new()
    });
    let store = open(&loaded, &args.file).await.ok().flatten();
    let (watch, leader) = match &store {
        Some(store) => (
            in_time(WatchState::read(store)).await.unwrap_or_default(),
            in_time(store.leader()).await.ok().flatten(),
        ),
        None => Default::default(),
    };
    let backfill = target.throttle(&plan.name).await?;
    let backfill = super::throttle::at_work(&backfill);
    if args.json {
        let phases: Vec<_> = plan
            .phases
            .iter()
            .map(|phase| json!({ "phase": phase.id, "state": state_of(&phase.id), "next": next(state_of(&phase.id)), "locks": locks.get(&phase.id) }))
            .collect();
        anstream::println!(
            "{:#}",
            json!({ "plan": plan.name, "target": plan.target.redacted(), "phases": phases, "backfill": backfill, "watch": watch, "leader": leader.as_ref().map(leader::as_json) })
        );
        return Ok(ExitCode::Done);
    }
    anstream::println!("{} on {}", plan.name, plan.target.redacted());
    if let Some(leader) = &leader {
        anstream::println!("{}", leader::sentence(leader));
    }
    let mut shown = table(["phase", "state", "clients see it as", "next"]);
    for phase in &plan.phases {
        let state = state_of(&phase.id);
        let record = records.iter().find(|record| record.phase == phase.id);
        shown.add_row([
            phase.id.clone(),
            state.to_string(),
            clients(record, state),
            next(state).to_owned(),
        ]);
    }
    anstream::println!("{shown}");
    if let Some(record) = backfill {
        for line in super::throttle::state(record) {
            anstream::println!("{line}");
        }
    }
    watch.show();
    let of_phases: Vec<(&str, &PhaseLocks)> = plan
        .phases
        .iter()
        .filter_map(|phase| Some((phase.id.as_str(), locks.get(&phase.id)?)))
        .collect();
    show_locks(&of_phases);
    Ok(ExitCode::Done)
}

/// The control store; nothing where there is none, and looking makes none.
async fn open(loaded: &Loaded, file: &PlanFile) -> Result<Option<ControlStore>, JournalError> {
    in_time(ControlStore::open_existing(
        &file.store,
        &loaded.plan().name,
    ))
    .await
}

/// The locks that held up traffic for longest, for each phase.
fn show_locks(phases: &[(&str, &PhaseLocks)]) {
    let mut shown = table(["phase", "worst locks", "waited", "held", "step", "refusals"]);
    for (phase, locks) in phases {
        let longest = [&locks.longest_hold, &locks.longest_wait];
        let mut worst: Vec<&WorstLock> = longest.into_iter().flatten().collect();
        worst.dedup();
        for (at, worst) in worst.iter().enumerate() {
            let first = at == 0;
            shown.add_row([
                if first {
                    (*phase).to_owned()
                } else {
                    String::new()
                },
                format!("{} {}", worst.lock.relation, worst.lock.mode),
                worst.lock.wait_millis.map_or("—".to_owned(), millis),
                millis(worst.lock.hold_millis),
                format!("{}: {}", worst.stage.title(), worst.step),
                if first {
                    locks.refusals.to_string()
                } else {
                    String::new()
                },
            ]);
        }
    }
    if !shown.is_empty() {
        anstream::println!("{shown}");
    }
    for (phase, locks) in phases {
        for removed in &locks.removed {
            anstream::println!("{phase}: {removed}");
        }
    }
}

/// Which `search_path` shows which shape.
fn clients(record: Option<&PhaseRecord>, state: PhaseState) -> String {
    let schemas = record
        .map(|record| turnback_core::name::list(&record.program.version_schemas))
        .unwrap_or_default();
    match state {
        PhaseState::Expanded | PhaseState::CutOver | PhaseState::Contracting
            if !schemas.is_empty() =>
        {
            format!("version schemas {schemas}")
        }
        _ => "public".to_owned(),
    }
}

fn next(state: PhaseState) -> &'static str {
    match state {
        PhaseState::Pending => "turnback up",
        PhaseState::Expanding => "turnback up goes on; turnback back turns back",
        PhaseState::Expanded => "turnback up cuts over; turnback back turns back",
        PhaseState::CutOver => {
            "turnback back turns back at once; turnback contract gives up the old shape"
        }
        PhaseState::Withdrawing => "turnback back drops what is left of the new shape",
        PhaseState::Contracting => "turnback contract goes on; turnback back turns back at once",
        PhaseState::Contracted => "done",
    }
}
