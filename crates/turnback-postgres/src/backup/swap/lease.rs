//! Leases of a database that is replaced: none of them holds in the one that takes its place.

use sqlx::AssertSqlSafe;

use super::super::create::text;
use super::super::error::BackupError;
use super::super::server::Server;

/// The epoch of the lease in the database that is being replaced, where it can be read.
pub(super) async fn epoch(server: &Server) -> Option<i64> {
    let mut session = server.session().await.ok()?;
    text(&mut session, "SELECT epoch::text FROM turnback.lease")
        .await
        .ok()?
        .parse()
        .ok()
}

/// A controller that held a lease on the replaced database must not take the restored one for
/// it: no epoch that was ever given there is given again.
pub(super) async fn outdate_leases(
    database: &Server,
    epoch: Option<i64>,
) -> Result<(), BackupError> {
    let mut session = database.session().await?;
    if text(
        &mut session,
        "SELECT (to_regclass('turnback.lease') IS NOT NULL)::text",
    )
    .await?
        != "true"
    {
        return Ok(());
    }
    sqlx::query(AssertSqlSafe(
        "UPDATE turnback.lease SET epoch = greatest(epoch, $1) + 1, holder = NULL, backend = NULL, \
         backend_start = NULL, heartbeat = NULL",
    ))
    .bind(epoch.unwrap_or_default())
    .persistent(false)
    .execute(&mut session)
    .await
    .map_err(BackupError::sql("outdating leases"))?;
    Ok(())
}
