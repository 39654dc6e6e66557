//! `turnback demo`: a database of a million rows changes its keys under live traffic and turns
//! back, on a throw-away cluster.

mod chapter;
mod chat;
mod engine;
mod release;
mod report;
mod screen;
mod story;
mod traffic;
mod watched;

use turnback_core::exit::ExitCode;

use crate::cli::DemoArgs;
use crate::failure::Failure;

pub(crate) async fn run(args: DemoArgs) -> Result<ExitCode, Failure> {
    if !(args.pace.is_finite() && args.pace > 0.0) {
        return Err(Failure::usage("`--pace` takes a number above 0"));
    }
    if !(1..=32).contains(&args.writers) {
        return Err(Failure::usage("`--writers` takes a number from 1 to 32"));
    }
    if !(0.0..=3600.0).contains(&args.seconds) {
        return Err(Failure::usage("`--seconds` takes a number from 0 to 3600"));
    }
    // Whoever loses is dropped, and with the story its writers and its cluster.
    tokio::select! {
        ended = story::tell(&args) => ended,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(
            ExitCode::Stopped,
            "\nstopped; the throw-away cluster and its directory are removed",
        )),
    }
}

/// Turns whatever went wrong into the demo's failure: nothing here is anybody's data.
fn failed(error: impl std::error::Error) -> Failure {
    let mut message = format!("the demo could not go on: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Failure::new(ExitCode::Failed, message)
}
