//! Flags, the canary and maintenance, from the flags as they are served.

use turnback_core::flag::{Flag, FlagState, MAINTENANCE, Record, Share, Stored};

use super::super::view::{At, CanaryView, FlagRow, Flags, MaintenanceView, Pair};
use crate::model::Plan;

/// As many changes are shown.
pub(crate) const CHANGES: u32 = 20;

/// What the page of flags shows.
pub(crate) fn all(
    stored: &Stored,
    changes: &[Record],
    plan: &Plan,
    canary: Option<CanaryView>,
) -> Flags {
    let canaries = || plan.phases.iter().filter_map(|phase| phase.canary.as_ref());
    let flags = stored.set.flags().iter();
    let maintenance = stored.set.maintenance();
    Flags {
        flags: flags
            .filter(|(key, _)| key.as_str() != MAINTENANCE)
            .map(|(key, flag)| {
                let by_canary = canaries().any(|canary| canary.flag == *key);
                row(key, flag, by_canary)
            })
            .collect(),
        maintenance: MaintenanceView {
            is_on: maintenance.is_some(),
            message: maintenance
                .as_ref()
                .map(|there| there.message.clone())
                .unwrap_or_default(),
            until: maintenance
                .and_then(|there| there.until)
                .map(|until| format!("at {} UTC", At(until).minute())),
        },
        canary,
        changes: changes.iter().map(change).collect(),
    }
}

fn row(key: &str, flag: &Flag, by_canary: bool) -> FlagRow {
    let enabled = flag.state() == FlagState::Enabled;
    let default = flag.default_variant();
    let share = flag.share();
    let gives = match (enabled, share, flag.targeting()) {
        (false, _, _) => "Clients take their own default.".to_owned(),
        (true, Some(share), _) => format!("{share} of people get on, the others off."),
        (true, None, Some(_)) => {
            format!("A rule says who gets what; who is not named gets {default}.")
        }
        (true, None, None) => format!("Everybody gets {default}."),
    };
    let variants = flag.variants().iter();
    let variants: Vec<String> = variants
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    FlagRow {
        key: key.to_owned(),
        enabled,
        gives,
        share: share.map(|share| share.to_string().trim_end_matches('%').to_owned()),
        variants: variants.join(", "),
        by_canary,
    }
}

fn change(record: &Record) -> Pair {
    let what = match (&record.old, &record.new) {
        (None, Some(_)) => "made".to_owned(),
        (Some(_), None) => "removed".to_owned(),
        (old, new) => format!("{} to {}", brief(old.as_ref()), brief(new.as_ref())),
    };
    let why = match &record.by.why {
        Some(why) => format!(" (“{why}”)"),
        None => String::new(),
    };
    let at = record
        .moment()
        .map_or_else(|| record.at.clone(), |at| At(at).minute());
    Pair::new(
        format!("{at} · {}", record.by.who),
        format!("{}: {what}{why}", record.key),
    )
}

/// What of a definition changes most: its state, its default, its share.
fn brief(definition: Option<&serde_json::Value>) -> String {
    let Some(definition) = definition else {
        return "nothing".to_owned();
    };
    let text = |key: &str| definition.get(key).and_then(serde_json::Value::as_str);
    if text("state") == Some("DISABLED") {
        return "disabled".to_owned();
    }
    let on = definition
        .pointer("/targeting/fractional/0/1")
        .and_then(serde_json::Value::as_u64)
        .and_then(|tenths| u16::try_from(tenths).ok())
        .and_then(Share::tenths);
    match on {
        Some(share) => share.to_string(),
        None => text("defaultVariant").unwrap_or("another rule").to_owned(),
    }
}
