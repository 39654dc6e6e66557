//! `turnback back`: turns back.

use turnback_core::exit::ExitCode;
use turnback_core::name::list;
use turnback_core::scope::Scope;
use turnback_engine::{BackReport, BackTo, back};

use super::backup::required;
use super::forward::{needs_ledger, under_lease};
use crate::cli::BackArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::text::millis;
use crate::output::{ask, table};

pub(crate) async fn run(args: BackArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let scope: Scope = match args.scope.parse() {
        Ok(scope) => scope,
        Err(never) => match never {},
    };
    needs_ledger(&loaded).await?;
    let question = format!(
        "Turn back ({scope}) on {}? Clients of the new shape lose it; every row stays.",
        loaded.plan().target.redacted()
    );
    if !args.yes && !ask(&question) {
        return Err(Failure::usage("nobody said yes; nothing was touched")
            .next("`--yes` says it without asking."));
    }
    let to = if args.keep_new_shape {
        BackTo::OldShape
    } else {
        BackTo::Start
    };
    under_lease(
        &loaded,
        &args.file,
        "back",
        &args.blockers,
        async |run| back(run, &scope, to).await,
        |report| {
            show(report);
            ExitCode::TurnedBack
        },
    )
    .await?;
    required::copy(&loaded).await;
    Ok(ExitCode::TurnedBack)
}

pub(super) fn show(report: &BackReport) {
    for phase in &report.before {
        anstream::println!(
            "Phase {phase} was turned back already, by a `turnback back` that was ended before it could say so."
        );
    }
    if report.phases.is_empty() {
        anstream::println!(
            "Nothing more was turned back: `turnback status` shows where everything stands, and another `turnback back` goes on from there."
        );
        return;
    }
    let mut shown = table(["phase", "swap held its locks for"]);
    for phase in &report.phases {
        let hold = report.swaps.iter().find(|(of, _)| of == phase);
        shown.add_row([
            phase.clone(),
            hold.map_or("—".to_owned(), |(_, hold)| millis(*hold)),
        ]);
    }
    anstream::println!("{shown}");
    anstream::println!(
        "public showed the old shape after {}.",
        millis(report.millis_to_old_shape as f64)
    );
    match &report.proof {
        Some(proof) => {
            anstream::println!(
                "Turned back in {}. The catalog of every changed table equals the one before, and every constraint is valid.",
                millis(report.millis as f64)
            );
            for difference in &proof.by_others {
                anstream::println!("  changed meanwhile by somebody else: {difference}");
            }
        }
        None => anstream::println!(
            "The new shape is still open to clients that use it; `turnback back` drops it."
        ),
    }
    for (phase, tables) in &report.old_again {
        anstream::println!(
            "Clients of the version of {phase} see {} in the old shape again: only phases before {phase} had changed {}.",
            list(tables),
            if tables.len() == 1 { "it" } else { "them" }
        );
    }
}
