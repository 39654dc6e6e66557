//! The two shapes compared: rows in which they do not agree, and new keys that stand twice.

use std::collections::BTreeMap;

use turnback_core::name::{Ident, TableName};
use turnback_core::program::{Counterpart, Program};
use turnback_core::state::PhaseState;

use super::failure::Failure;
use super::scan::Count;
use super::standing::{Names, Standing};

/// For each table the rows in which the shapes do not agree: a key without its counterpart, or a
/// reference that names another row than its counterpart. Rows that are still to be filled, or
/// whose new shape is on its way out, are left out; a table with one shape alone has none.
///
/// # Errors
///
/// When a column is missing that must be there.
pub(super) fn disagreement(standing: &Standing, program: &Program) -> Result<Vec<Count>, Failure> {
    known(program)?;
    let mut tables: BTreeMap<&TableName, Vec<&Counterpart>> = BTreeMap::new();
    for counterpart in &program.counterparts {
        tables
            .entry(&counterpart.table)
            .or_default()
            .push(counterpart);
    }
    tables
        .into_iter()
        .map(|(table, columns)| {
            Ok(Count {
                object: table.to_string(),
                sql: disagreeing(standing, table, &columns)?,
            })
        })
        .collect()
}

/// For each table the new keys that more than one of its rows has.
///
/// # Errors
///
/// When a column is missing that must be there.
pub(super) fn duplicate_keys(
    standing: &Standing,
    program: &Program,
) -> Result<Vec<Count>, Failure> {
    known(program)?;
    let keys = program
        .counterparts
        .iter()
        .filter(|counterpart| counterpart.refers_to.is_none());
    keys.map(|Counterpart { table, column, .. }| {
        // Once contracted, the new shape is all there is.
        let new = match names(standing, table, column)? {
            Some((_, new)) => Some(new),
            None => (standing.state == PhaseState::Contracted).then(|| column.clone()),
        };
        Ok(Count {
            object: format!("{table}.{column}"),
            sql: new.map(|new| {
                format!(
                    "SELECT /* turnback */ count(*) FROM (SELECT FROM {} t WHERE t.{new} IS NOT NULL \
                     GROUP BY t.{new} HAVING count(*) > 1) twice",
                    standing.rows_of(table)
                )
            }),
        })
    })
    .collect()
}

fn disagreeing(
    standing: &Standing,
    table: &TableName,
    columns: &[&Counterpart],
) -> Result<Option<String>, Failure> {
    let strict = standing.state.both_shapes_live();
    let mut wrong = Vec::new();
    let mut joins = String::new();
    for (number, counterpart) in columns.iter().enumerate() {
        let Some((old, new)) = names(standing, table, &counterpart.column)? else {
            continue;
        };
        let mut differs = format!("(t.{old} IS NULL) <> (t.{new} IS NULL)");
        if let Some(key) = &counterpart.refers_to {
            let Some((key_old, key_new)) = names(standing, &key.table, &key.column)? else {
                continue;
            };
            let k = format!("k{number}");
            let beside = key
                .beside
                .iter()
                .map(|(near, far)| format!(" AND {k}.{far} = t.{near}"))
                .collect::<String>();
            joins.push_str(&format!(
                " LEFT JOIN {} {k} ON {k}.{key_new} = t.{new}{beside}",
                standing.rows_of(&key.table)
            ));
            differs = format!("({differs} OR t.{old} IS DISTINCT FROM {k}.{key_old})");
        }
        if !strict {
            differs = format!("(t.{new} IS NOT NULL AND {differs})");
        }
        wrong.push(differs);
    }
    Ok((!wrong.is_empty()).then(|| {
        format!(
            "SELECT /* turnback */ count(*) FROM {} t{joins} WHERE {}",
            standing.rows_of(table),
            wrong.join(" OR ")
        )
    }))
}

/// The old and the new column; none where there is only one shape, as there should be.
fn names(
    standing: &Standing,
    table: &TableName,
    column: &Ident,
) -> Result<Option<(Ident, Ident)>, Failure> {
    match standing.names(table, column) {
        Names::Both { old, new } => Ok(Some((old, new))),
        Names::NotBoth if !standing.state.both_shapes_live() => Ok(None),
        Names::NotBoth => Err(Failure::new(format!(
            "column {table}.{column} should be there in both shapes, and is not: somebody has changed the table by hand. \
             `turnback repair` says what is missing"
        ))),
    }
}

fn known(program: &Program) -> Result<(), Failure> {
    if program.counterparts.is_empty() && !program.columns.is_empty() {
        return Err(Failure::new(
            "this phase was begun by an earlier build, which did not note what its shapes are compared by",
        ));
    }
    Ok(())
}
