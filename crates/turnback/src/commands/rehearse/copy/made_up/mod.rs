//! Rows made up from types, constraints and statistics, for those who want no row copied, and
//! for tables that would be empty: clients need rows to take after.

mod column;
mod insert;
mod value;

use sqlx::PgConnection;
use turnback_core::name::TableName;
use turnback_core::schema::{Snapshot, Table, TableKind};
use turnback_postgres::catalog;

use self::column::{Facts, facts};
pub(super) use self::column::{Statistics, statistics};
use self::insert::{Insert, connect_cycles, holds};
use super::{Amount, Copied, Schema, run};
use crate::commands::rehearse::failed;
use crate::commands::rehearse::screen::Screen;
use crate::failure::Failure;

/// Rows of a table that would be empty.
const FEW: u64 = 40;
/// A table is tried with other values so often.
const TRIES: usize = 12;

/// Fills every table that is empty, parents before children.
pub(super) async fn fill(
    to: &mut PgConnection,
    schema: &Schema,
    copied: &mut [Copied],
    amount: Amount,
    statistics: &Statistics,
    screen: &Screen,
) -> Result<(), Failure> {
    if copied.iter().all(|table| table.rows > 0) {
        return Ok(());
    }
    let snapshot = catalog::snapshot(to)
        .await
        .map_err(|error| failed("looking at the copy", error))?;
    let facts = facts(to).await?;
    // The user's triggers are not asked about rows that were there before any client; in a
    // database where we may not say so, they are.
    let _ = run(to, "SET session_replication_role = replica").await;
    for name in order(&snapshot, schema) {
        let Some(copied) = copied
            .iter_mut()
            .find(|c| c.table == name.to_string() && c.rows == 0)
        else {
            continue;
        };
        let Some(table) = snapshot.tables.get(&name) else {
            continue;
        };
        screen.doing(&format!("making up rows of {name}"));
        let rows = match amount {
            Amount::MadeUp(most) => copied
                .rows_in_target
                .unwrap_or(most)
                .clamp(FEW.min(most), most),
            _ => FEW,
        };
        match fill_one(to, &snapshot, &name, table, rows, &facts, statistics).await {
            Ok(rows) => {
                copied.rows = rows;
                copied.how = "made up";
            }
            Err(why) => copied.why = Some(why),
        }
    }
    for (name, table) in &snapshot.tables {
        let is_made_up = |c: &&Copied| c.how == "made up" && c.table == name.to_string();
        if copied.iter().find(is_made_up).is_some() {
            connect_cycles(to, name, table).await;
        }
    }
    run(to, "RESET session_replication_role")
        .await
        .map_err(|error| failed("having made up rows", error))?;
    Ok(())
}

/// Tries until the constraints are content; the error is a sentence for people.
async fn fill_one(
    to: &mut PgConnection,
    snapshot: &Snapshot,
    name: &TableName,
    table: &Table,
    rows: u64,
    facts: &Facts,
    statistics: &Statistics,
) -> Result<u64, String> {
    if table.kind == TableKind::Foreign {
        return Err("it is a foreign table".to_owned());
    }
    let mut insert = Insert::new(to, snapshot, name, table, rows).await?;
    let mut last = String::new();
    for _ in 0..TRIES {
        let sql = insert.sql(facts, statistics);
        match run(to, &sql).await {
            Ok(0) => return Err("a trigger or a rule keeps them out".to_owned()),
            Ok(made) if holds(to, name, table).await => return Ok(made),
            Ok(_) => {
                run(to, &format!("DELETE FROM {name}"))
                    .await
                    .map_err(|error| error.to_string())?;
                return Err("no parents were found that all its references agree on".to_owned());
            }
            Err(error) => {
                last = match error.as_database_error() {
                    Some(error) => error.message().to_owned(),
                    None => error.to_string(),
                };
                if !insert.learn(&error, facts) {
                    break;
                }
            }
        }
    }
    Err(last)
}

/// Parents first; where tables refer to each other in a circle, those first whose references
/// may be null.
fn order(snapshot: &Snapshot, schema: &Schema) -> Vec<TableName> {
    let mut left: Vec<&TableName> = schema.tables.iter().map(|table| &table.name).collect();
    let mut ordered: Vec<TableName> = Vec::new();
    while !left.is_empty() {
        let waits_for = |name: &TableName, needed_only: bool| {
            let Some(table) = snapshot.tables.get(name) else {
                return false;
            };
            table.foreign_keys().any(|(constraint, far)| {
                let is_needed = constraint
                    .columns
                    .iter()
                    .all(|column| table.column(column).is_some_and(|column| column.not_null));
                &far.table != name && left.contains(&&far.table) && (is_needed || !needed_only)
            })
        };
        let next = left
            .iter()
            .position(|name| !waits_for(name, false))
            .or_else(|| left.iter().position(|name| !waits_for(name, true)))
            .unwrap_or(0);
        ordered.push(left.remove(next).clone());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_come_before_children_and_nothing_is_left_out() {
        let schema = Schema::of(&["child", "parent"]);
        assert_eq!(order(&Snapshot::default(), &schema).len(), 2);
    }
}
