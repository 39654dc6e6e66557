//! `turnback up`: goes forward.

use turnback_core::backup::Demand;
use turnback_core::exit::ExitCode;
use turnback_core::plan::{Plan, Require};
use turnback_core::preflight::{Finding, Weight};
use turnback_core::state::PhaseState;
use turnback_engine::edges::Target;
use turnback_engine::error::EngineError;
use turnback_engine::watch::{TurnedBack, WatchedEnd, up_watched};
use turnback_engine::{Until, UpReport};

use super::back;
use super::backup::required;
use super::check::last_line;
use super::forward::{Ground, LiveRun, under_lease};
use super::hand_over;
use super::preflight::{Found, IRREVERSIBLE, KeptIn, Verdict, preflight};
use super::watching::watchers;
use crate::cli::{Blockers, PlanFile, UpArgs};
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::findings::{brief, render};
use crate::output::growth;
use crate::output::paragraph::width;
use crate::output::table;
use crate::output::text::millis;

pub(crate) async fn run(args: UpArgs) -> Result<ExitCode, Failure> {
    if let Some(url) = &args.hand_to {
        return hand_over::run(&args, url).await;
    }
    let loaded = Loaded::read(&args.file)?;
    let order = UpOrder {
        until: Until {
            phase: args.to.clone(),
            expanded_only: args.expand_only,
        },
        irreversible: args.yes,
        blockers: args.blockers.clone(),
    };
    let ground = Ground::terminal();
    let (report, lacking) = match go(&loaded, &args.file, &order, &ground).await? {
        End::Forward(report, lacking) => (report, lacking),
        End::TurnedBack(_) => return Ok(ExitCode::TurnedBack),
    };
    let mut shown = table(["phase", "now", "cut-over held its locks for"]);
    for (phase, state) in &report.phases {
        let hold = report.cut_overs.iter().find(|(of, _)| of == phase);
        shown.add_row([
            phase.clone(),
            state.to_string(),
            hold.map_or("—".to_owned(), |(_, hold)| millis(*hold)),
        ]);
    }
    anstream::println!("{shown}");
    let done: Vec<&str> = report
        .phases
        .iter()
        .map(|(phase, _)| phase.as_str())
        .collect();
    let grown = growth::grown(loaded.target().await, &loaded.plan().name, &done).await;
    growth::show(&grown, true);
    if let Some(lacking) = lacking {
        return Err(lacks(&lacking));
    }
    anstream::println!(
        "Done in {}. `turnback back` turns back at any time until `turnback contract` gives up the old shape.",
        millis(report.millis as f64)
    );
    Ok(ExitCode::Done)
}

/// What going forward is to do.
pub(crate) struct UpOrder {
    /// How far.
    pub(crate) until: Until,
    /// Somebody said yes to phases that cannot be turned back.
    pub(crate) irreversible: bool,
    /// What may be done about sessions in the way.
    pub(crate) blockers: Blockers,
}

/// Goes forward, once preflight says go.
pub(crate) async fn go(
    loaded: &Loaded,
    file: &PlanFile,
    order: &UpOrder,
    ground: &Ground,
) -> Result<End, Failure> {
    let plan = loaded.plan();
    let to = order.until.phase.as_deref();
    known_phase(plan, to)?;
    let verdict = preflight(
        loaded,
        &loaded.target().await?,
        Some(KeptIn::Place(&file.store)),
        to,
    )
    .await?;
    if !verdict.is_go() {
        return Err(refusal(&verdict));
    }
    for found in verdict.of(Weight::Warning) {
        ground.screen.line(&brief(&found.finding));
    }
    for found in verdict.of_rule(IRREVERSIBLE) {
        let what = &found.finding;
        let question = format!("{}: {}. Go forward?", what.object, what.reason);
        if !order.irreversible && !ground.screen.asked(&question).unwrap_or(false) {
            return Err(Failure::usage(format!(
                "{} cannot be turned back, and nobody said yes to that",
                what.object
            ))
            .next(format!(
                "{}; `--yes` says it without asking.",
                untouched(&verdict)
            )));
        }
    }
    let end = under_lease(
        loaded,
        file,
        "up",
        &order.blockers,
        ground,
        async |run| phases(run, loaded, &order.until).await,
        |end| match end {
            End::Forward(..) => ExitCode::Done,
            End::TurnedBack(back) => {
                turned_back(back, plan);
                ExitCode::TurnedBack
            }
        },
    )
    .await?;
    required::copy(loaded).await;
    Ok(end)
}

