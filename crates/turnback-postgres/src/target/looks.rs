//! Looks at the target that the engine does not ask for.

use sqlx::PgConnection;
use turnback_core::preflight::ServerFacts;
use turnback_core::throttle::Wish;
use turnback_engine::error::TargetError;

use super::PostgresTarget;
use crate::error::target_error;
use crate::facts::server_facts;
use crate::ledger::throttle::{self, Throttle};
use crate::probe::TargetProber;
use crate::session;

impl PostgresTarget {
    /// A session of its own, for looks that the engine does not ask for.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached.
    pub async fn session(&self) -> Result<PgConnection, TargetError> {
        session::single(&self.options).await
    }

    /// Runs guards' probes on sessions of its own; none is opened before it is needed.
    pub fn prober(&self) -> TargetProber {
        TargetProber::new(&self.options)
    }

    /// One look at the server, for preflight.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, does not answer, or refuses a question.
    pub async fn facts(&self) -> Result<ServerFacts, TargetError> {
        let mut session = self.session().await?;
        self.answered(async {
            server_facts(&mut session)
                .await
                .map_err(|error| target_error(error, ""))
        })
        .await
    }

    /// What the ledger says about the pace of a plan's backfills.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or the ledger not be read.
    pub async fn throttle(&self, plan: &str) -> Result<Throttle, TargetError> {
        let mut held = self.held().await?;
        let found = self.answered(throttle::read(&mut held, plan)).await;
        held.back(found)
    }

    /// Sessions that are open, and how many of them are at work.
    pub fn sessions(&self) -> (u32, u32) {
        let open = self.pool.size();
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(open);
        (open, open.saturating_sub(idle))
    }

    /// Sets what a plan's backfills must not exceed from now on, also while they run.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, or the ledger not be written.
    pub async fn set_throttle(&self, plan: &str, wish: &Wish) -> Result<(), TargetError> {
        let mut held = self.held().await?;
        let set = self.answered(throttle::set(&mut held, plan, wish)).await;
        held.back(set)
    }
}
