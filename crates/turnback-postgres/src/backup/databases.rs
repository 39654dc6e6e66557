//! Databases as a whole: what they are like, created, dropped, renamed; sessions ended.

use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};
use turnback_core::backup::DatabaseProperties;
use turnback_core::name::Ident;

use super::error::BackupError;
use crate::session::run;

const PROPERTIES: &str = include_str!("properties.sql");

/// How the names of scratch databases begin; their end is the process of the session that
/// made them.
pub(super) const SCRATCH: &str = "turnback_verify";

/// Scratch databases of verifications that came to no end.
pub(super) async fn remnants(session: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT d.datname::text FROM pg_database d \
         WHERE d.datname ~ '^{SCRATCH}_[0-9]+_[0-9]+$' AND NOT EXISTS (SELECT FROM pg_stat_activity a \
           WHERE a.pid::text = split_part(d.datname, '_', 4) AND a.application_name = 'turnback')"
    )))
    .persistent(false)
    .fetch_all(session)
    .await
    .map_err(BackupError::sql("looking for databases of earlier verifications"))
}

/// What belongs to a database as a whole.
pub(super) async fn properties(
    session: &mut PgConnection,
    database: &str,
) -> Result<DatabaseProperties, BackupError> {
    let found: Json<DatabaseProperties> = sqlx::query_scalar(PROPERTIES)
        .bind(database)
        .persistent(false)
        .fetch_one(session)
        .await
        .map_err(BackupError::sql(format!("looking at database {database}")))?;
    Ok(found.0)
}

/// Creates an empty database. Where the server does not know the collation, which can be so
/// on another server than the one it comes from, its own is taken.
pub(super) async fn create(
    session: &mut PgConnection,
    name: &str,
    properties: &DatabaseProperties,
) -> Result<(), BackupError> {
    let ident = Ident::new(name);
    let like = format!(
        "CREATE DATABASE {ident} TEMPLATE template0{}",
        properties.create
    );
    run(session, &like)
        .await
        .map_err(BackupError::server(format!("creating database {name}")))
}

/// Drops a database, its sessions ended.
pub(super) async fn drop_it(session: &mut PgConnection, name: &str) -> Result<(), BackupError> {
    run(
        session,
        &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", Ident::new(name)),
    )
    .await
    .map_err(BackupError::server(format!("dropping database {name}")))
}
