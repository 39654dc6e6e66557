//! What values a column takes: its type, the labels of an enumeration, and the range and share
//! of nulls that the target's statistics tell. No value of a row is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use turnback_core::name::{Ident, TableName};

use crate::commands::rehearse::failed;
use crate::commands::rehearse::source::{Source, reading};
use crate::failure::Failure;

const FACTS: &str = include_str!("column.sql");

/// Numbers and times only: of text the statistics hold whole values, which stay where they are.
const STATISTICS: &str = "SELECT coalesce(jsonb_agg(jsonb_build_object(
        'table', jsonb_build_array(s.schemaname, s.tablename), 'column', s.attname, 'nulls', s.null_frac,
        'low', CASE WHEN t.typcategory IN ('N', 'D') THEN (s.histogram_bounds::text::text[])[1] END,
        'high', CASE WHEN t.typcategory IN ('N', 'D')
            THEN (s.histogram_bounds::text::text[])[array_upper(s.histogram_bounds::text::text[], 1)] END)), '[]')
    FROM pg_catalog.pg_stats s
    JOIN pg_catalog.pg_namespace n ON n.nspname = s.schemaname
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE NOT s.inherited AND s.schemaname NOT IN ('pg_catalog', 'information_schema', 'turnback', 'turnback_control')";

/// What is known of every column's type.
pub(in super::super) type Facts = BTreeMap<(TableName, Ident), Fact>;

/// A column's type.
#[derive(Clone, Debug, Deserialize)]
pub(in super::super) struct Fact {
    table: TableName,
    column: Ident,
    /// Without the domain around it, where there is one.
    pub(super) base: String,
    /// `typcategory`
    pub(super) category: String,
    /// Labels of an enumeration, or texts that a check allows.
    pub(super) labels: Vec<String>,
    /// It is a domain, whose checks may refuse what its type allows.
    pub(super) is_domain: bool,
}

/// What the target's statistics tell, by column.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Statistics(BTreeMap<(TableName, Ident), Range>);

/// A range, and the share of nulls.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Range {
    table: TableName,
    column: Ident,
    pub(super) nulls: f64,
    pub(super) low: Option<String>,
    pub(super) high: Option<String>,
}

impl Statistics {
    pub(super) fn of(&self, table: &TableName, column: &Ident) -> Option<&Range> {
        self.0.get(&(table.clone(), column.clone()))
    }
}

/// Reads the target's statistics.
pub(in super::super) async fn statistics(source: &mut Source) -> Result<Statistics, Failure> {
    let url = source.url.clone();
    let found: Json<Vec<Range>> = sqlx::query_scalar(STATISTICS)
        .persistent(false)
        .fetch_one(&mut source.session)
        .await
        .map_err(|error| reading(&url, error))?;
    let by_column = found
        .0
        .into_iter()
        .map(|range| ((range.table.clone(), range.column.clone()), range));
    Ok(Statistics(by_column.collect()))
}

/// Looks at the columns of the copy.
pub(super) async fn facts(to: &mut PgConnection) -> Result<Facts, Failure> {
    let found: Json<Vec<Fact>> = sqlx::query_scalar(FACTS)
        .persistent(false)
        .fetch_one(to)
        .await
        .map_err(|error| failed("looking at the copy's columns", error))?;
    let by_column = found
        .0
        .into_iter()
        .map(|fact| ((fact.table.clone(), fact.column.clone()), fact));
    Ok(by_column.collect())
}
