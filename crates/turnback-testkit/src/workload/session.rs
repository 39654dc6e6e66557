//! A writer's connection, and what its errors mean.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::str::FromStr;

use super::shape::Shape;

/// One row of an answer, every column as text.
pub(crate) type TextRow = Vec<Option<String>>;

/// A connection that speaks the simple query protocol: no prepared statement outlives a
/// change of shape, and every value is text.
#[derive(Debug)]
pub(super) struct Session {
    connection: PgConnection,
    /// The backend: process id and start, which together are unique.
    pub(super) backend: Backend,
    /// Names of the statements that are prepared.
    prepared: BTreeSet<&'static str>,
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
    /// A prepared statement would give rows of another type than before: it is to be prepared
    /// again.
    PlanChanged,
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
            prepared: BTreeSet::new(),
        };
        session.take_shape(shape).await?;
        Ok(session)
    }

    /// Sets the `search_path`. Also bounds every statement: a minute's wait is an error.
    pub(super) async fn take_shape(&mut self, shape: &Shape) -> Result<(), sqlx::Error> {
        let path = shape.search_path();
        let sql =
            format!("DEALLOCATE ALL; SET search_path = {path}; SET statement_timeout = '60s'");
        self.prepared.clear();
        text_rows(&mut self.connection, &sql).await.map(drop)
    }

    /// Prepares a statement, where that was not done before in this session.
    pub(super) async fn prepare(
        &mut self,
        name: &'static str,
        statement: &str,
    ) -> Result<(), Failure> {
        if !self.prepared.contains(name) {
            self.run(&format!("PREPARE {name} AS {statement}")).await?;
            self.prepared.insert(name);
        }
        Ok(())
    }

    /// Forgets what is prepared, as a driver does when it hears that a plan no longer fits.
    pub(super) async fn forget(&mut self) -> Result<(), Failure> {
        self.prepared.clear();
        self.run("DEALLOCATE ALL").await.map(drop)
    }

    /// Sends data by `COPY`; gives as many empty rows as were written.
    pub(super) async fn copy(&mut self, sql: &str, data: &str) -> Result<Vec<TextRow>, Failure> {
        copy_in(&mut self.connection, sql, data)
            .await
            .map(|rows| vec![TextRow::new(); rows as usize])
            .map_err(|error| Failure::of(&error))
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

/// `COPY … FROM STDIN`; gives the number of rows.
pub(crate) async fn copy_in(
    connection: &mut PgConnection,
    sql: &str,
    data: &str,
) -> Result<u64, sqlx::Error> {
    let mut copy = connection.copy_in_raw(sql).await?;
    copy.send(data.as_bytes()).await?;
    copy.finish().await
}

/// Runs SQL by the simple query protocol.
pub(crate) async fn text_rows(
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
            "0A000" if database.message().contains("cached plan") => Self::PlanChanged,
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
