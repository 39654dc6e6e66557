//! `turnback plan`: what will happen, before it does.

mod build;
mod groups;
mod sql;
mod text;
mod view;

use turnback_core::exit::ExitCode;

use super::preflight::look;
use crate::cli::PlanArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::paragraph::width;

pub(crate) async fn run(args: PlanArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let target = loaded.target().await?;
    let look = look(&loaded, &target).await?;
    let view = build::view(&loaded, &target, &look).await?;
    if args.json {
        let json = serde_json::to_string_pretty(&view).map_err(|error| {
            Failure::new(
                ExitCode::Failed,
                format!("the plan cannot be written as JSON: {error}"),
            )
        })?;
        anstream::println!("{json}");
    } else if args.sql {
        anstream::print!("{}", sql::render(&view));
    } else {
        anstream::print!("{}", text::render(&view, args.steps, width()));
    }
    Ok(if view.phases.iter().all(|phase| phase.is_planned) {
        ExitCode::Done
    } else {
        ExitCode::NoGo
    })
}
