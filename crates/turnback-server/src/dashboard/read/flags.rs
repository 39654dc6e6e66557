//! Flags, the canary and maintenance, from the flags as they are served.

use turnback_core::flag::{Flag, FlagState, MAINTENANCE, Record, Share, Stored};
use turnback_core::state::PhaseState;

use super::super::frame::{ready, state};
use super::super::known::Now;
use super::super::view::{
    At, Badge, CanaryStep, CanaryView, FlagRow, Flags, MaintenanceView, Mark, Pair, Stand,
};
use crate::model::{Plan, PlannedCanary};

/// As many changes are shown.
pub(crate) const CHANGES: u32 = 20;

/// What the page of flags shows.
pub(crate) fn all(stored: &Stored, changes: &[Record], plan: &Plan, now: &Now) -> Flags {
    let canaries: Vec<(&str, &PlannedCanary)> = plan
        .phases
        .iter()
        .filter_map(|phase| Some((phase.id.as_str(), phase.canary.as_ref()?)))
        .collect();
    let flags = stored.set.flags().iter();
    let maintenance = stored.set.maintenance();
    Flags {
        flags: flags
            .filter(|(key, _)| key.as_str() != MAINTENANCE)
            .map(|(key, flag)| {
                let by_canary = canaries.iter().any(|(_, canary)| canary.flag == *key);
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
        canary: shown(&canaries, stored, now),
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

/// The canary of the phase that has gone furthest without being cut over; or the next one's.
fn shown(canaries: &[(&str, &PlannedCanary)], stored: &Stored, now: &Now) -> Option<CanaryView> {
    let phases = ready(&now.phases);
    let of = |id: &str| {
        let phase = phases.iter().find(|phase| phase.id == id);
        phase.map(state).unwrap_or_default()
    };
    let (id, canary) = canaries.iter().find(|(id, _)| {
        matches!(
            of(id),
            PhaseState::Pending | PhaseState::Expanding | PhaseState::Expanded
        )
    })?;
    let flag = stored.set.flag(&canary.flag);
    let at = flag
        .filter(|flag| flag.state() == FlagState::Enabled)
        .and_then(Flag::share)
        .unwrap_or(Share::NONE);
    let steps: Vec<Share> = canary
        .steps
        .iter()
        .filter_map(|step| step.parse().ok())
        .collect();
    let done = steps.iter().filter(|step| **step < at).count();
    let here = steps.iter().position(|step| *step == at);
    let badge = match (of(id), here) {
        (PhaseState::Expanded, Some(step)) => {
            Badge::new(Mark::Busy, format!("step {} of {}", step + 1, steps.len()))
        }
        (PhaseState::Expanded, None) if at == Share::NONE => {
            Badge::new(Mark::Idle, "nobody is sent yet")
        }
        (PhaseState::Expanded, None) => Badge::new(Mark::Warning, "set by hand"),
        _ => Badge::new(Mark::Idle, "not begun"),
    };
    let stand = |at: usize| match here {
        Some(here) if at == here => Stand::Here,
        _ if at < done => Stand::Past,
        _ => Stand::Ahead,
    };
    Some(CanaryView {
        phase: (*id).to_owned(),
        flag: canary.flag.clone(),
        badge,
        said: format!(
            "The flag {} sends {at} of people to the new shape.",
            canary.flag
        ),
        steps: canary
            .steps
            .iter()
            .enumerate()
            .map(|(number, share)| CanaryStep {
                share: share.clone(),
                stand: stand(number),
            })
            .collect(),
        left: None,
        compared: vec![],
    })
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
