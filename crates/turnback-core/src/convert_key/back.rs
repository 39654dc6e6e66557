//! The way back until contract: one transaction that swaps the names back, catalog only;
//! then the new shape is dropped, table by table.

use super::constraints::{touched_checks, touched_foreign_keys, validate};
use super::cut_over::{
    add_key, comments, constraint_comment, constraint_indexes, functions, is_primary, marks,
    plain_indexes, rename_constraint, rename_index,
};
use super::passes::Pass;
use super::{Era, Room, contract, own_functions, policies, statistics, sync, transaction, views};
use crate::fact::Fact;
use crate::step::{Step, TableLock, Work};

/// The cut-over's transaction in reverse.
pub(super) fn swap(room: &Room<'_>) -> Step {
    let phase = room.phase();
    // An archive that contract had begun looks columns up by the names that change here.
    let mut statements = contract::abandon(room);
    for (table, constraint, _) in touched_foreign_keys(room) {
        statements.push(format!(
            "ALTER TABLE {table} DROP CONSTRAINT {}",
            constraint.name
        ));
    }
    for (table, key, _) in constraint_indexes(room) {
        if is_primary(key) {
            statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT {}", key.name));
        } else {
            statements.push(rename_constraint(
                table,
                &key.name,
                &key.name.new_shape_of(phase),
            ));
            statements.push(rename_constraint(
                table,
                &key.name.old_shape_of(phase),
                &key.name,
            ));
        }
    }
    for (table, column) in room.conversion.columns() {
        let name = &column.name;
        statements.push(format!(
            "ALTER TABLE {table} RENAME COLUMN {name} TO {}",
            name.new_shape()
        ));
        statements.push(format!(
            "ALTER TABLE {table} RENAME COLUMN {} TO {name}",
            name.old_shape()
        ));
    }
    for (table, key, index) in constraint_indexes(room).filter(|(_, key, _)| is_primary(key)) {
        statements.push(add_key(table, key, &index.name.old_shape_of(phase)));
        statements.extend(comments(table, key, index));
    }
    for (table, index) in plain_indexes(room) {
        let (name, new, old) = (
            &index.name,
            index.name.new_shape_of(phase),
            index.name.old_shape_of(phase),
        );
        statements.push(rename_index(table, name, &new));
        statements.push(rename_index(table, &old, name));
    }
    statements.extend(statistics::back(room));
    statements.extend(marks(room));
    for table in room.conversion.tables.keys() {
        for (check, _) in touched_checks(room, table) {
            statements.push(rename_constraint(
                table,
                &check.name,
                &check.name.new_shape_of(phase),
            ));
            statements.push(rename_constraint(
                table,
                &check.name.old_shape_of(phase),
                &check.name,
            ));
        }
    }
    for (table, constraint, _) in touched_foreign_keys(room) {
        statements.push(rename_constraint(
            table,
            &constraint.name.old_shape_of(phase),
            &constraint.name,
        ));
        statements.extend(constraint_comment(table, constraint));
    }
    statements.extend(functions(room, Era::BeforeCutOver));
    statements.extend(own_functions::read_anew(room));
    statements.extend(views::swap_back(room));
    statements.extend(policies::back(room));
    let done_when = room
        .conversion
        .columns()
        .map(|(table, column)| Fact::Column(table.clone(), column.name.new_shape()))
        .collect();
    transaction(
        "swap_back".to_owned(),
        format!(
            "make the old shape the default again: swap names in {} tables",
            room.conversion.tables.len()
        ),
        views::locks_back(room),
        statements,
        done_when,
    )
}

/// Drops the new shape, from wherever expand was left. Every statement allows for what is not
/// there (yet, or any more). Triggers and the columns they fill leave in one transaction,
/// references before the keys they look up.
pub(super) fn withdraw(room: &Room<'_>, passes: &[Pass], versions: Step) -> Vec<Step> {
    let phase = room.phase();
    let mut steps = vec![versions];
    for (table, constraint, far) in touched_foreign_keys(room) {
        let name = constraint.name.new_shape_of(phase);
        let mut locks = vec![TableLock::exclusive(table)];
        if far.table != *table {
            locks.push(TableLock::exclusive(&far.table));
        }
        locks.sort_by(|a, b| a.table.cmp(&b.table));
        steps.push(transaction(
            format!("drop_foreign_key.{table}.{name}"),
            format!("drop foreign key {name} of {table}"),
            locks,
            vec![format!(
                "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
            )],
            vec![Fact::Constraint(table.clone(), name).negated()],
        ));
    }
    for pass in passes.iter().rev() {
        steps.push(drop_columns(room, pass));
    }
    for (table, _, index) in constraint_indexes(room).filter(|(_, key, _)| is_primary(key)) {
        let second = table.sibling(index.name.old_shape_of(phase));
        steps.push(Step {
            id: format!("drop_index.{second}"),
            title: format!("drop the second unique index on the old key of {table}"),
            work: Work::Online {
                lock: TableLock::online(table),
                statement: format!("DROP INDEX CONCURRENTLY IF EXISTS {second}"),
                clean: None,
            },
            done_when: vec![Fact::IndexPresent(second).negated()],
        });
    }
    // A way back that came before `settle` was through left these to be validated.
    for (table, constraint, _) in touched_foreign_keys(room) {
        let mut step = validate(table, &constraint.name);
        step.id = format!("back.{}", step.id);
        steps.push(step);
    }
    steps
}

fn drop_columns(room: &Room<'_>, pass: &Pass) -> Step {
    let table = &pass.table;
    let triggers = sync::triggers(room, pass);
    let mut statements: Vec<String> = triggers.iter().flat_map(|trigger| trigger.drop()).collect();
    statements.extend(triggers.iter().map(|trigger| trigger.drop_function()));
    if !pass.keys_first {
        // Constraints that span a column of another pass would hold that column up.
        for (check, _) in touched_checks(room, table) {
            let name = check.name.new_shape_of(room.phase());
            statements.push(format!(
                "ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}"
            ));
        }
    }
    let drops = pass
        .columns
        .iter()
        .map(|column| format!("DROP COLUMN IF EXISTS {}", column.name.new_shape()));
    statements.push(format!("ALTER TABLE {table} {}", crate::name::list(drops)));
    transaction(
        format!("drop_columns.{}", pass.id()),
        format!("drop the new columns of {table} with their triggers"),
        vec![TableLock::exclusive(table)],
        statements,
        pass.columns
            .iter()
            .map(|column| Fact::Column(table.clone(), column.name.new_shape()).negated())
            .collect(),
    )
}
