//! `turnback contract`: gives up the old shape.

use turnback_core::backup::Demand;
use turnback_core::exit::ExitCode;
use turnback_engine::{ContractReport, contract};

use super::backup::required;
use super::forward::{Ground, needs_ledger, under_lease};
use crate::cli::{Blockers, ContractArgs, PlanFile};
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::findings::brief;
use crate::output::text::millis;
use crate::output::{ask, growth};

pub(crate) async fn run(args: ContractArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    needs_ledger(&loaded).await?;
    allowed(&loaded).await?;
    let question = format!(
        "Give up the old shape on {}? After that `turnback back` cannot turn back at once.",
        loaded.plan().target.redacted()
    );
    if !args.yes && !ask(&question) {
        return Err(Failure::usage("nobody said yes; nothing was touched")
            .next("`--yes` says it without asking."));
    }
    let ground = Ground::terminal();
    let to = args.to.as_deref();
    let report = go(&loaded, &args.file, to, &args.blockers, &ground).await?;
    if report.phases.is_empty() {
        anstream::println!("Nothing to contract: no phase is cut over.");
    } else {
        anstream::println!(
            "Contracted {} in {}. Old and new keys are kept in turnback.keys_*.",
            report.phases.join(", "),
            millis(report.millis as f64)
        );
        let done: Vec<&str> = report.phases.iter().map(String::as_str).collect();
        let grown = growth::grown(loaded.target().await, &loaded.plan().name, &done).await;
        growth::show(&grown, false);
    }
    Ok(ExitCode::Done)
}

/// # Errors
///
/// When the plan requires a backup that is not there.
async fn allowed(loaded: &Loaded) -> Result<(), Failure> {
    let lacking = required::findings(loaded, &[Demand::Contract]).await?;
    match lacking.first() {
        None => Ok(()),
        Some(lacking) => Err(Failure::new(ExitCode::NoGo, brief(lacking))
            .next(format!("{}. Nothing was touched.", lacking.remedy))),
    }
}

/// Gives up the old shape of phases up to one of them, of all that are cut over where none is
/// named.
pub(crate) async fn go(
    loaded: &Loaded,
    file: &PlanFile,
    to: Option<&str>,
    blockers: &Blockers,
    ground: &Ground,
) -> Result<ContractReport, Failure> {
    allowed(loaded).await?;
    let report = under_lease(
        loaded,
        file,
        "contract",
        blockers,
        ground,
        async |run| contract(run, to).await,
        |_| ExitCode::Done,
    )
    .await?;
    required::copy(loaded).await;
    Ok(report)
}
