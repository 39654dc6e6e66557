//! `turnback check`: go or no-go; changes nothing.

use serde_json::json;
use turnback_core::exit::ExitCode;

use super::preflight::{Found, KeptIn, Verdict, preflight};
use crate::cli::CheckArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::findings::{counts, render};
use crate::output::paragraph::width;

pub(crate) async fn run(args: CheckArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let target = loaded.target().await?;
    let verdict = preflight(
        &loaded,
        &target,
        Some(KeptIn::Place(&args.file.store)),
        None,
    )
    .await?;
    if args.json {
        anstream::println!("{:#}", as_json(&loaded, &verdict));
    } else {
        let plan = loaded.plan();
        anstream::println!("{} on {}\n", plan.name, plan.target.redacted());
        for Found { finding, phases } in &verdict.found {
            anstream::println!("{}\n", render(finding, phases, width()));
        }
        anstream::println!("{}", last_line(&verdict));
    }
    Ok(if verdict.is_go() {
        ExitCode::Done
    } else {
        ExitCode::NoGo
    })
}

/// `go` or `no-go`, with counts.
pub(crate) fn last_line(verdict: &Verdict) -> String {
    let word = if verdict.is_go() { "go" } else { "no-go" };
    let bold = anstyle::Style::new().bold();
    format!("{bold}{word}{bold:#}: {}", counts(verdict.findings()))
}

fn as_json(loaded: &Loaded, verdict: &Verdict) -> serde_json::Value {
    let plan = loaded.plan();
    let findings: Vec<_> = verdict
        .found
        .iter()
        .map(|Found { finding, phases }| {
            json!({
                "weight": finding.weight,
                "code": finding.code,
                "object": finding.object,
                "reason": finding.reason,
                "remedy": finding.remedy,
                "phases": phases,
            })
        })
        .collect();
    json!({
        "plan": plan.name,
        "target": plan.target.redacted(),
        "go": verdict.is_go(),
        "findings": findings,
    })
}
