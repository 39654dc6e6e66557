//! `turnback baseline`: shows what was normal before each phase.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::guard::lack;
use turnback_engine::watch::WatchStore;
use turnback_store::ControlStore;

use crate::cli::BaselineArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::journal::remedy;
use crate::telling::now;

pub(crate) async fn run(args: BaselineArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read_alone(&args.plan)?;
    let plan = loaded.plan();
    if let Some(phase) = &args.phase
        && plan.phase(phase).is_none()
    {
        return Err(Failure::usage(format!(
            "there is no phase {phase} in this plan"
        )));
    }
    let opened = ControlStore::open_existing(&args.store, &plan.name).await;
    let store = opened.map_err(|error| Failure::from(error).next(remedy(&args.store)))?;
    let mut shown = Vec::new();
    let phases = plan.phases.iter().map(|phase| phase.id.as_str());
    for phase in phases.filter(|id| args.phase.as_deref().is_none_or(|only| only == *id)) {
        let kept = match &store {
            Some(store) => store.baseline(phase).await?,
            None => None,
        }
        .unwrap_or_default();
        let relative = plan.guards.iter().filter(|guard| guard.needs_baseline());
        let lacking: Vec<(&str, String)> = relative
            .filter(|guard| guard.watches(phase))
            .filter_map(|guard| {
                let lack = lack(guard, kept.guards.get(&guard.name), now())?;
                Some((guard.name.as_str(), lack))
            })
            .collect();
        if !args.json {
            anstream::println!("{phase}");
            for line in kept.to_string().lines() {
                anstream::println!("  {line}");
            }
            for (guard, lack) in &lacking {
                anstream::println!(
                    "  {guard}: {lack}; `turnback up` takes one before the phase begins"
                );
            }
            if kept.guards.is_empty() && lacking.is_empty() {
                anstream::println!("  no guard of this phase compares with one");
            }
        }
        let lacking: Vec<_> = lacking
            .into_iter()
            .map(|(guard, lack)| json!({ "guard": guard, "lack": lack }))
            .collect();
        shown.push(json!({ "phase": phase, "baseline": kept, "lacking": lacking }));
    }
    if args.json {
        anstream::println!("{:#}", json!({ "plan": plan.name, "phases": shown }));
    }
    Ok(ExitCode::Done)
}
