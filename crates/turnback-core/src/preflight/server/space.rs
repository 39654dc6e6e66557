//! Room on the disk for what a run writes.

use super::Look;
use crate::forecast::forecast;
use crate::human::human_bytes;
use crate::preflight::Finding;

pub(super) fn findings(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let (mut growth, mut wal) = (0_u64, 0_u64);
    for program in look.programs {
        // Room is needed for the case that vacuum can free nothing.
        let forecast = forecast(program, look.snapshot, 0);
        growth = growth.saturating_add(forecast.growth_bytes);
        wal = wal.saturating_add(forecast.wal_bytes);
    }
    if growth == 0 {
        return;
    }
    let object = "the disk of the data directory";
    let needs = format!(
        "the run is forecast to need {} for rows written again and new indexes, and up to {} for WAL",
        human_bytes(growth),
        human_bytes(wal)
    );
    match look.facts.state.free_bytes {
        None => findings.push(Finding::note(
            "disk-space",
            object,
            format!("{needs}; SQL cannot tell how much is free"),
            "Look there: df -h, or your provider's console",
        )),
        Some(free) if free < growth => findings.push(Finding::no_go(
            "disk-space",
            object,
            format!("{needs}; {} are free", human_bytes(free)),
            "Make room, or convert fewer keys in one go and contract in between",
        )),
        // WAL is recycled as it goes, unless a slot or the archive holds it up.
        Some(free) if free < growth.saturating_add(wal) => findings.push(Finding::warning(
            "disk-space",
            object,
            format!("{needs}; {} are free", human_bytes(free)),
            "Make room, or watch that standbys, slots and the archive keep up",
        )),
        Some(_) => {}
    }
}
