//! Counts and sums the rows of a database.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::try_join_all;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use turnback_core::backup::{Contents, TableSum};
use turnback_core::name::{TableName, literal};

use super::error::BackupError;
use super::server::Server;
use super::tell::{Doing, Tell};
use crate::session::run;

const TABLES: &str = include_str!("tables.sql");

/// Rows as text are the same in every session, and a row that a policy hides is an error
/// rather than missing.
pub(super) const AS_TEXT: &str = "SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; \
     SET bytea_output = 'hex'; SET TimeZone = 'UTC'; SET lc_monetary = 'C'; SET row_security = off; \
     SET search_path = pg_catalog; SET quote_all_identifiers = off; SET xmloption = content; SET client_encoding = 'UTF8'";

/// Tables with rows of their own.
pub(super) async fn tables(session: &mut PgConnection) -> Result<Vec<TableName>, BackupError> {
    let doing = || BackupError::sql("looking for tables");
    let rows = sqlx::raw_sql(TABLES)
        .fetch_all(session)
        .await
        .map_err(doing())?;
    rows.iter()
        .map(|row| {
            let schema: String = row.try_get_unchecked("schema").map_err(doing())?;
            let name: String = row.try_get_unchecked("name").map_err(doing())?;
            Ok(TableName::new(schema.as_str(), name.as_str()))
        })
        .collect()
}

/// Counts and sums what one session sees, in whatever transaction it is.
pub(super) async fn of_session(
    session: &mut PgConnection,
    tell: Tell<'_>,
) -> Result<Contents, BackupError> {
    let names = tables(session).await?;
    let of = names.len() as u64;
    let mut sums = Vec::new();
    for table in names {
        sums.push(sum(session, &table).await?);
        tell(Doing::Counting {
            tables: sums.len() as u64,
            of,
        });
    }
    Ok(Contents {
        tables: sums,
        large_objects: large_objects(session).await?,
    })
}

/// Counts and sums a database that nobody writes to, over several sessions.
pub(super) async fn of_quiet(
    database: &Server,
    jobs: u32,
    tell: Tell<'_>,
) -> Result<Contents, BackupError> {
    let mut first = database.session().await?;
    run(&mut first, AS_TEXT)
        .await
        .map_err(BackupError::server("preparing to count rows"))?;
    let mut names = tables(&mut first).await?;
    let of = names.len() as u64;
    // Taken from the end.
    names.reverse();
    let queue = Mutex::new(names);
    let done = AtomicU64::new(0);
    let worker = async || {
        let mut session = database.session().await?;
        run(&mut session, AS_TEXT)
            .await
            .map_err(BackupError::server("preparing to count rows"))?;
        let mut sums = Vec::new();
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(table) = next else { break };
            sums.push(sum(&mut session, &table).await?);
            let tables = done.fetch_add(1, Ordering::Relaxed) + 1;
            tell(Doing::Counting { tables, of });
        }
        Ok::<_, BackupError>(sums)
    };
    let mut sums = try_join_all((0..jobs.max(1)).map(|_| worker()))
        .await?
        .concat();
    sums.sort_by(|a, b| a.table.cmp(&b.table));
    Ok(Contents {
        tables: sums,
        large_objects: large_objects(&mut first).await?,
    })
}

/// See [`TableSum::checksum`] for what the sum is.
pub(super) async fn sum(
    session: &mut PgConnection,
    table: &TableName,
) -> Result<TableSum, BackupError> {
    let doing = || BackupError::sql(format!("counting the rows of {table}"));
    let sql = format!(
        "SELECT count(*)::text AS rows, coalesce(sum(('x' || left(md5(ROW(x.*)::text), 16))::bit(64)::bigint), 0)::text AS checksum, \
           pg_total_relation_size({}::regclass)::text AS bytes FROM ONLY {table} AS x",
        literal(&table.to_string())
    );
    let row = sqlx::raw_sql(AssertSqlSafe(sql))
        .fetch_one(session)
        .await
        .map_err(doing())?;
    let of = |name| row.try_get_unchecked::<String, _>(name).map_err(doing());
    Ok(TableSum {
        table: table.clone(),
        rows: of("rows")?.parse().unwrap_or_default(),
        checksum: of("checksum")?,
        bytes: of("bytes")?.parse().unwrap_or_default(),
        steady: true,
    })
}

async fn large_objects(session: &mut PgConnection) -> Result<u64, BackupError> {
    let doing = || BackupError::sql("counting large objects");
    let row = sqlx::raw_sql("SELECT count(*)::text AS n FROM pg_catalog.pg_largeobject_metadata")
        .fetch_one(session)
        .await
        .map_err(doing())?;
    let n: String = row.try_get_unchecked("n").map_err(doing())?;
    Ok(n.parse().unwrap_or_default())
}
