//! `turnback incident verify`: whether the journal is as it was written.

use serde_json::json;
use turnback_core::chain::Verification;
use turnback_core::exit::ExitCode;

use super::store;
use crate::cli::IncidentVerifyArgs;
use crate::failure::Failure;
use crate::output::paragraph::{width, wrap};

pub(super) async fn run(args: IncidentVerifyArgs) -> Result<ExitCode, Failure> {
    let store = store(&args.store.store).await?;
    let verified = store.verify(args.head).await?;
    if args.json {
        anstream::println!("{:#}", as_json(&verified));
    } else {
        show(&verified, args.head.is_some());
    }
    if verified.is_whole() {
        return Ok(ExitCode::Done);
    }
    Err(Failure::new(
        ExitCode::NeedsPerson,
        "The journal is not as it was written: do not take its word alone.",
    )
    .next(
        "The ledger in the database, schema turnback, holds what was done to it; a backup of the \
         journal, and heads in earlier reports, say when it was still whole.",
    ))
}

fn show(verified: &Verification, head_was_given: bool) {
    let say = |text: &str| anstream::println!("{}", wrap(text, 0, width()));
    for finding in &verified.findings {
        say(&format!("{}.", capital(&finding.to_string())));
    }
    let entries = verified.entries;
    let Some(head) = verified.head.filter(|_| verified.is_whole()) else {
        if verified.is_whole() {
            say("The journal is empty.");
        }
        return;
    };
    say(&format!(
        "The journal is whole: {entries} {}, each as it was written{}.",
        if entries == 1 { "entry" } else { "entries" },
        if head_was_given {
            ", and the head that you gave among them"
        } else {
            ""
        }
    ));
    if let Some(found) = verified.found_until {
        say(&format!(
            "Entries 1 to {found} are older than the chain, and as they were when it began."
        ));
    }
    say(&format!("Its head: {head}"));
    if !head_was_given {
        say(
            "Keep the head where nobody who can write this file can: `--head` shows later that \
             nothing up to there was edited or removed since.",
        );
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

fn as_json(verified: &Verification) -> serde_json::Value {
    let findings: Vec<_> = verified
        .findings
        .iter()
        .map(|finding| json!({ "finding": finding, "sentence": format!("{finding}.") }))
        .collect();
    json!({
        "whole": verified.is_whole(),
        "entries": verified.entries,
        "older_than_the_chain": verified.found_until,
        "head": verified.head,
        "findings": findings,
    })
}
