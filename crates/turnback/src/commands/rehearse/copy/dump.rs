//! The schema, as `pg_dump` writes it: found, run on the target's snapshot, restored.

use std::path::PathBuf;

use sqlx::PgConnection;
use sqlx::postgres::PgDatabaseError;
use turnback_core::exit::ExitCode;
use turnback_postgres::backup::client;

use super::run;
use crate::commands::rehearse::source::Source;
use crate::failure::Failure;

/// A schema as SQL.
pub(in crate::commands::rehearse) struct Dump {
    before: String,
    after: String,
}

/// Which part of it.
#[derive(Clone, Copy)]
pub(super) enum Section {
    /// Types, tables, functions: what rows need.
    Before,
    /// Indexes, constraints, triggers.
    After,
}

impl Dump {
    /// Has `pg_dump` write down the schema that the source sees.
    pub(in crate::commands::rehearse) async fn take(source: &Source) -> Result<Self, Failure> {
        let program = client("pg_dump", source.major())?;
        Ok(Self {
            before: section(&program, source, "pre-data").await?,
            after: section(&program, source, "post-data").await?,
        })
    }

    /// Runs a section on the copy.
    pub(super) async fn restore(
        &self,
        to: &mut PgConnection,
        section: Section,
    ) -> Result<(), Failure> {
        let text = match section {
            Section::Before => &self.before,
            Section::After => &self.after,
        };
        run(to, text).await.map_err(|error| refused(text, &error))?;
        // The dump empties the session's path.
        run(to, "RESET ALL; SET client_min_messages = warning")
            .await
            .map_err(|error| super::super::failed("copying the schema", error))?;
        Ok(())
    }
}

/// What a server must leave out that does not know it.
fn is_for_the_copy(line: &str) -> bool {
    // psql's own, which no server understands; and a setting that came with 17.
    !line.starts_with("\\restrict ")
        && !line.starts_with("\\unrestrict ")
        && !line.starts_with("SET transaction_timeout")
}

async fn section(program: &PathBuf, source: &Source, section: &str) -> Result<String, Failure> {
    let mut command = tokio::process::Command::new(program);
    command
        .arg(format!("--section={section}"))
        .arg(format!("--snapshot={}", source.snapshot))
        .args([
            "--no-tablespaces",
            "--no-subscriptions",
            "--no-security-labels",
        ])
        .args(["--exclude-schema=turnback", "--lock-wait-timeout=10s"])
        // It writes nothing anyway; reading alone is what we promise.
        .env("PGOPTIONS", "-c default_transaction_read_only=on")
        .kill_on_drop(true);
    let server = turnback_postgres::backup::Server::new(&source.url)?;
    command.envs(server.environment());
    let output = command.output().await.map_err(|error| {
        Failure::new(
            ExitCode::Failed,
            format!("pg_dump could not be run: {error}"),
        )
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let failure = Failure::usage(format!(
            "pg_dump could not read the schema of {}: {said}",
            source.url.redacted()
        ));
        return Err(if said.contains("permission denied") {
            failure.next("The role needs SELECT on every table (`GRANT pg_read_all_data TO role`); it needs no right to write.")
        } else {
            failure
        });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().filter(|line| is_for_the_copy(line)).collect();
    Ok(lines.join("\n"))
}

/// Which statement of the schema the copy's server refused.
fn refused(text: &str, error: &sqlx::Error) -> Failure {
    let Some(database) = error
        .as_database_error()
        .and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
    else {
        return Failure::new(
            ExitCode::Failed,
            format!("the schema could not be copied: {error}"),
        );
    };
    let at = match database.position() {
        Some(sqlx::postgres::PgErrorPosition::Original(place)) => {
            text.chars().take(place).filter(|c| *c == '\n').count()
        }
        _ => usize::MAX,
    };
    let line = text
        .lines()
        .nth(at)
        .map(|line| format!(", at `{}`", line.trim()))
        .unwrap_or_default();
    Failure::usage(format!(
        "the server of the copy refuses a part of the target's schema{line}: {}",
        database.message()
    ))
    .next("What differs may be the version, an extension's version, a collation, or with `--on` a role that is missing there (`CREATE ROLE name NOLOGIN` makes a stand-in): `--on URL` rehearses in an empty database of a server like the target's.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_psql_or_a_newer_server_knows_is_left_out() {
        let dump = [
            "\\restrict abc",
            "SET transaction_timeout = 0;",
            "CREATE TABLE t ();",
        ];
        let kept: Vec<_> = dump
            .into_iter()
            .filter(|line| is_for_the_copy(line))
            .collect();
        assert_eq!(kept, ["CREATE TABLE t ();"]);
    }
}
