//! The catalog snapshot: one consistent look at the target, as the core's schema model.
//!
//! There is one query per kind of object, however many there are, each in a `.sql` file of
//! its own. A query answers with the model's own JSON, so that the model alone says what a
//! row looks like, and one decoder serves all of them.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{Connection, FromRow, PgConnection};
use turnback_core::name::{Ident, TableName};
use turnback_core::schema::{Schema, Snapshot, Table, View};
use turnback_engine::error::TargetError;

use crate::error::target_error;

/// One query of the catalog: what it reads, for messages, and its text.
struct Query {
    what: &'static str,
    sql: &'static str,
}

/// Puts a query's text behind the common definition of what a snapshot looks at.
macro_rules! query {
    ($what:literal, $file:literal) => {
        Query {
            what: $what,
            sql: concat!(include_str!("relations.sql"), include_str!($file)),
        }
    };
}

/// The settings that definitions depend on, fixed for the length of the look: with an empty
/// user path every name comes out with its schema, and constants come out the same
/// whatever the role's or the session's habits are (as `pg_dump` does it).
const SETTINGS: &str = "
    SET LOCAL search_path = pg_catalog;
    SET LOCAL quote_all_identifiers = off;
    SET LOCAL DateStyle = ISO, YMD;
    SET LOCAL IntervalStyle = postgres;
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL extra_float_digits = 3;
    SET LOCAL bytea_output = hex;
    SET LOCAL standard_conforming_strings = on;
    -- Compiling these queries would take longer than running them.
    SET LOCAL jit = off;
    -- Sizes and view definitions wait for whoever holds a table exclusively: not for ever.
    SET LOCAL lock_timeout = '10s';
";

/// How often a look is begun again because an object went away under it: on a busy server
/// where tables come and go all the time, every second look may meet one.
const LOOKS: u32 = 40;

/// Why the catalog could not be read.
#[derive(Debug, thiserror::Error)]
#[error("could not read the {what} from the database's catalog")]
pub struct CatalogError {
    what: &'static str,
    source: sqlx::Error,
}

impl CatalogError {
    fn new(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self { what, source }
    }

    /// As the engine tells errors apart.
    pub(crate) fn into_target_error(self) -> TargetError {
        let message = self.to_string();
        match target_error(self.source, "") {
            TargetError::Lost(cause) => TargetError::Lost(format!("{message}: {cause}")),
            other => other,
        }
    }

    /// Whether an object was dropped between the query's snapshot and the deparsing of its
    /// definition, which always sees the newest state: PostgreSQL then answers NULL, or
    /// fails with an internal error (`cache lookup failed`) or an undefined table or object.
    fn is_vanished(&self) -> bool {
        match &self.source {
            sqlx::Error::ColumnDecode { .. } => true,
            sqlx::Error::Database(error) => {
                matches!(error.code().as_deref(), Some("XX000" | "42P01" | "42704"))
            }
            _ => false,
        }
    }
}

/// Takes one consistent look at the database and its catalog.
///
/// Everything is read in one `REPEATABLE READ READ ONLY` transaction, by the same dozen of
/// queries for three tables or three thousand. Left out are PostgreSQL's own schemas,
/// extensions and what belongs to them, temporary objects, and turnback's ledger (schema
/// `turnback`). Whole-row references (`OLD.*`) do not count as reading columns: PostgreSQL
/// does not record them, and they survive any change of columns.
///
/// A partitioned table stores nothing itself: its sizes and rows are zero, those of its
/// partitions count.
///
/// # Errors
///
/// When a query fails, when somebody holds a table exclusively for more than ten seconds,
/// or when the connection is inside a transaction already.
pub async fn snapshot(connection: &mut PgConnection) -> Result<Snapshot, CatalogError> {
    for _ in 1..LOOKS {
        match look(connection).await {
            Err(error) if error.is_vanished() => {}
            result => return result,
        }
    }
    look(connection).await
}

async fn look(connection: &mut PgConnection) -> Result<Snapshot, CatalogError> {
    let mut transaction = connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await
        .map_err(CatalogError::new("state"))?;
    sqlx::raw_sql(SETTINGS)
        .execute(&mut *transaction)
        .await
        .map_err(CatalogError::new("state"))?;
    let snapshot = read(&mut transaction).await?;
    transaction
        .rollback()
        .await
        .map_err(CatalogError::new("state"))?;
    Ok(snapshot)
}

