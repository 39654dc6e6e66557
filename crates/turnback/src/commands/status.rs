//! `turnback status`: where everything stands, from the ledger in the target.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::state::PhaseState;
use turnback_engine::edges::{PhaseRecord, Target};

use crate::cli::StatusArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::table;

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
    if args.json {
        let phases: Vec<_> = plan
            .phases
            .iter()
            .map(|phase| json!({ "phase": phase.id, "state": state_of(&phase.id), "next": next(state_of(&phase.id)) }))
            .collect();
        anstream::println!(
            "{:#}",
            json!({ "plan": plan.name, "target": plan.target.redacted(), "phases": phases })
        );
        return Ok(ExitCode::Done);
    }
    anstream::println!("{} on {}", plan.name, plan.target.redacted());
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
    Ok(ExitCode::Done)
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
