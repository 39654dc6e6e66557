//! Carrying a run out, with the code of the command line.

use turnback_core::exit::ExitCode;
use turnback_core::scope::{Scope, as_asked, phases_to_turn_back};
use turnback_engine::Until;
use turnback_engine::edges::Target;
use turnback_engine::standings;
use turnback_server::model::Order;
use turnback_store::KeptRun;

use super::controller::Controller;
use crate::commands::back::{BackOrder, back_to};
use crate::commands::forward::{Ground, needs_ledger};
use crate::commands::up::{End, UpOrder, lacks};
use crate::commands::{back, contract, up};
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::text::millis;

/// What came of a run.
pub(super) struct Carried {
    /// The exit code of the same command.
    pub(super) code: ExitCode,
    /// How it ended, as sentences.
    pub(super) outcome: String,
    /// What to do next, as sentences.
    pub(super) next: Option<String>,
    /// Whether time may mend what cut it short.
    pub(super) may_be_tried_again: bool,
}

impl Carried {
    fn done(code: ExitCode, outcome: impl Into<String>) -> Self {
        Self {
            code,
            outcome: outcome.into(),
            next: None,
            may_be_tried_again: false,
        }
    }

    /// As the journal has it.
    pub(super) fn as_journaled(code: u8, outcome: String) -> Self {
        let code = ExitCode::ALL.into_iter().find(|known| *known as u8 == code);
        Self::done(code.unwrap_or(ExitCode::Failed), outcome)
    }
}

impl From<Failure> for Carried {
    fn from(failure: Failure) -> Self {
        Self {
            may_be_tried_again: failure.code == ExitCode::Stopped,
            code: failure.code,
            outcome: failure.message,
            next: failure.next,
        }
    }
}

/// The order with a scope that means the same however far it has come: `current` counts from where
/// things stand, and a way back changes that. Where it cannot be found out now, the order stays as
/// it is, and carrying it out says why.
pub(super) async fn settled(loaded: &Loaded, order: Order) -> Order {
    let Order::Back {
        scope,
        keep_new_shape,
        drop_anyway,
        no_hooks,
        leave_flags,
    } = order
    else {
        return order;
    };
    let scope = first_of(loaded, &scope).await.unwrap_or(scope);
    Order::Back {
        scope,
        keep_new_shape,
        drop_anyway,
        no_hooks,
        leave_flags,
    }
}

/// The first phase of a scope, in the order of the plan.
async fn first_of(loaded: &Loaded, scope: &str) -> Option<String> {
    let scope: Scope = match scope.parse() {
        Ok(scope) => scope,
        Err(never) => match never {},
    };
    let name = &loaded.plan().name;
    let target = loaded.target().await.ok()?;
    let records = target.phases(name).await.ok()?;
    let asked = target.asked_back(name).await.ok()?;
    let standings = as_asked(&standings(&records), &asked.phases);
    let phases = phases_to_turn_back(&standings, &scope).ok()?;
    phases.last().cloned()
}

/// Carries an order out.
pub(super) async fn carry_out(
    controller: &Controller,
    run: &KeptRun,
    order: &Order,
    ground: &Ground,
) -> Carried {
    let outcome = match order {
        Order::Up {
            to,
            expand_only,
            irreversible,
        } => {
            let order = UpOrder {
                until: Until {
                    phase: to.clone(),
                    expanded_only: *expand_only,
                },
                irreversible: *irreversible,
                blockers: controller.blockers.clone(),
            };
            forward(controller, &order, ground).await
        }
        Order::Back {
            scope,
            keep_new_shape,
            drop_anyway,
            no_hooks,
            leave_flags,
        } => {
            let order = BackOrder {
                scope: match scope.parse() {
                    Ok(scope) => scope,
                    Err(never) => match never {},
                },
                to: back_to(*keep_new_shape),
                drop_anyway: *drop_anyway,
                no_hooks: *no_hooks,
                leave_flags: *leave_flags,
                because: because(run),
                blockers: controller.blockers.clone(),
            };
            backward(controller, order, ground).await
        }
        Order::Contract { to } => contracted(controller, to.as_deref(), ground).await,
    };
    outcome.unwrap_or_else(Carried::from)
}

/// Who says so and why.
fn because(run: &KeptRun) -> String {
    let request = &run.request;
    match &request.why {
        Some(why) => format!("{} asked for it: {why}", request.by),
        None => format!("{} asked for it", request.by),
    }
}

async fn forward(
    controller: &Controller,
    order: &UpOrder,
    ground: &Ground,
) -> Result<Carried, Failure> {
    match up::go(&controller.loaded, &controller.file, order, ground).await? {
        End::Forward(_, Some(lacking)) => Ok(Carried {
            may_be_tried_again: false,
            ..lacks(&lacking).into()
        }),
        End::Forward(report, None) => {
            let phases: Vec<String> = report
                .phases
                .iter()
                .map(|(phase, state)| format!("{phase} is {state}"))
                .collect();
            let took = millis(report.millis as f64);
            let outcome = format!("done in {took}: {}", phases.join(", "));
            Ok(Carried::done(ExitCode::Done, outcome))
        }
        End::TurnedBack(turned) => Ok(Carried::done(
            ExitCode::TurnedBack,
            format!(
                "{} Turned back; public showed the old shape after {}.",
                turned.decision.because,
                millis(turned.recovery.back.millis_to_old_shape as f64)
            ),
        )),
    }
}

async fn backward(
    controller: &Controller,
    order: BackOrder,
    ground: &Ground,
) -> Result<Carried, Failure> {
    needs_ledger(&controller.loaded).await?;
    let report = back::go(&controller.loaded, &controller.file, order, ground).await?;
    let back = &report.back;
    let turned: Vec<&str> = back
        .phases
        .iter()
        .chain(&back.before)
        .map(String::as_str)
        .collect();
    Ok(Carried::done(
        ExitCode::TurnedBack,
        format!(
            "turned back {}; public showed the old shape after {}",
            turned.join(", "),
            millis(back.millis_to_old_shape as f64)
        ),
    ))
}

async fn contracted(
    controller: &Controller,
    to: Option<&str>,
    ground: &Ground,
) -> Result<Carried, Failure> {
    needs_ledger(&controller.loaded).await?;
    let report = contract::go(
        &controller.loaded,
        &controller.file,
        to,
        &controller.blockers,
        ground,
    )
    .await?;
    let outcome = if report.phases.is_empty() {
        "nothing to contract: no phase is cut over".to_owned()
    } else {
        format!(
            "contracted {} in {}",
            report.phases.join(", "),
            millis(report.millis as f64)
        )
    };
    Ok(Carried::done(ExitCode::Done, outcome))
}
