//! Cut over: one transaction that swaps names, so that `public` shows the new shape.
//!
//! Views follow attribute numbers, so the version schemas survive it untouched. PL/pgSQL
//! refers to fields by name, so the sync functions are replaced in the same transaction.

use super::constraints::{
    add_foreign_key, deferrable, touched_checks, touched_foreign_keys, validate,
};
use super::{
    Era, Room, Shape, indexes, own_functions, policies, statistics, sync, transaction, views,
};
use crate::fact::Fact;
use crate::name::{Ident, TableName, literal};
use crate::schema::{Constraint, ConstraintKind, Index};
use crate::step::Step;

pub(super) fn step(room: &Room<'_>) -> Step {
    let phase = room.phase();
    let mut statements = Vec::new();
    // The old foreign keys stand on the old primary key: they go first, and come back below.
    for (table, constraint, _) in touched_foreign_keys(room) {
        statements.push(format!(
            "ALTER TABLE {table} DROP CONSTRAINT {}",
            constraint.name
        ));
    }
    for (table, key, _) in constraint_indexes(room).filter(|(_, key, _)| is_primary(key)) {
        statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT {}", key.name));
    }
    for (table, column) in room.conversion.columns() {
        let name = &column.name;
        statements.push(format!(
            "ALTER TABLE {table} RENAME COLUMN {name} TO {}",
            name.old_shape()
        ));
        statements.push(format!(
            "ALTER TABLE {table} RENAME COLUMN {} TO {name}",
            name.new_shape()
        ));
    }
    for (table, key, index) in constraint_indexes(room) {
        let new_index = index.name.new_shape_of(phase);
        if !is_primary(key) {
            statements.push(rename_constraint(
                table,
                &key.name,
                &key.name.old_shape_of(phase),
            ));
        }
        statements.push(if indexes::is_deferrable_unique(key) {
            rename_constraint(table, &new_index, &key.name)
        } else {
            add_key(table, key, &new_index)
        });
        statements.extend(comments(table, key, index));
    }
    for (table, index) in plain_indexes(room) {
        let (name, new, old) = (
            &index.name,
            index.name.new_shape_of(phase),
            index.name.old_shape_of(phase),
        );
        statements.push(rename_index(table, name, &old));
        statements.push(rename_index(table, &new, name));
        statements.extend(indexes::hangs_on(index, &table.sibling(name.clone())));
    }
    statements.extend(statistics::cut_over(room));
    statements.extend(marks(room));
    for table in room.conversion.tables.keys() {
        for (check, _) in touched_checks(room, table) {
            statements.push(rename_constraint(
                table,
                &check.name,
                &check.name.old_shape_of(phase),
            ));
            statements.push(rename_constraint(
                table,
                &check.name.new_shape_of(phase),
                &check.name,
            ));
            statements.extend(constraint_comment(table, check));
        }
    }
    for (table, constraint, far) in touched_foreign_keys(room) {
        statements.push(rename_constraint(
            table,
            &constraint.name.new_shape_of(phase),
            &constraint.name,
        ));
        statements.extend(constraint_comment(table, constraint));
        // Not validated: enforced for what is written from now on. `settle` validates it.
        let old = constraint.name.old_shape_of(phase);
        statements.push(add_foreign_key(
            room,
            table,
            constraint,
            far,
            &old,
            Era::AfterCutOver,
            Shape::Old,
        ));
    }
    statements.extend(functions(room, Era::AfterCutOver));
    statements.extend(own_functions::read_anew(room));
    statements.extend(views::swap(room));
    statements.extend(policies::cut_over(room));
    let done_when = room
        .conversion
        .columns()
        .map(|(table, column)| Fact::Column(table.clone(), column.name.old_shape()))
        .collect();
    transaction(
        "cut_over".to_owned(),
        format!(
            "make the new shape the default: swap names in {} tables",
            room.conversion.tables.len()
        ),
        views::locks_forward(room),
        statements,
        done_when,
    )
}

