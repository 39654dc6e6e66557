//! `turnback notify test`: a test message through each channel, and what came of it.

use std::time::Instant;

use futures_util::future::join_all;
use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::notify::backoff::Missed;
use turnback_core::notify::{Channel, Message};
use turnback_engine::delivery::Messenger;

use crate::cli::NotifyTestArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::table;
use crate::output::text::millis;
use crate::telling::{now, post};

pub(super) async fn run(args: NotifyTestArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let plan = loaded.plan();
    let channels = chosen(&plan.notify.channels, &args.channels)?;
    let post = post()?;
    let tries = channels.into_iter().map(async |channel| {
        let message = Message::test(&plan.name, &plan.target.redacted(), &channel.name, now());
        let begun = Instant::now();
        let outcome = post.send(channel, &message).await;
        (channel, outcome, begun.elapsed().as_secs_f64() * 1_000.0)
    });
    let tried = join_all(tries).await;
    if args.json {
        anstream::println!("{:#}", as_json(&tried));
    } else {
        let mut shown = table(["channel", "by", "what came of it"]);
        for (channel, outcome, took) in &tried {
            let came = match outcome {
                Ok(()) => format!("arrived in {}", millis(*took)),
                Err(missed) => format!("did not arrive: {}", missed.reason),
            };
            shown.add_row([
                channel.name.clone(),
                channel.counterpart.kind().to_owned(),
                came,
            ]);
        }
        anstream::println!("{shown}");
    }
    let missed = tried
        .iter()
        .filter(|(_, outcome, _)| outcome.is_err())
        .count();
    if missed == 0 {
        return Ok(ExitCode::Done);
    }
    Err(Failure::new(
        ExitCode::Failed,
        format!(
            "{missed} of {} channels did not take the message",
            tried.len()
        ),
    )
    .next("Correct `notify` in the plan, or the variables that it names, and try again."))
}

fn chosen<'a>(channels: &'a [Channel], names: &[String]) -> Result<Vec<&'a Channel>, Failure> {
    if channels.is_empty() {
        return Err(Failure::usage("this plan tells nobody: it has no `notify`")
            .next("docs/notify.md shows how to write one."));
    }
    let known: Vec<&str> = channels
        .iter()
        .map(|channel| channel.name.as_str())
        .collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Failure::usage(format!(
            "there is no channel {name} in this plan; its channels are: {}",
            known.join(", ")
        )));
    }
    Ok(channels
        .iter()
        .filter(|channel| names.is_empty() || names.contains(&channel.name))
        .collect())
}

fn as_json(tried: &[(&Channel, Result<(), Missed>, f64)]) -> serde_json::Value {
    let channels: Vec<_> = tried
        .iter()
        .map(|(channel, outcome, took)| {
            json!({
                "channel": channel.name,
                "by": channel.counterpart.kind(),
                "arrived": outcome.is_ok(),
                "reason": outcome.as_ref().err().map(|missed| &missed.reason),
                "millis": took.round(),
            })
        })
        .collect();
    json!({ "channels": channels })
}
