//! A writer's connection, and what its errors mean.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::str::FromStr;

use super::shape::Shape;

/// One row of an answer, every column as text.
pub(super) type TextRow = Vec<Option<String>>;

/// A connection that speaks the simple query protocol: no prepared statement outlives a
/// change of shape, and every value is text.
#[derive(Debug)]
pub(super) struct Session {
    connection: PgConnection,
    /// The backend: process id and start, which together are unique.
    pub(super) backend: Backend,
}

/// Identifies a server process for good.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    process: String,
    start: String,
}

/// Why a statement did not succeed, by what there is to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Serialization failure, deadlock or lock timeout: the client tries again.
    Retry(String),
    /// The keys that the writer remembers are of another type than the column has now.
    ShapeChanged(String),
    /// The server refused, and nothing was written.
    Refused { code: String, message: String },
    /// The connection is gone; whether the server committed is to be asked.
    Unknown(String),
}

impl Session {
    pub(super) async fn open(url: &str, shape: &Shape, name: &str) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name(name)
            .disable_statement_logging();
        let mut connection = PgConnection::connect_with(&options).await?;
        let start =
            "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";
        let rows = text_rows(&mut connection, start).await?;
        let mut columns = rows.into_iter().next().unwrap_or_default().into_iter();
        let mut next = || columns.next().flatten().unwrap_or_default();
        let backend = Backend {
            process: next(),
            start: next(),
        };
        let mut session = Self {
            connection,
            backend,
        };
        session.take_shape(shape).await?;
        Ok(session)
    }

    /// Sets the `search_path`. Also bounds every statement: a minute's wait is an error.
    pub(super) async fn take_shape(&mut self, shape: &Shape) -> Result<(), sqlx::Error> {
        let path = shape.search_path();
        let sql = format!("SET search_path = {path}; SET statement_timeout = '60s'");
        text_rows(&mut self.connection, &sql).await.map(drop)
    }

    pub(super) async fn run(&mut self, sql: &str) -> Result<Vec<TextRow>, Failure> {
        text_rows(&mut self.connection, sql)
            .await
            .map_err(|error| Failure::of(&error))
    }

    /// Whether this server process still runs.
    pub(super) async fn is_alive(&mut self, backend: &Backend) -> Result<bool, Failure> {
        let Backend { process, start } = backend;
        let sql = format!(
            "SELECT 1 FROM pg_stat_activity WHERE pid = {process} AND backend_start = '{start}'"
        );
        Ok(!self.run(&sql).await?.is_empty())
    }
}

/// Runs SQL by the simple query protocol.
pub(super) async fn text_rows(
    connection: &mut PgConnection,
    sql: &str,
) -> Result<Vec<TextRow>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            (0..row.len())
                .map(|column| row.try_get_unchecked::<Option<String>, _>(column))
                .collect()
        })
        .collect()
}

impl Failure {
    /// Sorts by SQLSTATE (manual, appendix A).
    fn of(error: &sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Unknown(error.to_string());
        };
        let code = database.code().unwrap_or_default().into_owned();
        match code.as_str() {
            "40001" | "40P01" | "55P03" => Self::Retry(code),
            // No such operator, wrong text for the type, wrong type; a cached plan's new
            // result type (0A000 stands for much else, too).
            "42883" | "22P02" | "42804" => Self::ShapeChanged(code),
            "0A000" if database.message().contains("cached plan") => Self::ShapeChanged(code),
            // The session was ended (08…, 57P…): it may have committed before.
            _ if code.starts_with("08") || code.starts_with("57P") || code.is_empty() => {
                Self::Unknown(format!("{code} {}", database.message()))
            }
            _ => Self::Refused {
                message: database.message().to_owned(),
                code,
            },
        }
    }
}
