//! Slots and standbys.

use super::*;

#[test]
fn slots_are_judged_by_their_reader_and_what_is_kept_for_them() {
    let slot = |active, gigabytes: u64, status: &str| {
        vec![Slot {
            name: "feed".to_owned(),
            active,
            retained_bytes: Some(gigabytes << 30),
            wal_status: Some(status.to_owned()),
        }]
    };
    none(|f| f.slots = slot(true, 9, "extended"));
    is(
        &only(|f| f.slots = slot(true, 11, "extended")),
        Weight::Warning,
        "slot-behind",
    );
    let inactive = only(|f| f.slots = slot(false, 0, "reserved"));
    is(&inactive, Weight::Warning, "slot-inactive");
    assert!(inactive.remedy.contains("pg_drop_replication_slot('feed')"));
    is(
        &only(|f| f.slots = slot(false, 11, "extended")),
        Weight::NoGo,
        "slot-inactive",
    );
    is(
        &only(|f| f.slots = slot(false, 11, "lost")),
        Weight::Warning,
        "slot-lost",
    );
}

#[test]
fn standbys_are_judged_by_seconds_and_by_bytes() {
    let standby = |lag_seconds, lag_bytes| {
        vec![Standby {
            name: "replica".to_owned(),
            lag_seconds,
            lag_bytes,
        }]
    };
    none(|f| f.standbys = standby(Some(60.0), Some(1 << 30)));
    none(|f| f.standbys = standby(None, Some(0)));
    let slow = only(|f| f.standbys = standby(Some(61.0), Some(2 << 30)));
    is(&slow, Weight::Warning, "standby-behind");
    assert!(
        slow.reason.contains("1 min 1 s and 2.0 GB behind"),
        "{slow}"
    );
    let hidden = only(|f| {
        f.standbys = standby(None, None);
        f.role.sees_all_sessions = false;
    });
    is(&hidden, Weight::Note, "hidden-lag");
}
