//! A query of the user's own.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Row};
use turnback_core::guard::{Reading, Value};

use super::failure::Failure;
use super::lane::Session;
use super::number::{name, number};

/// So many objects at most: beyond that, it is data that is being read, not numbers about it.
const MOST_OBJECTS: usize = 1_000;

/// Asks it, under a search path (`search_path = …`).
pub(super) async fn ask(
    session: &mut Session<'_>,
    question: &str,
    path: &str,
) -> Result<Reading, Failure> {
    session.begin(&format!("SET LOCAL {path}")).await?;
    let rows = rows(session, question).await?;
    session.commit().await?;
    reading(&rows)
}

async fn rows(session: &mut Session<'_>, question: &str) -> Result<Vec<PgRow>, Failure> {
    // Prepared, so that one statement is all there can be: the transaction stays read-only.
    let mut answer = sqlx::query(AssertSqlSafe(question.to_owned()))
        .persistent(false)
        .fetch(&mut **session);
    let mut rows = Vec::new();
    while let Some(row) = answer.try_next().await? {
        rows.push(row);
        if rows.len() > MOST_OBJECTS {
            return Err(Failure::new(format!(
                "the query gives more than {MOST_OBJECTS} rows: let it count or sum them up"
            )));
        }
    }
    Ok(rows)
}

fn reading(rows: &[PgRow]) -> Result<Reading, Failure> {
    let Some(first) = rows.first() else {
        return Ok(Reading::NoData);
    };
    match (first.len(), rows.len()) {
        (1, 1) => Ok(number(first, 0)?.map_or(Reading::NoData, Reading::single)),
        (1, _) => Err(Failure::new(
            "the query gives several rows of one column, which leaves open what each is about: give the object's name as text in a first column, or one row",
        )),
        (2, _) => objects(rows),
        (columns, _) => Err(Failure::new(format!(
            "the query gives {columns} columns: one with a number is expected, or two, an object's name as text and its number"
        ))),
    }
}

fn objects(rows: &[PgRow]) -> Result<Reading, Failure> {
    let mut seen = BTreeSet::new();
    let mut values = Vec::new();
    for row in rows {
        let object = name(row, 0)?;
        if !seen.insert(object.clone()) {
            return Err(Failure::new(format!(
                "the query names `{}` twice: one row for each object is expected",
                object.as_deref().unwrap_or("NULL")
            )));
        }
        // No number of one object says nothing of the others.
        if let Some(value) = number(row, 1)? {
            values.push(Value { object, value });
        }
    }
    Ok(Reading::of(values))
}
