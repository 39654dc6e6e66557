//! Cut over: one transaction that swaps names, so that `public` shows the new shape.
//!
//! Views follow attribute numbers, so the version schemas survive it untouched. PL/pgSQL
//! refers to fields by name, so the sync functions are replaced in the same transaction.

use super::constraints::{deferrable, stands_on_partitioned_key, touched_foreign_keys};
use super::parts::{
    add_family_key, add_not_valid, drop_everywhere, family_comments, make_whole, none_detached,
    part_comments, rename_family, rename_parts, with_parts,
};
use super::swap::Swap;
use super::{Era, Room, Shape, indexes, policies, transaction, views};
use crate::name::{Ident, TableName, literal};
use crate::schema::{Constraint, ConstraintKind, Index};
use crate::step::Step;

pub(super) fn step(room: &Room<'_>) -> Step {
    let phase = room.phase();
    let mut statements = Vec::new();
    // The old foreign keys stand on the old primary key: they go first, and come back below.
    for (table, constraint, far) in touched_foreign_keys(room) {
        statements.extend(none_detached(room, table, constraint));
        statements.push(room.if_partition(
            table,
            &format!("ALTER TABLE {table} DROP CONSTRAINT {}", constraint.name),
        ));
        if stands_on_partitioned_key(room, far) {
            statements.extend(drop_everywhere(room, table, constraint, &|name| {
                name.new_shape_of(phase)
            }));
        }
    }
    for (table, key, _) in constraint_indexes(room).filter(|(_, key, _)| is_primary(key)) {
        statements.push(room.if_partition(
            table,
            &format!("ALTER TABLE {table} DROP CONSTRAINT {}", key.name),
        ));
    }
    statements.extend(Swap::ToNew.columns(room));
    for (table, key, index) in constraint_indexes(room) {
        let new_index = index.name.new_shape_of(phase);
        if room.is_partitioned(table) {
            if is_primary(key) {
                let names = (Era::AfterCutOver, Shape::New);
                statements.extend(add_family_key(room, table, key, index, names));
            } else {
                statements.extend(rename_family(room, table, key, Swap::ToNew));
            }
            statements.extend(family_comments(room, table, key, index));
            continue;
        }
        let mut of_table = Vec::new();
        if !is_primary(key) {
            of_table.push(rename_constraint(
                table,
                &key.name,
                &key.name.old_shape_of(phase),
            ));
        }
        of_table.push(if indexes::is_deferrable_unique(key) {
            rename_constraint(table, &new_index, &key.name)
        } else {
            add_key(table, key, &new_index)
        });
        of_table.extend(comments(table, key, index));
        statements.extend(of_table.iter().map(|one| room.if_partition(table, one)));
    }
    statements.extend(Swap::ToNew.plain_indexes(room));
    statements.extend(Swap::ToNew.statistics(room));
    statements.extend(marks(room));
    statements.extend(Swap::ToNew.checks(room));
    for (table, constraint, far) in touched_foreign_keys(room) {
        if stands_on_partitioned_key(room, far) {
            statements.extend(add_not_valid(
                room,
                (table, constraint, far),
                &|name| name.clone(),
                (Era::AfterCutOver, Shape::New),
            ));
        } else {
            let plain = |name: &Ident| (name.new_shape_of(phase), name.clone());
            statements.extend(rename_parts(room, table, constraint, &plain));
        }
        statements.extend(part_comments(room, table, constraint));
        // Not validated: enforced for what is written from now on. `settle` validates it.
        statements.extend(add_not_valid(
            room,
            (table, constraint, far),
            &|name| name.old_shape_of(phase),
            (Era::AfterCutOver, Shape::Old),
        ));
    }
    statements.extend(Swap::ToNew.functions(room));
    statements.extend(views::swap(room));
    statements.extend(policies::cut_over(room));
    transaction(
        "cut_over".to_owned(),
        format!(
            "make the new shape the default: swap names in {} tables",
            room.conversion.tables.len()
        ),
        views::locks_forward(room),
        statements,
        Swap::ToNew.done_when(room),
    )
}

/// After the cut-over, online: the old foreign keys are validated, so that the way back finds
/// them whole.
pub(super) fn settle(room: &Room<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for foreign_key in touched_foreign_keys(room) {
        if stands_on_partitioned_key(room, foreign_key.2) {
            let plain = |name: &Ident| name.clone();
            steps.extend(make_whole(
                room,
                foreign_key,
                &plain,
                (Era::AfterCutOver, Shape::New),
            ));
        }
        let old = |name: &Ident| name.old_shape_of(room.phase());
        steps.extend(make_whole(
            room,
            foreign_key,
            &old,
            (Era::AfterCutOver, Shape::Old),
        ));
    }
    steps
}

/// Primary keys and unique constraints with a touched column, each with its index.
pub(super) fn constraint_indexes<'a>(
    room: &'a Room<'_>,
) -> impl Iterator<Item = (&'a TableName, &'a Constraint, &'a Index)> {
    room.relations().flat_map(move |name| {
        let table = room.table(name);
        table
            .constraints
            .iter()
            .filter_map(move |constraint| match &constraint.kind {
                ConstraintKind::PrimaryKey { index } | ConstraintKind::Unique { index }
                    if !constraint.name.is_aside() =>
                {
                    let index = table.index(index)?;
                    let touched = index.parent.is_none()
                        && room
                            .conversion
                            .columns_of(name)
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
    room.relations().flat_map(move |table| {
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

pub(super) fn rename_index(room: &Room<'_>, table: &TableName, from: &Ident, to: &Ident) -> String {
    let rename = format!("ALTER INDEX {} RENAME TO {to}", table.sibling(from.clone()));
    room.if_partition(table, &rename)
}

/// The marks of `CLUSTER` and of the replica identity go with the index's name.
pub(super) fn marks(room: &Room<'_>) -> Vec<String> {
    let mut statements = Vec::new();
    for table in room.relations() {
        for (member, index) in
            indexes::touched(room, table).flat_map(|index| with_parts(room, table, index))
        {
            let name = &index.name;
            if index.clustered {
                let mark = format!("ALTER TABLE {member} CLUSTER ON {name}");
                statements.push(room.if_partition(member, &mark));
            }
            if index.replica_identity {
                let mark = format!("ALTER TABLE {member} REPLICA IDENTITY USING INDEX {name}");
                statements.push(room.if_partition(member, &mark));
            }
        }
    }
    statements
}