/// After the cut-over, online: the old foreign keys are validated, so that the way back finds
/// them whole.
pub(super) fn settle(room: &Room<'_>) -> Vec<Step> {
    touched_foreign_keys(room)
        .into_iter()
        .map(|(table, constraint, _)| validate(table, &constraint.name.old_shape_of(room.phase())))
        .collect()
}

/// Primary keys and unique constraints with a touched column, each with its index.
pub(super) fn constraint_indexes<'a>(
    room: &'a Room<'_>,
) -> impl Iterator<Item = (&'a TableName, &'a Constraint, &'a Index)> {
    room.conversion.tables.keys().flat_map(move |name| {
        let table = room.table(name);
        table
            .constraints
            .iter()
            .filter_map(move |constraint| match &constraint.kind {
                ConstraintKind::PrimaryKey { index } | ConstraintKind::Unique { index }
                    if !constraint.name.is_aside() =>
                {
                    let index = table.index(index)?;
                    let touched = room.conversion.tables[name]
                        .iter()
                        .any(|c| index.reads.contains(&c.name));
                    touched.then_some((name, constraint, index))
                }
                _ => None,
            })
    })
}

/// Indexes with a touched column that no constraint owns.
pub(super) fn plain_indexes<'a>(
    room: &'a Room<'_>,
) -> impl Iterator<Item = (&'a TableName, &'a Index)> {
    room.conversion.tables.keys().flat_map(move |table| {
        indexes::touched(room, table)
            .filter(|index| !index.constraint)
            .map(move |index| (table, index))
    })
}

pub(super) fn is_primary(constraint: &Constraint) -> bool {
    matches!(constraint.kind, ConstraintKind::PrimaryKey { .. })
}

/// `ADD CONSTRAINT … USING INDEX`: the index takes the constraint's name.
pub(super) fn add_key(table: &TableName, key: &Constraint, index: &Ident) -> String {
    let kind = if is_primary(key) {
        "PRIMARY KEY"
    } else {
        "UNIQUE"
    };
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {} {kind} USING INDEX {index}{}",
        key.name,
        deferrable(key)
    )
}

/// Comments of a key constraint and its index.
pub(super) fn comments(table: &TableName, key: &Constraint, index: &Index) -> Vec<String> {
    constraint_comment(table, key)
        .into_iter()
        .chain(indexes::hangs_on(index, &table.sibling(key.name.clone())))
        .collect()
}

pub(super) fn constraint_comment(table: &TableName, constraint: &Constraint) -> Option<String> {
    constraint.comment.as_ref().map(|comment| {
        format!(
            "COMMENT ON CONSTRAINT {} ON {table} IS {}",
            constraint.name,
            literal(comment)
        )
    })
}

pub(super) fn rename_constraint(table: &TableName, from: &Ident, to: &Ident) -> String {
    format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}")
}

pub(super) fn rename_index(table: &TableName, from: &Ident, to: &Ident) -> String {
    format!("ALTER INDEX {} RENAME TO {to}", table.sibling(from.clone()))
}

/// The marks of `CLUSTER` and of the replica identity go with the index's name.
pub(super) fn marks(room: &Room<'_>) -> Vec<String> {
    let mut statements = Vec::new();
    for table in room.conversion.tables.keys() {
        for index in indexes::touched(room, table) {
            if index.clustered {
                statements.push(format!("ALTER TABLE {table} CLUSTER ON {}", index.name));
            }
            if index.replica_identity {
                statements.push(format!(
                    "ALTER TABLE {table} REPLICA IDENTITY USING INDEX {}",
                    index.name
                ));
            }
        }
    }
    statements
}

/// All sync functions by the names of an era.
pub(super) fn functions(room: &Room<'_>, era: Era) -> Vec<String> {
    room.conversion
        .tables
        .keys()
        .flat_map(|table| {
            sync::all(room, table)
                .iter()
                .map(|trigger| trigger.function(era))
                .collect::<Vec<_>>()
        })
        .collect()
}
