//! What the schema expects of its server: roles, extensions, settings of the database.

use sqlx::PgConnection;
use turnback_core::name::{Ident, list, literal};

use super::{Role, Schema, run};
use crate::commands::rehearse::failed;
use crate::failure::Failure;

/// Refuses when the copy's server lacks an extension that the schema has.
pub(in crate::commands::rehearse) async fn must_have_extensions(
    to: &mut PgConnection,
    schema: &Schema,
) -> Result<(), Failure> {
    let available: Vec<String> =
        sqlx::query_scalar("SELECT name::text FROM pg_catalog.pg_available_extensions")
            .persistent(false)
            .fetch_all(to)
            .await
            .map_err(|error| failed("looking for extensions", error))?;
    let missing: Vec<&String> = schema
        .extensions
        .iter()
        .filter(|extension| !available.contains(extension))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the target uses extensions that the server of the copy does not have: {}",
        list(&missing)
    ))
    .next("Install them for the PostgreSQL on this machine; or rehearse with `--on URL` in an empty database of a server that has them."))
}

/// Makes roles that are missing, and the database's own settings. A stand-in cannot log in; in
/// a cluster of our own it has its original's powers over row-level security, so that
/// functions which run as it do the same.
pub(super) async fn make(
    to: &mut PgConnection,
    schema: &Schema,
    own_cluster: bool,
) -> Result<(), Failure> {
    let known: Vec<String> = sqlx::query_scalar("SELECT rolname::text FROM pg_catalog.pg_roles")
        .persistent(false)
        .fetch_all(&mut *to)
        .await
        .map_err(|error| failed("looking for roles", error))?;
    let missing = schema
        .roles
        .iter()
        .filter(|role| !known.iter().any(|name| name == role.name.as_str()));
    // Elsewhere roles belong to somebody: one that the schema names and that is not there is
    // refused by the server, by name.
    for role in missing.filter(|_| own_cluster) {
        run(to, &statement(role))
            .await
            .map_err(|error| failed("making stand-ins for roles", error))?;
    }
    for setting in &schema.settings {
        let Some((name, value)) = setting.split_once('=') else {
            continue;
        };
        // A name may have a prefix: `app.tenant`.
        let quoted: Vec<String> = name
            .split('.')
            .map(|part| Ident::from(part).to_string())
            .collect();
        let statements = format!(
            "SELECT set_config({}, {}, false); DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {} FROM CURRENT', current_database()); END $$; RESET ALL",
            literal(name),
            literal(value),
            quoted.join(".")
        );
        // One of an extension that is not loaded here is none of the copy's business.
        let _ = run(to, &statements).await;
    }
    Ok(())
}

fn statement(role: &Role) -> String {
    let power = if role.superuser {
        " SUPERUSER"
    } else if role.bypasses {
        " BYPASSRLS"
    } else {
        ""
    };
    format!("CREATE ROLE {} NOLOGIN{power}", role.name)
}
