//! The copy: the target's schema by `pg_dump`, rows by sampling or made up.

mod closure;
mod dump;
mod made_up;
mod rows;
mod sequences;
mod stand_ins;

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use turnback_core::name::{Ident, TableName};

pub(super) use self::dump::Dump;
pub(super) use self::stand_ins::must_have_extensions;
use super::screen::Screen;
use super::source::Source;
use crate::failure::Failure;
use crate::output::text::count;

/// How many rows, and from where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    /// Up to so many of each table, and those they refer to.
    Rows(u64),
    /// About so many percent of each table, and those they refer to.
    Percent(f64),
    /// Made up, so many of each table at most.
    MadeUp(u64),
    /// None, but for those that clients need to begin with.
    None,
}

/// What there is to copy.
#[derive(Debug, Deserialize)]
pub(super) struct Schema {
    /// Ordinary tables and partitioned ones; their partitions come with them.
    pub(super) tables: Vec<Table>,
    pub(super) references: Vec<Reference>,
    sequences: Vec<Sequence>,
    materialized: Vec<TableName>,
    pub(super) foreign_tables: Vec<TableName>,
    pub(super) roles: Vec<Role>,
    pub(super) extensions: Vec<String>,
    /// `ALTER DATABASE … SET`, as `name=value`.
    pub(super) settings: Vec<String>,
}

/// A table of the target.
#[derive(Debug, Deserialize)]
pub(super) struct Table {
    pub(super) name: TableName,
    partitioned: bool,
    /// An estimate; nothing where it was never analysed.
    pub(super) rows: Option<u64>,
    columns: Vec<Ident>,
}

/// A foreign key of the target.
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    table: TableName,
    columns: Vec<Ident>,
    far: TableName,
    far_columns: Vec<Ident>,
    far_types: Vec<String>,
}

/// A sequence of the target.
#[derive(Debug, Deserialize)]
struct Sequence {
    name: TableName,
    last: Option<i64>,
    column: Option<(Ident, Ident, Ident)>,
}

/// A role of the target's server.
#[derive(Debug, Deserialize)]
pub(super) struct Role {
    name: Ident,
    superuser: bool,
    bypasses: bool,
}

#[cfg(test)]
impl Schema {
    /// Tables of these names and nothing else.
    fn of(names: &[&str]) -> Self {
        let tables = names.iter().map(|name| Table {
            name: TableName::new("public", *name),
            partitioned: false,
            rows: None,
            columns: vec![],
        });
        Self {
            tables: tables.collect(),
            references: vec![],
            sequences: vec![],
            materialized: vec![],
            foreign_tables: vec![],
            roles: vec![],
            extensions: vec![],
            settings: vec![],
        }
    }
}

/// Where the rows of a table in the copy come from.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Copied {
    pub(super) table: String,
    /// Rows in the target, by its statistics.
    pub(super) rows_in_target: Option<u64>,
    /// Rows in the copy.
    pub(super) rows: u64,
    /// `sampled`, `whole`, `made up`, `none`.
    pub(super) how: &'static str,
    /// Rows that came along because others refer to them.
    pub(super) for_references: u64,
    /// Why there are none, where some were to be made up.
    pub(super) why: Option<String>,
}

/// Copies schema and rows; says of each table where its rows come from.
pub(super) async fn copy(
    source: Source,
    dump: &Dump,
    schema: &Schema,
    to: &mut PgConnection,
    own_cluster: bool,
    amount: Amount,
    screen: &Screen,
) -> Result<Vec<Copied>, Failure> {
    let mut source = source;
    screen.doing("copying the schema");
    stand_ins::make(to, schema, own_cluster).await?;
    dump.restore(to, dump::Section::Before).await?;
    let mut copied = match amount {
        Amount::Rows(_) | Amount::Percent(_) => {
            let mut copied = rows::copy(&mut source, schema, to, amount, screen).await?;
            closure::close(&mut source, schema, to, &mut copied, screen).await?;
            copied
        }
        Amount::MadeUp(_) | Amount::None => schema.tables.iter().map(none).collect(),
    };
    sequences::set(to, &schema.sequences).await?;
    let statistics = match amount {
        Amount::MadeUp(_) => made_up::statistics(&mut source).await?,
        _ => made_up::Statistics::default(),
    };
    // Ends the transaction on the target: nothing of ours holds back its vacuum while we work.
    drop(source);
    screen.doing("indexes and constraints of the copy");
    dump.restore(to, dump::Section::After).await?;
    made_up::fill(to, schema, &mut copied, amount, &statistics, screen).await?;
    sequences::catch_up(to, &schema.sequences).await?;
    for view in &schema.materialized {
        // One that cannot be computed from the rows of a copy stays as it came: empty.
        let _ = run(to, &format!("REFRESH MATERIALIZED VIEW {view}")).await;
    }
    run(to, "ANALYZE")
        .await
        .map_err(|error| super::failed("analysing the copy", error))?;
    if !schema.foreign_tables.is_empty() {
        screen.line(&format!(
            "  foreign tables are copied without a row: {}",
            turnback_core::name::list(&schema.foreign_tables)
        ));
    }
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    screen.told(&format!(
        "{} tables copied with {} rows",
        schema.tables.len(),
        count(rows)
    ));
    Ok(copied)
}

fn none(table: &Table) -> Copied {
    Copied {
        table: table.name.to_string(),
        rows_in_target: table.rows,
        rows: 0,
        how: "none",
        for_references: 0,
        why: None,
    }
}

/// Runs statements as they stand.
pub(super) async fn run(to: &mut PgConnection, sql: &str) -> Result<u64, sqlx::Error> {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(to)
        .await
        .map(|done| done.rows_affected())
}
