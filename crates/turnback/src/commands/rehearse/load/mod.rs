//! Clients of every shape that write to the tables that a plan touches, and the comparison of
//! what was acknowledged to them with what is there.

mod bulk;
mod client;
mod compare;
mod control;
mod fresh;
mod model;
mod naming;
mod probe;
mod recipe;
mod roots;
mod stats;
#[cfg(test)]
mod tests;
mod traffic;

pub(super) use self::compare::{Compared, Open};
pub(super) use self::naming::Side;
pub(super) use self::recipe::Recipe;
pub(super) use self::stats::Felt;
pub(super) use self::traffic::{Kind, Traffic, make_room};

/// Where the rehearsal keeps what it must remember of the copy.
pub(super) const SCHEMA: &str = "turnback_rehearsal";

/// The `application_name` of the clients.
pub(super) const CLIENT: &str = "turnback-rehearsal-client";

/// Values of a row as text, in the order of its recipe's columns.
pub(super) type Values = Vec<Option<String>>;

/// A value as SQL; its type is that of the column it meets.
fn sql(value: &Option<String>) -> String {
    match value {
        Some(text) => turnback_core::name::literal(text),
        None => "NULL".to_owned(),
    }
}

/// Runs statements as they stand, by the simple protocol: every value comes as text.
async fn rows(connection: &mut sqlx::PgConnection, sql: &str) -> Result<Vec<Values>, sqlx::Error> {
    use sqlx::{Column, Row};
    let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            row.columns()
                .iter()
                .map(|column| row.try_get_unchecked(column.ordinal()))
                .collect()
        })
        .collect()
}
