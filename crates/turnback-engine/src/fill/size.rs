//! The size of a backfill's batches: by time, not by a constant.

use std::time::Duration;

/// The most pages one batch takes.
const MOST_PAGES: i64 = 16_384;
/// The most pages one batch takes while it is not known what a page full of rows costs.
const BLIND_PAGES: i64 = 128;

/// The size of the next batch, so that it takes about `aim`; never more than doubled at once.
pub(super) fn next_size(pages: i64, took: Duration, aim: Duration) -> i64 {
    let ratio = aim.as_secs_f64() / took.as_secs_f64().max(0.000_1);
    ((pages as f64 * ratio.clamp(0.25, 2.0)) as i64).clamp(1, MOST_PAGES)
}

/// What a page full of rows costs, as far as batches have shown. Pages whose rows are filled
/// already, or dead, cost next to nothing; a batch that has grown large on them must not hold
/// its rows' locks for seconds when it comes to pages that are full.
#[derive(Default)]
pub(super) struct FullPage {
    rows: f64,
    seconds: f64,
}

impl FullPage {
    /// Learns from batches about as dense as the densest. One that was slow for reasons of its
    /// own is forgotten by and by.
    pub(super) fn learn(&mut self, pages: i64, rows: u64, took: Duration) {
        let pages = pages.max(1) as f64;
        let dense = rows as f64 / pages;
        if rows > 0 && dense >= self.rows / 2.0 {
            self.rows = self.rows.max(dense);
            self.seconds = (took.as_secs_f64() / pages).max(self.seconds * 0.8);
        }
    }

    /// The most pages that the next batch may take.
    pub(super) fn most_pages(&self, aim: Duration) -> i64 {
        if self.seconds > 0.0 {
            ((aim.as_secs_f64() / self.seconds) as i64).clamp(1, MOST_PAGES)
        } else {
            BLIND_PAGES
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_follow_time_and_never_jump() {
        let aim = Duration::from_millis(200);
        assert_eq!(next_size(100, Duration::from_millis(200), aim), 100);
        assert_eq!(next_size(100, Duration::from_millis(1), aim), 200);
        assert_eq!(next_size(100, Duration::from_secs(10), aim), 25);
        assert_eq!(next_size(1, Duration::from_secs(10), aim), 1);
    }

    #[test]
    fn cheap_pages_do_not_make_the_next_batch_too_long() {
        let aim = Duration::from_millis(200);
        let mut full = FullPage::default();
        full.learn(5_000, 0, Duration::from_millis(10));
        assert_eq!(full.most_pages(aim), BLIND_PAGES);
        full.learn(100, 8_000, Duration::from_millis(400));
        assert_eq!(full.most_pages(aim), 50);
        // A few live rows among the dead teach nothing; a fast full batch does, slowly.
        full.learn(5_000, 10, Duration::from_millis(10));
        assert_eq!(full.most_pages(aim), 50);
        full.learn(100, 8_000, Duration::from_millis(100));
        assert_eq!(full.most_pages(aim), 62);
    }
}
