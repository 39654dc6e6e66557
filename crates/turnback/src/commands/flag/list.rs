//! `turnback flag list`: every flag, and to whom it gives what.

use serde_json::json;
use turnback_core::exit::ExitCode;
use turnback_core::flag::{Flag, FlagState};

use super::stored;
use crate::cli::FlagListArgs;
use crate::failure::Failure;
use crate::output::table;

pub(super) async fn run(args: FlagListArgs) -> Result<ExitCode, Failure> {
    let stored = stored(&args.file).await?;
    if args.json {
        let flags: serde_json::Map<_, _> = stored
            .set
            .flags()
            .iter()
            .map(|(key, flag)| {
                let share = flag.share().map(|share| share.to_string());
                let about = json!({ "definition": flag.definition(), "share": share });
                (key.clone(), about)
            })
            .collect();
        let shown = json!({ "version": stored.version, "flags": flags });
        anstream::println!("{shown:#}");
        return Ok(ExitCode::Done);
    }
    let mut shown = table(["flag", "values", "gives"]);
    for (key, flag) in stored.set.flags() {
        let variants: Vec<&str> = flag.variants().keys().map(String::as_str).collect();
        shown.add_row([
            key.clone(),
            format!("{}: {}", flag.kind(), variants.join(", ")),
            gives(flag),
        ]);
    }
    anstream::println!("{shown}");
    Ok(ExitCode::Done)
}

/// To whom a flag gives what, in a few words.
pub(super) fn gives(flag: &Flag) -> String {
    let default = flag.default_variant();
    match (flag.state(), flag.share(), flag.targeting()) {
        (FlagState::Disabled, _, _) => format!("disabled: {default} for everybody"),
        (FlagState::Enabled, _, None) => format!("{default} for everybody"),
        (FlagState::Enabled, Some(share), Some(_)) => format!("on for {share}"),
        (FlagState::Enabled, None, Some(_)) => format!("by its targeting, else {default}"),
    }
}
