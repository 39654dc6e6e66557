//! What changes flags: set, share, enable, disable, remove, import.

use std::io::Read;
use std::path::Path;

use serde_json::Value;
use turnback_core::exit::ExitCode;
use turnback_core::flag::{Change, Difference, FlagSet};
use turnback_engine::flags::Flags;

use super::{answered, by, store};
use crate::cli::{
    Because, FlagDisableAllArgs, FlagImportArgs, FlagKeyArgs, FlagSetArgs, FlagShareArgs, PlanFile,
};
use crate::failure::Failure;

pub(super) async fn set(args: FlagSetArgs) -> Result<ExitCode, Failure> {
    let key = args.key;
    let to = args.to;
    let change = if let Some(share) = to.rollout {
        Change::Set {
            key,
            definition: share.definition(),
        }
    } else if let Some(variant) = to.default {
        Change::SetDefault { key, variant }
    } else {
        let definition = match (to.definition, to.path) {
            (Some(text), _) => json("--definition", &text)?,
            (None, Some(path)) => read(&path)?,
            (None, None) => return Err(Failure::usage("it is not said what the flag becomes")),
        };
        Change::Set { key, definition }
    };
    done(&args.file, args.because, change).await
}

pub(super) async fn share(args: FlagShareArgs) -> Result<ExitCode, Failure> {
    let change = Change::SetShare {
        key: args.key,
        share: args.share,
    };
    done(&args.file, args.because, change).await
}

pub(super) async fn enable(args: FlagKeyArgs) -> Result<ExitCode, Failure> {
    done(&args.file, args.because, Change::Enable { key: args.key }).await
}

pub(super) async fn disable(args: FlagKeyArgs) -> Result<ExitCode, Failure> {
    done(&args.file, args.because, Change::Disable { key: args.key }).await
}

pub(super) async fn remove(args: FlagKeyArgs) -> Result<ExitCode, Failure> {
    done(&args.file, args.because, Change::Remove { key: args.key }).await
}

pub(super) async fn disable_all(args: FlagDisableAllArgs) -> Result<ExitCode, Failure> {
    let because = Because {
        why: Some(args.reason),
        by: args.by,
    };
    done(&args.file, because, Change::DisableAll).await
}

pub(super) async fn import(args: FlagImportArgs) -> Result<ExitCode, Failure> {
    let change = Change::Import {
        document: read(&args.path)?,
        replace: args.replace,
    };
    done(&args.file, args.because, change).await
}

/// Changes flags, and says what was changed.
async fn done(file: &PlanFile, because: Because, change: Change) -> Result<ExitCode, Failure> {
    let by = by(because)?;
    let store = store(file).await?;
    let changed = answered(store.change(&change, &by)).await?;
    if changed.differences.is_empty() {
        anstream::println!("All was so already; nothing was changed.");
        return Ok(ExitCode::Done);
    }
    for difference in &changed.differences {
        anstream::println!("{}", told(difference, &changed.stored.set));
    }
    Ok(ExitCode::Done)
}

/// One line about what became of a flag.
fn told(difference: &Difference, set: &FlagSet) -> String {
    let key = &difference.key;
    match (set.flag(key), &difference.old) {
        (Some(flag), old) => {
            let did = if old.is_some() { "now" } else { "new" };
            format!("{key}: {did} {}", super::list::gives(flag))
        }
        (None, Some(_)) if !key.starts_with('$') => format!("{key}: removed"),
        (None, _) => format!("{key}: changed"),
    }
}

fn read(path: &Path) -> Result<Value, Failure> {
    let name = path.display().to_string();
    let text = if name == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| Failure::usage(format!("{name} cannot be read: {error}")))?;
    json(&name, &text)
}

fn json(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::usage(format!("{name} is no JSON: {error}")).next("Nothing was changed.")
    })
}
