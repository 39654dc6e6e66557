//! A session of the pool while we use it: it goes back only when it is known to be whole.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use turnback_engine::error::TargetError;

use crate::error::target_error;

/// A session whose work may be given up at any moment (an answer that does not come, a stop).
/// It may then be in the middle of a transaction, which whoever got it next would go on with:
/// so it is closed, and the server ends what it was doing.
pub(crate) struct Held {
    session: Option<PoolConnection<Postgres>>,
}

impl Held {
    pub(crate) async fn of(pool: &PgPool) -> Result<Self, TargetError> {
        let session = pool
            .acquire()
            .await
            .map_err(|error| target_error(error, ""))?;
        Ok(Self {
            session: Some(session),
        })
    }

    /// Gives the session back after work that came to its end, one way or the other.
    pub(crate) fn back<R>(mut self, outcome: Result<R, TargetError>) -> Result<R, TargetError> {
        if !matches!(outcome, Err(TargetError::Lost(_))) {
            drop(self.session.take());
        }
        outcome
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // Out of the pool, and closed without a word: the other end may not be listening.
            drop(session.detach());
        }
    }
}

impl Deref for Held {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.session.as_ref().expect("it is taken at the end only")
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.session.as_mut().expect("it is taken at the end only")
    }
}
