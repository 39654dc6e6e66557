//! A store copied into another one, of the same kind or not: every table, row by row.

use sqlx::AssertSqlSafe;
use turnback_core::chain::Verification;
use turnback_engine::error::JournalError;

use crate::ControlStore;
use crate::chain::highest;
use crate::database::{Dialect, Kind, Row, Transaction, sql};
use crate::journal::failed;

/// Rows that are read at a time, where a table is numbered.
const AT_A_TIME: i64 = 1000;

/// Tables that are each store's own: what it is, and who leads.
const OWN: [&str; 4] = [
    "version",
    "journal_highest",
    "sqlite_sequence",
    "controller",
];

/// What was copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Copied {
    /// Tables that had rows.
    pub tables: u64,
    /// Their rows.
    pub rows: u64,
    /// What the journal is like, in both alike: copied as it was found, whole or not.
    pub journal: Verification,
}

impl ControlStore {
    /// Copies all of this store, of every plan, into another one with nothing in it: in one
    /// transaction, as it is at one moment.
    ///
    /// # Errors
    ///
    /// When this one cannot be read or the other not be written, or the other holds something
    /// already; then nothing was copied.
    pub async fn copy_to(&self, other: &Self) -> Result<Copied, JournalError> {
        let mut from = self.database.look().await.map_err(failed)?;
        let mut to = other.writing().await.map_err(failed)?;
        let dialects = (self.database.dialect(), other.database.dialect());
        let tables = tables(&mut from, dialects.0).await.map_err(failed)?;
        for table in &tables {
            let rows =
                format!("SELECT count(*) AS rows FROM (SELECT 1 FROM {table} LIMIT 1) AS any_row");
            let row = to.one(sql(AssertSqlSafe(rows))).await.map_err(failed)?;
            if row.get::<i64>("rows").map_err(failed)? > 0 {
                return Err(JournalError(format!(
                    "there is something in it already (table {table}), and nothing was copied"
                )));
            }
        }
        let mut copied = (0, 0);
        for table in &tables {
            let rows = copy(&mut from, &mut to, table, dialects.1)
                .await
                .map_err(failed)?;
            copied = (copied.0 + u64::from(rows > 0), copied.1 + rows);
        }
        let last = highest(&mut from, dialects.0).await.map_err(failed)?;
        keep_highest(&mut to, dialects.1, last)
            .await
            .map_err(failed)?;
        to.commit().await.map_err(failed)?;
        from.commit().await.map_err(failed)?;
        Ok(Copied {
            tables: copied.0,
            rows: copied.1,
            journal: other.verify(None).await?,
        })
    }
}

/// Every table, in the order in which they were made: a reference comes after what it leads to.
async fn tables(from: &mut Transaction, dialect: Dialect) -> Result<Vec<String>, sqlx::Error> {
    let names = match dialect {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' \
             ESCAPE '!' ORDER BY rowid"
        }
        Dialect::Postgres => {
            "SELECT relname::text AS name FROM pg_class \
             WHERE relnamespace = 'turnback_control'::regnamespace AND relkind = 'r' ORDER BY oid"
        }
    };
    let mut tables = Vec::new();
    for row in from.all(sql(names)).await? {
        let name: String = row.get("name")?;
        if !OWN.contains(&name.as_str()) {
            tables.push(name);
        }
    }
    Ok(tables)
}

/// The columns of a table, and what each takes. `rowid` is the order of rows, which SQLite has by
/// itself.
async fn columns(
    to: &mut Transaction,
    table: &str,
    dialect: Dialect,
) -> Result<Vec<(String, Kind)>, sqlx::Error> {
    let columns = match dialect {
        Dialect::Sqlite => "SELECT name, type AS kind FROM pragma_table_info($1) ORDER BY cid",
        Dialect::Postgres => {
            "SELECT attname::text AS name, atttypid::regtype::text AS kind \
             FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 \
             AND NOT attisdropped AND attname <> 'rowid' ORDER BY attnum"
        }
    };
    let rows = to.all(sql(columns).bind(table)).await?;
    let column = |row: &Row| {
        let kind = match row.get::<String>("kind")?.as_str() {
            "TEXT" | "text" => Kind::Text,
            "boolean" => Kind::Truth,
            _ => Kind::Integer,
        };
        Ok((row.get("name")?, kind))
    };
    rows.iter().map(column).collect()
}

async fn copy(
    from: &mut Transaction,
    to: &mut Transaction,
    table: &str,
    dialect: Dialect,
) -> Result<u64, sqlx::Error> {
    let columns = columns(to, table, dialect).await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let places: Vec<String> = (1..=names.len()).map(|place| format!("${place}")).collect();
    let listed = names.join(", ");
    let insert = format!(
        "INSERT INTO {table} ({listed}) VALUES ({})",
        places.join(", ")
    );
    let numbered = names.contains(&"number");
    let select = match (numbered, table) {
        (true, _) => format!(
            "SELECT {listed} FROM {table} WHERE number > $1 ORDER BY number LIMIT {AT_A_TIME}"
        ),
        (false, "escalation") => format!("SELECT {listed} FROM {table} ORDER BY rowid"),
        (false, _) => format!("SELECT {listed} FROM {table}"),
    };
    let (mut copied, mut last) = (0, 0_i64);
    loop {
        let mut page = sql(AssertSqlSafe(select.clone()));
        if numbered {
            page = page.bind(last);
        }
        let rows = from.all(page).await?;
        for row in &rows {
            let mut filled = sql(AssertSqlSafe(insert.clone()));
            for (place, (_, kind)) in columns.iter().enumerate() {
                filled = filled.bind(row.copied(place, *kind)?);
            }
            to.run(filled).await?;
            copied += 1;
        }
        match rows.last() {
            Some(row) if numbered => last = row.get("number")?,
            _ => break,
        }
    }
    let serial = "SELECT setval(pg_get_serial_sequence($1, 'number'), $2) \
                  WHERE pg_get_serial_sequence($1, 'number') IS NOT NULL";
    if dialect == Dialect::Postgres && last > 0 {
        let table = format!("turnback_control.{table}");
        to.all(sql(serial).bind(table).bind(last)).await?;
    }
    Ok(copied)
}

/// The highest number that an entry of the journal ever had.
async fn keep_highest(
    to: &mut Transaction,
    dialect: Dialect,
    highest: i64,
) -> Result<(), sqlx::Error> {
    let kept = match dialect {
        Dialect::Sqlite => "UPDATE sqlite_sequence SET seq = $1 WHERE name = 'journal'",
        Dialect::Postgres => "UPDATE journal_highest SET number = $1",
    };
    to.run(sql(kept).bind(highest)).await.map(drop)
}
