//! `turnback rehearse`: the plan there and back on a throw-away copy, under load, with a verdict.

mod catalog;
mod copy;
mod course;
mod hints;
mod load;
mod locks;
mod place;
mod rehearsal;
mod screen;
mod source;
mod text;
mod verdict;

use std::time::Duration;

use turnback_core::exit::ExitCode;

use self::copy::Amount;
use self::screen::Screen;
use crate::cli::RehearseArgs;
use crate::failure::Failure;

pub(crate) async fn run(args: RehearseArgs) -> Result<ExitCode, Failure> {
    let options = Options::checked(&args)?;
    let screen = std::sync::Arc::new(Screen::new());
    let mut place = place::Place::default();
    // Whoever loses is dropped, and with it the clients and the session on the target.
    let ended = tokio::select! {
        ended = rehearsal::run(&args, &options, &screen, &mut place) => ended,
        _ = tokio::signal::ctrl_c() => Err(Failure::new(ExitCode::Stopped, "\nstopped")),
    };
    screen.still();
    let left = place.leave(args.keep && ended.is_ok()).await;
    match ended {
        Ok(code) => {
            if !args.json {
                anstream::println!("{left}");
            }
            Ok(code)
        }
        Err(failure) if left.is_empty() => Err(failure),
        Err(failure) => Err(Failure {
            message: format!("{}\n{left} The target was only read.", failure.message),
            ..failure
        }),
    }
}

/// What was asked for, checked.
pub(super) struct Options {
    amount: Amount,
    /// How long clients write before and after each transition.
    pause: Duration,
    writers: usize,
    /// Between two transactions of a client.
    pace: Duration,
    seed: u64,
}

impl Options {
    fn checked(args: &RehearseArgs) -> Result<Self, Failure> {
        if !(args.pace.is_finite() && args.pace > 0.0) {
            return Err(Failure::usage("`--pace` takes a number above 0"));
        }
        if !(1..=16).contains(&args.writers) {
            return Err(Failure::usage("`--writers` takes a number from 1 to 16"));
        }
        if !(0.0..=3600.0).contains(&args.seconds) {
            return Err(Failure::usage("`--seconds` takes a number from 0 to 3600"));
        }
        if args.rows == 0 {
            return Err(Failure::usage(
                "`--rows` takes a number above 0; `--schema-only` copies no rows",
            ));
        }
        if args
            .sample
            .is_some_and(|percent| !(percent > 0.0 && percent <= 100.0))
        {
            return Err(Failure::usage(
                "`--sample` takes a number above 0, up to 100",
            ));
        }
        let amount = match (args.sample, args.schema_only, args.generate) {
            (Some(percent), _, _) => Amount::Percent(percent),
            (_, true, _) => Amount::None,
            (_, _, true) => Amount::MadeUp(args.rows),
            _ => Amount::Rows(args.rows),
        };
        Ok(Self {
            amount,
            pause: Duration::from_secs_f64(args.seconds),
            writers: args.writers,
            pace: Duration::from_secs_f64(1.0 / args.pace),
            seed: args.seed.unwrap_or_else(|| fastrand::u64(..)),
        })
    }
}

/// Turns whatever went wrong on the copy into the rehearsal's failure.
fn failed(doing: &str, error: impl std::error::Error) -> Failure {
    let mut message = format!("the rehearsal could not go on, {doing}: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors repeat their cause in their own words.
        if !message.contains(&cause_text) {
            message.push_str(&format!(": {cause_text}"));
        }
        source = cause.source();
    }
    Failure::new(ExitCode::Failed, message)
}