/// That a phase is one of the plan.
pub(crate) fn known_phase(plan: &Plan, named: Option<&str>) -> Result<(), Failure> {
    let Some(phase) = named.filter(|phase| plan.phase(phase).is_none()) else {
        return Ok(());
    };
    let known: Vec<&str> = plan.phases.iter().map(|phase| phase.id.as_str()).collect();
    Err(Failure::usage(format!(
        "there is no phase {phase} in this plan; its phases are: {}",
        known.join(", ")
    )))
}

/// A phase that may not begin for want of a backup.
pub(crate) fn lacks(lacking: &Finding) -> Failure {
    Failure::new(ExitCode::Stopped, brief(lacking)).next(format!(
        "The phases before it are done, and the database is safe. {}; `turnback back` turns back.",
        lacking.remedy
    ))
}

/// How going forward ended.
pub(crate) enum End {
    /// As far as asked, or up to the first phase that lacks a backup.
    Forward(UpReport, Option<Finding>),
    /// Guards, or people who were asked, have turned it back.
    TurnedBack(Box<TurnedBack>),
}

/// What turned back by itself, and why.
fn turned_back(turned: &TurnedBack, plan: &Plan) {
    anstream::println!("{}", turned.decision.because);
    back::show(&turned.recovery, plan);
    anstream::println!(
        "From the decision until public showed the old shape: {}.",
        millis(turned.recovery.back.millis_to_old_shape as f64)
    );
}

/// Goes forward; where the plan wants something between two phases, one after the other: up to the
/// first that lacks the backup that it requires, with a copy of the ledger after each.
async fn phases(run: &LiveRun, loaded: &Loaded, until: &Until) -> Result<End, EngineError> {
    let plan = loaded.plan();
    let watchers = watchers(plan, &run.target, run.journal.clone())?;
    if plan.backups.require != Require::Phase && plan.backups.copy_to.is_none() {
        return Ok(match up_watched(run, plan, until, &watchers).await? {
            WatchedEnd::Forward(report) => End::Forward(report, None),
            WatchedEnd::TurnedBack(turned) => End::TurnedBack(turned),
        });
    }
    let mut report = UpReport::default();
    for phase in &plan.phases {
        let is_last = until.phase.as_ref() == Some(&phase.id);
        let begun = run.target.phases(&plan.name).await.is_ok_and(|records| {
            records
                .iter()
                .any(|record| record.phase == phase.id && record.state != PhaseState::Pending)
        });
        let demand = Demand::Phase {
            id: &phase.id,
            irreversible: true,
        };
        if !begun && plan.backups.require == Require::Phase {
            let lacking = match required::findings(loaded, &[demand]).await {
                Ok(findings) => findings.into_iter().next(),
                Err(failure) => {
                    return Err(EngineError::Stopped {
                        reason: failure.message,
                    });
                }
            };
            if lacking.is_some() {
                return Ok(End::Forward(report, lacking));
            }
        }
        let next = Until {
            phase: Some(phase.id.clone()),
            expanded_only: is_last && until.expanded_only,
        };
        let more = match up_watched(run, plan, &next, &watchers).await? {
            WatchedEnd::Forward(more) => more,
            WatchedEnd::TurnedBack(turned) => return Ok(End::TurnedBack(turned)),
        };
        report.phases = more.phases;
        report.cut_overs.extend(more.cut_overs);
        report.millis += more.millis;
        if is_last {
            break;
        }
        // After the last one it is copied with how the run ended.
        let is_end = plan.phases.last().is_some_and(|last| last.id == phase.id);
        if !begun && !is_end {
            required::copy(loaded).await;
        }
    }
    Ok(End::Forward(report, None))
}

/// What stands in the way, and that nothing has been done.
fn refusal(verdict: &Verdict) -> Failure {
    let findings: Vec<String> = verdict
        .of(Weight::NoGo)
        .map(|Found { finding, phases }| render(finding, phases, width()))
        .collect();
    Failure::new(
        ExitCode::NoGo,
        format!("{}\n\n{}", findings.join("\n\n"), last_line(verdict)),
    )
    .next(format!(
        "{}. `turnback check` shows everything that was found.",
        untouched(verdict)
    ))
}

fn untouched(verdict: &Verdict) -> &'static str {
    if verdict.resumes {
        "Nothing more was touched"
    } else {
        "Nothing was touched"
    }
}
