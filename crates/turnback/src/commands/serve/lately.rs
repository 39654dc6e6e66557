//! What was found out a moment ago, for however many ask: one looks, the others wait for it.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// What was found out a moment ago.
pub(super) struct Lately<T> {
    good_for: Duration,
    found: Mutex<Option<(T, Instant)>>,
}

impl<T: Clone> Lately<T> {
    pub(super) fn new(good_for: Duration) -> Self {
        Self {
            good_for,
            found: Mutex::new(None),
        }
    }

    /// What is known, where it is young enough; else what is found now.
    pub(super) async fn or_find<E>(
        &self,
        find: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut found = self.found.lock().await;
        if let Some((known, at)) = &*found
            && at.elapsed() < self.good_for
        {
            return Ok(known.clone());
        }
        let new = find.await?;
        *found = Some((new.clone(), Instant::now()));
        Ok(new)
    }
}
