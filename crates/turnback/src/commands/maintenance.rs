//! `turnback maintenance`: announces maintenance by a flag that every application can ask.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::flag::{Change, Maintenance};
use turnback_core::plan::show_duration;
use turnback_engine::flags::Flags;

use super::flag::{answered, by, store, stored};
use crate::cli::{
    MaintenanceArgs, MaintenanceCommand, MaintenanceOffArgs, MaintenanceOnArgs,
    MaintenanceStatusArgs, Until,
};
use crate::failure::Failure;
use crate::telling::now;

pub(crate) async fn run(args: MaintenanceArgs) -> Result<ExitCode, Failure> {
    match args.command {
        MaintenanceCommand::On(args) => on(args).await,
        MaintenanceCommand::Off(args) => off(args).await,
        MaintenanceCommand::Status(args) => status(args).await,
    }
}

async fn on(args: MaintenanceOnArgs) -> Result<ExitCode, Failure> {
    let until = args.until.map(|until| match until {
        Until::In(time) => now() + time,
        Until::At(moment) => moment,
    });
    if until.is_some_and(|until| until <= now()) {
        return Err(Failure::usage("maintenance is said to end in the past")
            .next("Nothing was changed. `--until 30m` is in half an hour."));
    }
    let maintenance = Maintenance {
        message: args.message,
        until,
    };
    let by = by(args.because)?;
    let store = store(&args.file).await?;
    let change = Change::Maintenance(Some(maintenance.clone()));
    answered(store.change(&change, &by)).await?;
    anstream::println!("{}", told(Some(&maintenance)));
    Ok(ExitCode::Done)
}

async fn off(args: MaintenanceOffArgs) -> Result<ExitCode, Failure> {
    let by = by(args.because)?;
    let store = store(&args.file).await?;
    answered(store.change(&Change::Maintenance(None), &by)).await?;
    anstream::println!("{}", told(None));
    Ok(ExitCode::Done)
}

async fn status(args: MaintenanceStatusArgs) -> Result<ExitCode, Failure> {
    let maintenance = stored(&args.file).await?.set.maintenance();
    if !args.json {
        anstream::println!("{}", told(maintenance.as_ref()));
        return Ok(ExitCode::Done);
    }
    let shown = json!({
        "on": maintenance.is_some(),
        "message": maintenance.as_ref().map(|maintenance| &maintenance.message),
        "until": maintenance.as_ref().and_then(|maintenance| maintenance.until).map(|until| until.rfc3339()),
    });
    anstream::println!("{shown:#}");
    Ok(ExitCode::Done)
}

fn told(maintenance: Option<&Maintenance>) -> String {
    let Some(maintenance) = maintenance else {
        return "No maintenance: the flag `maintenance` is false.".to_owned();
    };
    let end = match (maintenance.until, maintenance.left(now())) {
        (None, _) => "no end is said".to_owned(),
        (Some(until), None) => format!("it was expected to end at {until}"),
        (Some(until), Some(left)) => {
            let whole = std::time::Duration::from_secs(left.as_secs().max(1));
            format!("expected to end at {until}, in {}", show_duration(whole))
        }
    };
    format!("Maintenance: {} ({end})", maintenance.message)
}
