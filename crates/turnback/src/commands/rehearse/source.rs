//! The target, which is only read: one read-only snapshot, in which `pg_dump` looks too.

use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_core::exit::ExitCode;
use turnback_core::plan::{Settings, Target as Url};

use super::copy::Schema;
use crate::context::connect;
use crate::failure::Failure;

/// Nothing can be written in it, by whatever statement; and a row that a policy hides is an
/// error rather than missing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL row_security = off; \
     SET LOCAL lock_timeout = '10s'; SET LOCAL extra_float_digits = 3; SET LOCAL DateStyle = 'ISO, YMD'; \
     SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL client_encoding = 'UTF8'";

const SCHEMA: &str = include_str!("copy/schema.sql");

/// One session on the target, in one snapshot.
pub(super) struct Source {
    pub(super) session: PgConnection,
    pub(super) url: Url,
    /// Lets `pg_dump` see the same moment.
    pub(super) snapshot: String,
    /// `server_version_num`
    pub(super) version: u32,
}

impl Source {
    /// Opens the session and takes the snapshot.
    pub(super) async fn open(url: &Url, settings: &Settings) -> Result<Self, Failure> {
        let target = connect(url, settings).await?;
        let mut session = target.session().await?;
        let refused = |error| reading(url, error);
        sqlx::raw_sql(BEGIN)
            .execute(&mut session)
            .await
            .map_err(refused)?;
        let row = sqlx::raw_sql(
            "SELECT pg_export_snapshot() AS snapshot, current_setting('server_version_num') AS version",
        )
        .fetch_one(&mut session)
        .await
        .map_err(refused)?;
        let version: String = row.try_get_unchecked("version").map_err(refused)?;
        Ok(Self {
            snapshot: row.try_get_unchecked("snapshot").map_err(refused)?,
            version: version.parse().unwrap_or_default(),
            url: url.clone(),
            session,
        })
    }

    /// Major version of the server.
    pub(super) fn major(&self) -> u32 {
        self.version / 10_000
    }

    /// Tables, foreign keys, sequences, roles and extensions.
    pub(super) async fn schema(&mut self) -> Result<Schema, Failure> {
        let found: Json<Schema> = sqlx::query_scalar(SCHEMA)
            .persistent(false)
            .fetch_one(&mut self.session)
            .await
            .map_err(|error| reading(&self.url, error))?;
        Ok(found.0)
    }

    /// Refuses a database in which turnback is in the middle of something: the copy has no
    /// ledger, so it could not go on from there.
    pub(super) async fn must_be_untouched(&mut self) -> Result<(), Failure> {
        let has_ledger: bool = self
            .scalar("SELECT to_regclass('turnback.phase') IS NOT NULL")
            .await?;
        if !has_ledger {
            return Ok(());
        }
        let begun: Option<String> = self
            .scalar(
                "SELECT string_agg(phase || ' (' || state || ')', ', ' ORDER BY phase) FROM turnback.phase WHERE state <> 'pending'",
            )
            .await?;
        match begun {
            None => Ok(()),
            Some(begun) => Err(Failure::usage(format!(
                "on {} these phases are begun or done: {begun}. A rehearsal starts from a database that no phase has changed",
                self.url.redacted()
            ))
            .next("Restore a backup from before them somewhere, and name it with `--target URL`.")),
        }
    }

    async fn scalar<T>(&mut self, sql: &str) -> Result<T, Failure>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
            .persistent(false)
            .fetch_one(&mut self.session)
            .await
            .map_err(|error| reading(&self.url, error))
    }
}

/// What reading the target failed with, and what to do about missing rights.
pub(super) fn reading(url: &Url, error: sqlx::Error) -> Failure {
    let code = error
        .as_database_error()
        .and_then(|error| error.code())
        .unwrap_or_default()
        .into_owned();
    let text = match error.as_database_error() {
        Some(error) => error.message().to_owned(),
        None => error.to_string(),
    };
    let failure = Failure::new(
        if code == "42501" {
            ExitCode::Usage
        } else {
            ExitCode::Failed
        },
        format!("{} could not be read: {text}", url.redacted()),
    );
    if code == "42501" {
        failure.next("The role needs SELECT on every table (`GRANT pg_read_all_data TO role`, and BYPASSRLS where row-level security is on); it needs no right to write.")
    } else {
        failure
    }
}
