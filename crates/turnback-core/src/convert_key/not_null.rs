//! `NOT NULL` of the new columns. From PostgreSQL 18 on it is a constraint with a name, which
//! somebody may have chosen: the new column gets it when the old one goes.

use super::Room;
use super::cut_over::{constraint_comment, rename_constraint};
use crate::name::{Ident, TableName};
use crate::schema::{Constraint, ConstraintKind};

/// The constraint behind a column's `NOT NULL`, where the server knows one.
fn constraint_of<'a>(
    room: &'a Room<'_>,
    table: &TableName,
    column: &Ident,
) -> Option<&'a Constraint> {
    room.table(table).constraints.iter().find(|constraint| {
        constraint.kind == ConstraintKind::NotNull && constraint.columns == [column.clone()]
    })
}

/// Makes the new column `NOT NULL`.
pub(super) fn set(room: &Room<'_>, table: &TableName, column: &Ident) -> String {
    let new = column.new_shape();
    match constraint_of(room, table, column) {
        Some(constraint) => format!(
            "ALTER TABLE {table} ADD CONSTRAINT {} NOT NULL {new}",
            constraint.name.new_shape_of(room.phase())
        ),
        None => format!("ALTER TABLE {table} ALTER COLUMN {new} SET NOT NULL"),
    }
}

/// Gives the new columns' constraints the names that the old ones had, which are gone.
pub(super) fn take_names(room: &Room<'_>, table: &TableName) -> Vec<String> {
    room.conversion.tables[table]
        .iter()
        .filter(|column| column.not_null)
        .filter_map(|column| constraint_of(room, table, &column.name))
        .flat_map(|constraint| {
            let made = constraint.name.new_shape_of(room.phase());
            std::iter::once(rename_constraint(table, &made, &constraint.name))
                .chain(constraint_comment(table, constraint))
        })
        .collect()
}
