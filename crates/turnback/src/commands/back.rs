//! `turnback back`: turns back.

use std::time::{Duration, Instant};

use turnback_core::exit::ExitCode;
use turnback_core::name::list;
use turnback_core::plan::{Plan, show_duration};
use turnback_core::recovery::ValidationLine;
use turnback_core::scope::Scope;
use turnback_engine::edges::Measures;
use turnback_engine::watch::AfterBack;
use turnback_engine::{BackReport, BackTo, Recovery, RecoveryReport, recover};

use super::backup::required;
use super::forward::{Ground, needs_ledger, under_lease};
use super::watching::watchers;
use crate::cli::{BackArgs, Blockers, PlanFile};
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
    if args.no_hooks && !loaded.plan().hooks.is_empty() {
        anstream::eprintln!(
            "Hooks of the plan are left out: maintenance, services and the application are yours to see to."
        );
    }
    let order = BackOrder {
        because: format!("`turnback back --scope {scope}` was typed"),
        scope,
        to: back_to(args.keep_new_shape),
        drop_anyway: args.drop_anyway,
        no_hooks: args.no_hooks,
        leave_flags: args.leave_flags,
        blockers: args.blockers.clone(),
    };
    let ground = Ground::terminal();
    go(&loaded, &args.file, order, &ground).await?;
    Ok(ExitCode::TurnedBack)
}

/// How far a way back goes.
pub(crate) fn back_to(keep_new_shape: bool) -> BackTo {
    if keep_new_shape {
        BackTo::OldShape
    } else {
        BackTo::Start
    }
}

/// What turning back is to do.
pub(crate) struct BackOrder {
    /// How far.
    pub(crate) scope: Scope,
    /// Until which shape.
    pub(crate) to: BackTo,
    /// Drop the new shape even where the two do not agree.
    pub(crate) drop_anyway: bool,
    /// Leave the hooks out.
    pub(crate) no_hooks: bool,
    /// Leaves the flags of canaries as they are.
    pub(crate) leave_flags: bool,
    /// Who says so and why, as a sentence.
    pub(crate) because: String,
    /// What may be done about sessions in the way.
    pub(crate) blockers: Blockers,
}

/// Turns back.
pub(crate) async fn go(
    loaded: &Loaded,
    file: &PlanFile,
    order: BackOrder,
    ground: &Ground,
) -> Result<RecoveryReport, Failure> {
    let plan = loaded.plan();
    let report = under_lease(
        loaded,
        file,
        "back",
        &order.blockers,
        ground,
        async |run| {
            // Until it held the lease it had only been asked for.
            let decided = Instant::now();
            let measured = match watchers(plan, &run.target, run.journal.clone()) {
                Ok(watchers) => AfterBack::of_latest(run, &watchers).await,
                // Not to know how it was measured is no reason not to turn back.
                Err(_) => None,
            };
            let recovery = Recovery {
                decided,
                to: order.to,
                drop_anyway: order.drop_anyway,
                no_hooks: order.no_hooks,
                leave_flags: order.leave_flags,
                measured: measured.as_ref().map(|after| after as &dyn Measures),
                ..Recovery::because(order.because)
            };
            recover(run, plan, &order.scope, recovery).await
        },
        |report| {
            show(report, plan);
            ExitCode::TurnedBack
        },
    )
    .await?;
    required::copy(loaded).await;
    Ok(report)
}

pub(super) fn show(report: &RecoveryReport, plan: &Plan) {
    database(&report.back);
    if report.hooks > 0 || !plan.objectives.is_empty() {
        parts(report);
    }
    for line in &report.lines {
        anstream::println!("{}", validated(line));
    }
}

/// A line each: what it was, how long it took, and how long it may take.
fn parts(report: &RecoveryReport) {
    let mut shown = table(["part", "time", "objective", "met"]);
    let rows = report
        .parts
        .iter()
        .map(|part| (part.part.to_string(), part.millis, part.objective_millis))
        .chain([("total".to_owned(), report.millis, report.objective_millis)]);
    for (part, took, objective) in rows {
        let met = match objective {
            None => "—",
            Some(objective) if took <= objective => "yes",
            Some(_) => "no",
        };
        shown.add_row([
            part,
            millis(took as f64),
            objective.map_or("—".to_owned(), |objective| {
                show_duration(Duration::from_millis(objective))
            }),
            met.to_owned(),
        ]);
    }
    anstream::println!("{shown}");
}

fn validated(line: &ValidationLine) -> String {
    let (mark, how) = match line.holds {
        Some(true) => ("✓", ""),
        Some(false) => ("✗", "does not hold: "),
        None => ("?", "not found out: "),
    };
    format!("  {mark} {}: {how}{}", line.promise, line.evidence)
}

fn database(report: &BackReport) {
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
