//! `turnback incident list`: every incident of the journal, and the mean times.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::incident::means;

use super::case::{Case, Cases};
use super::{store, took};
use crate::cli::IncidentListArgs;
use crate::failure::Failure;
use crate::output::table;

pub(super) async fn run(args: IncidentListArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.store.store).await?;
    let mut cases = Cases::read(&store).await?;
    if let Some(plan) = &args.plan {
        cases.all.retain(|case| case.incident.plan == *plan);
    }
    let means = means(cases.all.iter().map(|case| (&case.incident, &case.times)));
    if args.json {
        let incidents: Vec<_> = cases.all.iter().map(Case::as_json).collect();
        let json = json!({
            "incidents": incidents,
            "mean_to_detect_millis": means.to_detect,
            "mean_to_recover_millis": means.to_recover,
            "unreadable_entries": cases.unreadable,
        });
        anstream::println!("{json:#}");
        return Ok(ExitCode::Done);
    }
    if cases.all.is_empty() {
        anstream::println!("No incidents: nothing was held, asked or turned back.");
    } else {
        let mut shown = table([
            "incident",
            "opened (UTC)",
            "plan",
            "phases",
            "what",
            "because",
            "detect",
            "decide",
            "recover",
            "end",
        ]);
        for case in &cases.all {
            shown.add_row(row(case));
        }
        anstream::println!("{shown}");
        anstream::println!(
            "Mean time to detect: {}. Mean time to recover, from the beginning: {}.",
            took(means.to_detect),
            took(means.to_recover)
        );
        anstream::println!(
            "`turnback incident show N` tells one; `turnback incident report N` writes it down."
        );
    }
    if cases.unreadable > 0 {
        anstream::println!(
            "{} entries of the journal were written by another turnback, and are left out.",
            cases.unreadable
        );
    }
    Ok(ExitCode::Done)
}

fn row(case: &Case) -> [String; 10] {
    let (incident, times) = (&case.incident, &case.times);
    [
        incident.number.to_string(),
        // To the minute: the rest is in `show`.
        incident.opened.to_string().chars().take(16).collect(),
        incident.plan.clone(),
        incident.phases.join(", "),
        incident.kind.to_string(),
        match &incident.trigger {
            Some(verdict) => format!("{} {}", verdict.guard, verdict.level),
            None => "by hand".to_owned(),
        },
        took(times.to_detect),
        took(times.to_decide),
        took(times.to_recover),
        match &incident.ended {
            Some(ended) => ended.how.to_string(),
            None => "not over".to_owned(),
        },
    ]
}
