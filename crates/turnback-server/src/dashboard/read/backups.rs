//! Backups, from what edges answer.

use turnback_core::guard::Moment;
use turnback_core::human::human_bytes;

use super::super::view::{At, BackupRow, Backups, Badge, Mark, Pair};
use crate::model::Backup;

/// What the page of backups shows.
pub(crate) fn all(backups: Vec<Backup>) -> Backups {
    let good = backups.iter().find(|backup| backup.is_good);
    let now = match good {
        Some(backup) => format!("the last that is verified is {}", backup.id),
        None => "none is verified".to_owned(),
    };
    Backups {
        rules: vec![Pair::new("verified", now)],
        backups: backups.into_iter().map(row).collect(),
    }
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
