//! One connection of a client, through one shape, by the extended protocol: every statement is
//! prepared once under a name of its own, and used for as long as the connection lives.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::event::Event;
use crate::waits::Waits;
use crate::workload::Shape;
use crate::workload::session::copy_in;

/// What a deed came to.
pub(super) type Done = Result<Vec<Event>, Fault>;

/// A statement that failed.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) statement: &'static str,
    pub(super) source: sqlx::Error,
}

/// A connection and what it measures.
#[derive(Debug)]
pub(super) struct Hand {
    connection: PgConnection,
    pub(super) shape: Shape,
    waits: Waits,
}

impl Hand {
    pub(super) async fn open(url: &str, shape: &Shape, waits: &Waits) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("turnback-historian")
            .disable_statement_logging();
        let mut connection = PgConnection::connect_with(&options).await?;
        let settings = format!(
            "SET search_path = {}; SET statement_timeout = '60s'",
            shape.search_path()
        );
        sqlx::raw_sql(AssertSqlSafe(settings))
            .execute(&mut connection)
            .await?;
        Ok(Self {
            connection,
            shape: shape.clone(),
            waits: waits.clone(),
        })
    }

    /// Runs a prepared statement.
    pub(super) async fn rows(
        &mut self,
        statement: &'static str,
        values: &[&str],
    ) -> Result<Vec<PgRow>, Fault> {
        let _wait = self.waits.begin(&self.shape, statement);
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind(*value);
        }
        let rows = query.fetch_all(&mut self.connection).await;
        rows.map_err(|source| Fault { statement, source })
    }

    /// Runs what has no result: `BEGIN`, `SAVEPOINT`, …
    pub(super) async fn say(&mut self, statement: &'static str) -> Result<(), Fault> {
        let _wait = self.waits.begin(&self.shape, statement);
        let done = sqlx::raw_sql(statement).execute(&mut self.connection).await;
        done.map(drop).map_err(|source| Fault { statement, source })
    }

    /// Sends data by `COPY`.
    pub(super) async fn copy(&mut self, statement: &'static str, data: &str) -> Result<u64, Fault> {
        let _wait = self.waits.begin(&self.shape, statement);
        let done = copy_in(&mut self.connection, statement, data).await;
        done.map_err(|source| Fault { statement, source })
    }

    /// Ends a transaction that failed; forgets what is prepared where a plan no longer fits.
    pub(super) async fn recover(&mut self, prepare_again: bool) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut self.connection)
            .await?;
        if prepare_again {
            self.connection.clear_cached_statements().await?;
        }
        Ok(())
    }

    /// The document's present version and word.
    pub(super) async fn read(&mut self, document: &str) -> Result<Option<(i32, String)>, Fault> {
        const READ: &str = "SELECT version, word FROM documents WHERE name = $1";
        let rows = self.rows(READ, &[document]).await?;
        rows.first()
            .map(|row| version_and_word(row, READ))
            .transpose()
    }
}

/// The columns `version` and `word`.
pub(super) fn version_and_word(
    row: &PgRow,
    statement: &'static str,
) -> Result<(i32, String), Fault> {
    let both = || Ok((row.try_get("version")?, row.try_get("word")?));
    both().map_err(|source| Fault { statement, source })
}

/// The column `version`.
pub(super) fn version(row: &PgRow, statement: &'static str) -> Result<i32, Fault> {
    row.try_get("version")
        .map_err(|source| Fault { statement, source })
}

impl Fault {
    /// Its SQLSTATE, empty where the connection failed.
    pub(super) fn code(&self) -> String {
        let database = self.source.as_database_error();
        database
            .and_then(|error| error.code())
            .unwrap_or_default()
            .into_owned()
    }

    /// The documented answer to a prepared statement whose columns are now of other types.
    pub(super) fn is_old_plan(&self) -> bool {
        let old = |error: &dyn sqlx::error::DatabaseError| {
            error.message().contains("cached plan must not change")
        };
        self.code() == "0A000" && self.source.as_database_error().is_some_and(old)
    }
}

/// How long a client thinks in the middle of a long transaction.
pub(super) const REST: Duration = Duration::from_millis(500);