async fn read(connection: &mut PgConnection) -> Result<Snapshot, CatalogError> {
    let (version, database): (i32, String) = sqlx::query_as(include_str!("about.sql"))
        .persistent(false)
        .fetch_one(&mut *connection)
        .await
        .map_err(CatalogError::new("version"))?;
    let publications = if version >= 150_000 {
        query!("publications", "publications.sql")
    } else {
        query!("publications", "publications_14.sql")
    };
    let mut tables = tables(connection).await?;
    let mut views: BTreeMap<TableName, View> = named(connection, query!("views", "views.sql"))
        .await?
        .collect();
    for (relation, trigger) in named(connection, query!("triggers", "triggers.sql")).await? {
        match views.get_mut(&relation) {
            Some(view) => view.triggers.push(trigger),
            None => on(&mut tables, &relation, |t| t.triggers.push(trigger)),
        }
    }
    Ok(Snapshot {
        server_version: version.unsigned_abs(),
        database,
        schemas: schemas(connection).await?,
        tables,
        views,
        sequences: named(connection, query!("sequences", "sequences.sql"))
            .await?
            .collect(),
        functions: unnamed(connection, query!("functions", "functions.sql")).await?,
        publications: unnamed(connection, publications).await?,
    })
}

async fn schemas(connection: &mut PgConnection) -> Result<BTreeMap<Ident, Schema>, CatalogError> {
    let rows: Vec<(String, Json<Schema>)> =
        rows(connection, query!("schemas", "schemas.sql")).await?;
    Ok(rows
        .into_iter()
        .map(|(name, Json(schema))| (Ident::new(name), schema))
        .collect())
}

/// Reads the tables, then hangs on them what the other queries found.
async fn tables(connection: &mut PgConnection) -> Result<BTreeMap<TableName, Table>, CatalogError> {
    let mut tables: BTreeMap<TableName, Table> = named(connection, query!("tables", "tables.sql"))
        .await?
        .collect();
    for (table, column) in named(connection, query!("columns", "columns.sql")).await? {
        on(&mut tables, &table, |t| t.columns.push(column));
    }
    for (table, constraint) in named(connection, query!("constraints", "constraints.sql")).await? {
        on(&mut tables, &table, |t| t.constraints.push(constraint));
    }
    for (table, index) in named(connection, query!("indexes", "indexes.sql")).await? {
        on(&mut tables, &table, |t| t.indexes.push(index));
    }
    for (table, policy) in named(connection, query!("policies", "policies.sql")).await? {
        on(&mut tables, &table, |t| t.policies.push(policy));
    }
    for (table, rule) in named(connection, query!("rules", "rules.sql")).await? {
        on(&mut tables, &table, |t| t.rules.push(rule));
    }
    for (table, statistics) in
        named(connection, query!("extended statistics", "statistics.sql")).await?
    {
        on(&mut tables, &table, |t| t.statistics.push(statistics));
    }
    Ok(tables)
}

/// Changes the table of that name. All queries see one state of the catalog through one
/// definition of what is looked at, so a part whose table is not there cannot come.
fn on(tables: &mut BTreeMap<TableName, Table>, name: &TableName, add: impl FnOnce(&mut Table)) {
    if let Some(table) = tables.get_mut(name) {
        add(table);
    }
}

/// Runs a query that answers with a schema, a name and an object.
async fn named<T>(
    connection: &mut PgConnection,
    query: Query,
) -> Result<impl Iterator<Item = (TableName, T)> + use<T>, CatalogError>
where
    T: DeserializeOwned + Send + Unpin + 'static,
{
    let rows: Vec<(String, String, Json<T>)> = rows(connection, query).await?;
    Ok(rows
        .into_iter()
        .map(|(schema, name, Json(object))| (TableName::new(schema, name), object)))
}

/// Runs a query that answers with an object that knows its own name.
async fn unnamed<T>(connection: &mut PgConnection, query: Query) -> Result<Vec<T>, CatalogError>
where
    T: DeserializeOwned + Send + Unpin + 'static,
{
    let rows: Vec<(Json<T>,)> = rows(connection, query).await?;
    Ok(rows.into_iter().map(|(Json(object),)| object).collect())
}

async fn rows<R>(connection: &mut PgConnection, query: Query) -> Result<Vec<R>, CatalogError>
where
    R: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    sqlx::query_as(query.sql)
        // A look is seldom: its statements need not stay prepared on the session.
        .persistent(false)
        .fetch_all(connection)
        .await
        .map_err(CatalogError::new(query.what))
}
