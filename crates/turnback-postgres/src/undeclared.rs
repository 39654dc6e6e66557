//! Looks at the values of references that no foreign key declares: a few of them, and not for long.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use turnback_core::undeclared::{LeadsTo, Seen, Undeclared};

/// A look reads, and stands in nobody's way.
const SETTINGS: &str = "SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '1s'; SET LOCAL lock_timeout = '100ms'";

/// SQLSTATEs that say that nobody could look: out of time, a missing right, a table that is locked.
const NOT_SEEN: [&str; 3] = ["57014", "42501", "55P03"];

/// How long all looks may take together: what is left then is not looked at.
const IN_ALL: Duration = Duration::from_secs(10);

/// What the values of each of these references show; `None` where nobody could look in time, or
/// may.
///
/// # Errors
///
/// When the connection fails, or is inside a transaction already.
pub async fn seen(
    connection: &mut PgConnection,
    references: &[Undeclared],
) -> Result<Vec<Option<Seen>>, sqlx::Error> {
    let begun = Instant::now();
    let mut seen = Vec::with_capacity(references.len());
    for reference in references {
        seen.push(if begun.elapsed() < IN_ALL {
            look(connection, reference).await?
        } else {
            None
        });
    }
    Ok(seen)
}

async fn look(
    connection: &mut PgConnection,
    reference: &Undeclared,
) -> Result<Option<Seen>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::raw_sql(SETTINGS).execute(&mut *transaction).await?;
    let looked = match &reference.leads_to {
        LeadsTo::Table { .. } => sqlx::query_as::<_, (i64, i64)>(AssertSqlSafe(sql(reference)))
            .fetch_one(&mut *transaction)
            .await
            .map(|(looked, found)| Seen::Values {
                looked: looked.unsigned_abs(),
                found: found.unsigned_abs(),
            }),
        LeadsTo::Any { kind, .. } => sqlx::query_scalar::<_, String>(AssertSqlSafe(sql(reference)))
            .bind(reference.table.schema.as_str())
            .bind(reference.table.name.as_str())
            .bind(kind.as_str())
            .fetch_all(&mut *transaction)
            .await
            .map(|kinds| Seen::Kinds(kinds.into_iter().collect())),
    };
    transaction.rollback().await?;
    match looked {
        Ok(seen) => Ok(Some(seen)),
        Err(sqlx::Error::Database(error))
            if error
                .code()
                .is_some_and(|code| NOT_SEEN.contains(&code.as_ref())) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The question for one reference. What kinds there are, statistics know of the whole table.
fn sql(reference: &Undeclared) -> String {
    let (from, column) = (&reference.table, &reference.column);
    match &reference.leads_to {
        LeadsTo::Table { table, key } => {
            let value = if reference.is_list {
                format!("unnest({column})")
            } else {
                column.to_string()
            };
            format!(
                "SELECT count(*), count(far.{key})
                   FROM (SELECT {value} AS value FROM {from} WHERE {column} IS NOT NULL LIMIT 1000) near
                   LEFT JOIN {table} far ON far.{key} = near.value
                  WHERE near.value IS NOT NULL"
            )
        }
        LeadsTo::Any { kind, .. } => format!(
            "SELECT DISTINCT kind
               FROM (SELECT {kind}::text
                       FROM (SELECT {kind} FROM {from}
                              WHERE {column} IS NOT NULL AND {kind} IS NOT NULL LIMIT 10000) sample
                      UNION ALL
                     SELECT unnest(most_common_vals::text::text[]) FROM pg_stats
                      WHERE (schemaname, tablename, attname) = ($1, $2, $3)) AS known (kind)
              WHERE kind IS NOT NULL
              LIMIT 200"
        ),
    }
}
