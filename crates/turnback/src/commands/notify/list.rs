//! `turnback notify list`: the last messages, and what became of each.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_engine::delivery::Outbox;
use turnback_store::{OutboxEntry, OutboxState};

use super::{store, unusable};
use crate::cli::NotifyListArgs;
use crate::context::Loaded;
use crate::failure::Failure;
use crate::output::table;

pub(super) async fn run(args: NotifyListArgs) -> Result<ExitCode, Failure> {
    let loaded = Loaded::read(&args.file)?;
    let store = store(&loaded, &args.file).await?;
    let entries = store.outbox(args.last).await.map_err(unusable)?;
    let issues = store.issues().await.map_err(unusable)?;
    if args.json {
        let messages: Vec<_> = entries.iter().map(as_json).collect();
        anstream::println!("{:#}", json!({ "messages": messages, "issues": issues }));
        return Ok(ExitCode::Done);
    }
    if entries.is_empty() {
        anstream::println!("No message has been written yet.");
        return Ok(ExitCode::Done);
    }
    let mut shown = table(["channel", "message", "what became of it"]);
    for entry in &entries {
        shown.add_row([
            entry.channel.clone(),
            entry.message.title.clone(),
            became(entry),
        ]);
    }
    anstream::println!("{shown}");
    for open in issues {
        let thread = open.message.thread();
        match (&open.acknowledged, open.next_at()) {
            (Some(by), _) => anstream::println!("{thread}: taken on by {} at {}", by.by, by.at),
            (None, Some(at)) => anstream::println!(
                "{thread}: nobody has taken it on; the next to be called hear of it at {at}. \
                 `turnback notify acknowledge {thread}` takes it on."
            ),
            (None, None) => anstream::println!(
                "{thread}: nobody has taken it on, and everybody has been called. \
                 `turnback notify acknowledge {thread}` takes it on."
            ),
        }
    }
    Ok(ExitCode::Done)
}

fn became(entry: &OutboxEntry) -> String {
    let reason = entry.reason.as_deref().unwrap_or("it was not tried yet");
    match entry.state {
        OutboxState::Sent(at) => format!("arrived at {at}"),
        OutboxState::Waiting(_) if entry.attempts == 0 => "waits".to_owned(),
        OutboxState::Waiting(due) => {
            format!("tried {} times, again at {due}: {reason}", entry.attempts)
        }
        OutboxState::GivenUp(at) => {
            format!("given up at {at} after {} tries: {reason}", entry.attempts)
        }
    }
}

fn as_json(entry: &OutboxEntry) -> serde_json::Value {
    let (state, at) = match entry.state {
        OutboxState::Waiting(at) => ("waiting", at),
        OutboxState::Sent(at) => ("sent", at),
        OutboxState::GivenUp(at) => ("given_up", at),
    };
    json!({
        "channel": entry.channel,
        "message": entry.message,
        "state": state,
        "at": at.rfc3339(),
        "queued": entry.queued.rfc3339(),
        "attempts": entry.attempts,
        "reason": entry.reason,
    })
}
