//! `turnback flag history`: who changed what, when and why.

use std::collections::BTreeMap;

use serde_json::Value;
use turnback_core::exit::ExitCode;
use turnback_core::flag::{FlagSet, Record};

use super::list;
use crate::cli::FlagHistoryArgs;
use crate::failure::Failure;

pub(super) async fn run(args: FlagHistoryArgs) -> Result<ExitCode, Failure> {
    let records = super::history(&args.file, args.key.as_deref(), args.last).await?;
    if args.json {
        let shown = serde_json::to_value(&records).unwrap_or_default();
        anstream::println!("{shown:#}");
        return Ok(ExitCode::Done);
    }
    if records.is_empty() {
        anstream::println!("No flag has been changed yet.");
    }
    for record in &records {
        anstream::println!("{}", line(record));
    }
    Ok(ExitCode::Done)
}

/// One change in a line.
pub(super) fn line(record: &Record) -> String {
    let at = record
        .moment()
        .map_or_else(|| record.at.clone(), |at| at.to_string());
    let why = record.by.why.as_ref();
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let was = gave(&record.key, record.old.as_ref());
    let is = gave(&record.key, record.new.as_ref());
    let what = match (was, is) {
        (Some(was), Some(is)) if was == is => "definition changed".to_owned(),
        (Some(was), Some(is)) => format!("{was} → {is}"),
        (None, Some(is)) => format!("new: {is}"),
        (Some(_), None) => "removed".to_owned(),
        (None, None) => "changed".to_owned(),
    };
    format!("{at}  {}: {what} ({}{why})", record.key, record.by.who)
}

/// What a definition gave to whom.
fn gave(key: &str, definition: Option<&Value>) -> Option<String> {
    let mut definition = definition?.clone();
    let entries = |definition| BTreeMap::from([(key.to_owned(), definition)]);
    let set = FlagSet::from_entries(entries(definition.clone())).or_else(|_| {
        // What its rule refers to may be gone: it is told what is known without.
        definition["targeting"] = serde_json::json!({ "var": "gone" });
        FlagSet::from_entries(entries(definition))
    });
    set.ok()?.flag(key).map(list::gives)
}
