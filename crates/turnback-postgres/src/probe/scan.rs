//! Counting rows, table by table: each in a transaction of its own, which gives up its lock.

use sqlx::AssertSqlSafe;
use turnback_core::guard::Value;

use super::failure::Failure;
use super::lane::Session;

/// What counts the rows of one object that are wrong; none where there can be none.
pub(super) struct Count {
    pub(super) object: String,
    pub(super) sql: Option<String>,
}

/// Counts for each object.
///
/// Row security that hides rows from the role is refused by the server rather than obeyed: what
/// is not seen is not known to be right.
pub(super) async fn all(
    session: &mut Session<'_>,
    counts: Vec<Count>,
) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::new();
    for Count { object, sql } in counts {
        let wrong: i64 = match sql {
            Some(sql) => {
                session.begin("SET LOCAL row_security = off").await?;
                let wrong = sqlx::query_scalar(AssertSqlSafe(sql))
                    .persistent(false)
                    .fetch_one(&mut **session)
                    .await
                    .map_err(|error| Failure::from(error).about(&object))?;
                session.commit().await?;
                wrong
            }
            None => 0,
        };
        values.push(Value {
            object: Some(object),
            value: wrong as f64,
        });
    }
    Ok(values)
}
