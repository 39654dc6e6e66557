//! The end of expand: both shapes must say the same before anyone depends on the new one.

use super::{
    Room,
    touched::{Key, TouchedColumn},
};
use crate::name::TableName;
use crate::step::{Check, Step, Work};

pub(super) fn step(room: &Room<'_>) -> Step {
    let mut checks: Vec<Check> = room
        .conversion
        .columns()
        .map(|(table, column)| {
            if column.is_key {
                unique(table, column)
            } else {
                agree(room, table, column)
            }
        })
        .collect();
    checks.extend(room.conversion.keys.iter().filter_map(one_row));
    Step {
        id: "verify".to_owned(),
        title: "compare both shapes: no key missing, none twice, every reference the same row"
            .to_owned(),
        work: Work::Verify { checks },
        done_when: vec![],
    }
}

/// Before anything is changed: nothing in the catalog says that a value of a partitioned
/// table's key stands for one row.
pub(super) fn one_row_each(room: &Room<'_>) -> Vec<Step> {
    room.conversion
        .keys
        .iter()
        .filter_map(|key| {
            Some(Step {
                id: format!("one_row.{}.{}", key.table, key.column),
                title: format!(
                    "see that no two rows of {} share their {}",
                    key.table, key.column
                ),
                work: Work::Verify {
                    checks: vec![one_row(key)?],
                },
                done_when: vec![],
            })
        })
        .collect()
}

fn one_row(key: &Key) -> Option<Check> {
    (!key.beside.is_empty()).then(|| Check {
        promise: format!("no two rows of {} share their {}", key.table, key.column),
        sql: format!(
            "SELECT count(*) FROM (SELECT t.{column} FROM {table} t GROUP BY t.{column} HAVING count(t.{column}) > 1) twice",
            column = key.column,
            table = key.table
        ),
    })
}

fn unique(table: &TableName, column: &TouchedColumn) -> Check {
    let new = column.name.new_shape();
    Check {
        promise: format!("every row of {table} has a new key of its own"),
        // Two keys alike are ruled out by the unique index; a missing one by NOT NULL.
        sql: format!(
            "SELECT count(*) FROM {table} t WHERE (t.{new} IS NULL) <> (t.{} IS NULL)",
            column.name
        ),
    }
}

fn agree(room: &Room<'_>, table: &TableName, column: &TouchedColumn) -> Check {
    let key = room.conversion.key_of(column);
    let (old, new) = (&column.name, column.name.new_shape());
    Check {
        promise: format!(
            "{table}.{old} and its new column name the same row of {}",
            key.table
        ),
        sql: format!(
            "SELECT count(*) FROM {table} t LEFT JOIN {} k ON k.{} = t.{new}{} \
             WHERE t.{old} IS NOT NULL AND t.{old} IS DISTINCT FROM k.{}",
            key.table,
            key.column.new_shape(),
            super::fill::matching(column, "t"),
            key.column
        ),
    }
}
