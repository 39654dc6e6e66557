//! Vacuum while a backfill is at work: pages that are done hold a dead row for each live one,
//! and rows that are written next take their place, so that the table grows less.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use turnback_core::backfill::BackfillKind;
use turnback_core::removal::Removal;

use super::Shared;
use crate::edges::{StepMark, Target};
use crate::stop::Stop;

/// Between two looks at how far the backfill is.
const LOOK: Duration = Duration::from_millis(500);
/// Pages below which vacuum is not worth its trouble.
const FEWEST_PAGES: u64 = 2_048;

/// Lets vacuum free what is dead, each time so many hundredths of the table are done, until
/// `over` is asked for. A vacuum that cannot be done is left out: one follows the backfill.
pub(super) async fn keep<T: Target>(shared: Arc<Shared<T>>, hundredths: u32, over: Stop) {
    if hundredths == 0 || !matches!(shared.backfill.kind, BackfillKind::Fill { .. }) {
        return;
    }
    let every = (shared.of_pages * u64::from(hundredths) / 100).max(FEWEST_PAGES);
    let (mut pages, mut rows) = (0, 0);
    while !over.is_asked() {
        tokio::select! {
            () = over.asked() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let done = shared.pages.load(Ordering::Relaxed);
        let written = shared.rows.load(Ordering::Relaxed);
        let is_due = done >= pages + every && written > rows + every;
        let is_last = done + every / 2 >= shared.of_pages;
        // A server that bears no more batches bears no vacuum either.
        let is_calm = {
            let pace = shared.pace.borrow();
            !pace.paused && pace.rest == 0.0
        };
        if is_due && is_calm && !is_last {
            (pages, rows) = (done, written);
            // Their entries in the indexes, which would have to be read whole, are left to the
            // vacuum after the backfill.
            vacuum(&shared, "INDEX_CLEANUP false", &over).await;
        }
    }
}

/// Frees what a whole backfill left dead, in the indexes too, where the next ones look up what
/// it filled.
pub(super) async fn finish<T: Target>(shared: &Shared<T>, hundredths: u32) {
    let written = shared.rows.load(Ordering::Relaxed) > 0;
    if hundredths > 0 && shared.backfill.looked_up && written {
        vacuum(shared, "INDEX_CLEANUP auto", &shared.stop).await;
    }
}

/// Where somebody holds the table, it is left for later.
async fn vacuum<T: Target>(shared: &Shared<T>, indexes: &str, over: &Stop) {
    let table = &shared.backfill.table;
    let sql = format!("VACUUM (SKIP_LOCKED, {indexes}, TRUNCATE false) {table}");
    let removal = Removal::default();
    // It marks nothing as done, and stands on nothing but the phase being where it is.
    let step = StepMark {
        key: shared.key.clone(),
        after: None,
        holds: vec![],
    };
    let vacuum = shared
        .target
        .online(shared.fence, &step, &sql, over, removal, &|_| {});
    // Somebody else's vacuum may be at it, or the role may not own the table.
    let _ = vacuum.await;
}
