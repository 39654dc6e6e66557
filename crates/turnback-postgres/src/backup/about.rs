//! What a database is, for the question whether a backup is of it.

use turnback_core::backup::PhaseStanding;

use super::create::{phases, system, text};
use super::error::BackupError;
use super::server::Server;

/// A database, as backups know it.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name.
    pub database: String,
    /// System identifier of its cluster, where it may be read.
    pub system: Option<String>,
    /// Seconds since 1970, by the server's clock.
    pub now: i64,
    /// Where every phase of every plan stands.
    pub phases: Vec<PhaseStanding>,
}

impl About {
    /// Asks the server.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn of(server: &Server) -> Result<Self, BackupError> {
        let mut session = server.session().await?;
        let now = text(
            &mut session,
            "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint::text",
        )
        .await?;
        Ok(Self {
            database: server.database().to_owned(),
            system: system(&mut session).await,
            now: now.parse().unwrap_or_default(),
            phases: phases(&mut session).await?,
        })
    }
}
