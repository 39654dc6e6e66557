//! Backups and what the plan asks of them, from what edges answer.

use turnback_core::guard::Moment;
use turnback_core::human::{human_bytes, human_millis};

use super::super::known::sentence;
use super::super::view::{At, BackupNeed, BackupRow, Backups, Badge, Mark, Pair, Part};
use crate::model::{Backup, BackupRule};

/// What the page of backups shows.
pub(crate) fn all(backups: Vec<Backup>, rule: Part<BackupRule>) -> Backups {
    let good = backups.iter().find(|backup| backup.is_good);
    let last = match good {
        Some(backup) => format!(
            "{}, of {} UTC",
            backup.id,
            At(Moment(backup.taken)).minute()
        ),
        None => "none".to_owned(),
    };
    let (mut rules, needs) = match rule {
        Part::Ready(rule) => (asked(&rule), needs(rule)),
        Part::Loading => (unknown("it is being looked up"), vec![]),
        Part::Broken(broken) => (unknown(&broken.what), vec![]),
    };
    rules.push(Pair::new("last verified", last));
    Backups {
        rules,
        needs,
        backups: backups.into_iter().map(row).collect(),
    }
}

/// What the plan says.
fn asked(rule: &BackupRule) -> Vec<Pair> {
    let require = match rule.require.as_str() {
        "phase" => "before each phase, and before contract",
        "contract" => "before contract, and before SQL that cannot be turned back",
        _ => "never: the plan asks for none",
    };
    let mut pairs = vec![Pair::new("required", require)];
    if rule.require != "never" {
        pairs.push(Pair::new(
            "what counts",
            format!(
                "verified by restoring, {} old at the most, and taken since a phase changed its state",
                human_millis(rule.max_age_millis)
            ),
        ));
    }
    let kept = match rule.keep {
        1 => "the last that is verified".to_owned(),
        keep => format!("the last {keep} that are verified"),
    };
    pairs.push(Pair::new("kept", kept));
    pairs
}

fn needs(rule: BackupRule) -> Vec<BackupNeed> {
    rule.needs
        .into_iter()
        .map(|need| BackupNeed {
            badge: match need.lacking {
                Some(_) => Badge::new(Mark::Warning, "not met"),
                None => Badge::new(Mark::Good, "met"),
            },
            lacking: need.lacking.as_deref().map(sentence).unwrap_or_default(),
            remedy: need.remedy.as_deref().map(sentence).unwrap_or_default(),
            before: need.before,
        })
        .collect()
}

fn unknown(why: &str) -> Vec<Pair> {
    vec![Pair::new("required", format!("not known: {why}"))]
}

fn row(backup: Backup) -> BackupRow {
    BackupRow {
        taken: At(Moment(backup.taken)).minute(),
        badge: match &backup.failure {
            Some(_) => Badge::new(Mark::Critical, "of no use"),
            None if backup.at_work => Badge::new(Mark::Busy, "at work"),
            None => Badge::new(Mark::Good, "whole"),
        },
        verified: match backup.verified {
            Some(at) => Badge::new(Mark::Good, format!("verified {}", At(Moment(at)).minute())),
            None => Badge::new(Mark::Unknown, "never verified"),
        },
        size: human_bytes(backup.bytes),
        about: backup.failure.or(backup.note).unwrap_or_default(),
        id: backup.id,
    }
}
