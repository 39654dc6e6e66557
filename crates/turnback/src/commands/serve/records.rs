//! Incidents and backups, as the server shows them.

use turnback_core::backup::BackupState;
use turnback_core::guard::Moment;
use turnback_core::preflight::Weight;
use turnback_postgres::backup::Entry;
use turnback_server::model;

use crate::commands::incident::Case;
use crate::commands::preflight::Found;

/// An incident.
pub(super) fn incident(case: &Case) -> model::Incident {
    let (incident, times) = (&case.incident, &case.times);
    model::Incident {
        number: incident.number as usize,
        phase: incident.phases.join(", "),
        title: incident.title(),
        began: times.began.0,
        ended: incident.ended.as_ref().map(|ended| ended.at.0),
        outcome: incident
            .ended
            .as_ref()
            .map_or("not over".to_owned(), |ended| ended.how.to_string()),
        to_old_shape_millis: times.to_recover,
        to_detect_millis: times.to_detect,
        to_decide_millis: times.to_decide,
        in_all_millis: times.in_all,
    }
}

/// A backup.
pub(super) fn backup(entry: &Entry) -> model::Backup {
    let manifest = &entry.manifest;
    let failure = match (&manifest.state, &entry.damaged) {
        (BackupState::Failed(reason), _) => Some(reason.clone()),
        (BackupState::Begun, _) if !entry.at_work => Some("it was cut short".to_owned()),
        (_, Some(flaw)) => Some(format!("it is damaged: {flaw}")),
        _ => None,
    };
    model::Backup {
        id: manifest.id.clone(),
        taken: u64::try_from(manifest.taken_epoch).unwrap_or(0) * 1_000,
        bytes: manifest.bytes(),
        rows: manifest.contents.rows(),
        at_work: entry.at_work,
        verified: manifest
            .verified
            .as_ref()
            .and_then(|verified| Moment::from_rfc3339(&verified.at))
            .map(|at| at.0),
        is_good: manifest.is_good() && entry.damaged.is_none() && !entry.at_work,
        failure,
        note: Some(format!(
            "{} rows of {}",
            manifest.contents.rows(),
            manifest.database
        )),
    }
}

/// Something that preflight found.
pub(super) fn finding(found: Found) -> model::Finding {
    let Found { finding, phases } = found;
    model::Finding {
        weight: match finding.weight {
            Weight::Note => "note",
            Weight::Warning => "warning",
            Weight::NoGo => "no_go",
        }
        .to_owned(),
        rule: finding.code,
        object: finding.object,
        reason: finding.reason,
        remedy: finding.remedy,
        phases,
    }
}
