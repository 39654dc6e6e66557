//! Who must take in the WAL that a run writes: slots, standbys, the archive.

use super::{Look, Slot};
use crate::human::{human_bytes, human_duration};
use crate::name::{Ident, literal};
use crate::preflight::{Finding, Weight};

/// WAL kept for one slot beyond which the disk is in danger.
const RETAINED_TOO_MUCH: u64 = 10 << 30;
/// A standby that is further behind will not keep up with a backfill.
const LAG_SECONDS: f64 = 60.0;
const LAG_BYTES: u64 = 1 << 30;

pub(super) fn findings(look: &Look<'_>, findings: &mut Vec<Finding>) {
    findings.extend(look.facts.slots.iter().filter_map(slot));
    standbys(look, findings);
    if let Some(archiver) = &look.facts.archiver
        && archiver.failing
    {
        findings.push(Finding::warning(
            "archiver-failing",
            "the WAL archiver",
            format!(
                "its last try failed ({} so far), and WAL that is not archived stays on the server's disk",
                archiver.failed
            ),
            "See what archive_command says in the server's log",
        ));
    }
}

fn slot(slot: &Slot) -> Option<Finding> {
    let object = format!("replication slot {}", slot.name);
    let drop_it = format!(
        "SELECT pg_drop_replication_slot({}), if nobody needs it",
        literal(&slot.name)
    );
    if slot.wal_status.as_deref() == Some("lost") {
        return Some(Finding::warning(
            "slot-lost",
            object,
            "WAL that its reader needs is gone: it can never catch up",
            drop_it,
        ));
    }
    let kept = slot.retained_bytes.unwrap_or(0);
    let weight = match (slot.active, kept > RETAINED_TOO_MUCH) {
        (false, true) => Weight::NoGo,
        (true, true) | (false, false) => Weight::Warning,
        (true, false) => return None,
    };
    let amount = human_bytes(kept);
    let (code, reason, remedy) = if slot.active {
        (
            "slot-behind",
            format!("its reader is behind by {amount} of WAL, and a run adds to that"),
            "Wait until it has caught up".to_owned(),
        )
    } else {
        (
            "slot-inactive",
            format!(
                "nobody reads from it, and the server keeps WAL for it ({amount} so far), all that a run writes included"
            ),
            format!("Start its reader, or {drop_it}"),
        )
    };
    Some(Finding {
        weight,
        code: code.to_owned(),
        object,
        reason,
        remedy,
    })
}

fn standbys(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let unseen = |s: &&super::Standby| s.lag_seconds.is_none() && s.lag_bytes.is_none();
    for standby in &look.facts.standbys {
        let mut behind = Vec::new();
        if let Some(seconds) = standby.lag_seconds.filter(|lag| *lag > LAG_SECONDS) {
            behind.push(human_duration(seconds));
        }
        if let Some(bytes) = standby.lag_bytes.filter(|lag| *lag > LAG_BYTES) {
            behind.push(human_bytes(bytes));
        }
        if !behind.is_empty() {
            findings.push(Finding::warning(
                "standby-behind",
                format!("standby {}", standby.name),
                format!(
                    "it is {} behind, and a run writes more than usual",
                    behind.join(" and ")
                ),
                "Wait until it has caught up, or ask for fewer `workers` in the plan",
            ));
        }
    }
    let hidden = look.facts.standbys.iter().filter(unseen).count();
    if hidden > 0 && !look.facts.role.sees_all_sessions {
        let role = Ident::new(look.facts.role.name.as_str());
        findings.push(Finding::note(
            "hidden-lag",
            format!("role {role}"),
            format!("it may not see how far behind {hidden} standby(s) are"),
            format!("GRANT pg_monitor TO {role}"),
        ));
    }
}
