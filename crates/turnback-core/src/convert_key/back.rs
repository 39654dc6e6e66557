//! The way back until contract: one transaction that swaps the names back, catalog only;
//! then the new shape is dropped, table by table.

use super::constraints::{stands_on_partitioned_key, touched_checks, touched_foreign_keys};
use super::cut_over::{add_key, comments, constraint_indexes, is_primary, marks};
use super::parts::{
    add_family_key, add_not_valid, drop_everywhere, drop_new, family_comments, make_whole,
    part_comments, rename_family, rename_parts,
};
use super::passes::Pass;
use super::swap::Swap;
use super::views::StandIn;
use super::{Era, Room, Shape, carry, contract, indexes, policies, sync, transaction, views};
use crate::fact::Fact;
use crate::name::{Ident, TableName};
use crate::step::{Step, TableLock, Work};

/// The cut-over's transaction in reverse.
pub(super) fn swap(room: &Room<'_>, stand_ins: &[StandIn<'_>]) -> Step {
    let phase = room.phase();
    // An archive that contract had begun looks columns up by the names that change here.
    let mut statements = contract::abandon(room);
    for (table, constraint, far) in touched_foreign_keys(room) {
        statements.extend(drop_new(room, table, constraint));
        if stands_on_partitioned_key(room, far) {
            statements.extend(drop_everywhere(room, table, constraint, &|name| {
                name.old_shape_of(phase)
            }));
        }
    }
    for (table, key, index) in constraint_indexes(room) {
        if is_primary(key) {
            let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {}", key.name);
            statements.push(room.if_partition(table, &drop));
            if room.is_partitioned(table) {
                // The foreign keys that come back must stand on the primary key alone.
                let second = indexes::second(room, table, index, Shape::Old);
                statements.push(format!("DROP INDEX IF EXISTS {second}"));
            }
        } else {
            statements.extend(rename_family(room, table, key, Swap::ToOld));
        }
    }
    statements.extend(Swap::ToOld.columns(room));
    for (table, key, index) in constraint_indexes(room).filter(|(_, key, _)| is_primary(key)) {
        if room.is_partitioned(table) {
            let names = (Era::BeforeCutOver, Shape::Old);
            statements.extend(add_family_key(room, table, key, index, names));
            statements.extend(family_comments(room, table, key, index));
            continue;
        }
        let add = add_key(table, key, &index.name.old_shape_of(phase));
        statements.extend(
            std::iter::once(add)
                .chain(comments(table, key, index))
                .map(|one| room.if_partition(table, &one)),
        );
    }
    statements.extend(Swap::ToOld.plain_indexes(room));
    statements.extend(Swap::ToOld.statistics(room));
    statements.extend(marks(room));
    statements.extend(Swap::ToOld.checks(room));
    for (table, constraint, far) in touched_foreign_keys(room) {
        if stands_on_partitioned_key(room, far) {
            let names = (Era::BeforeCutOver, Shape::Old);
            statements.extend(add_not_valid(
                room,
                (table, constraint, far),
                &|name| name.clone(),
                names,
            ));
            // Who goes on using the new shape is held to it.
            statements.extend(add_not_valid(
                room,
                (table, constraint, far),
                &|name| name.new_shape_of(phase),
                (Era::BeforeCutOver, Shape::New),
            ));
        } else {
            statements.extend(rename_parts(room, table, constraint, &|name| {
                (name.old_shape_of(phase), name.clone())
            }));
        }
        statements.extend(part_comments(room, table, constraint));
    }
    statements.extend(Swap::ToOld.functions(room));
    statements.extend(carry::begin(room));
    statements.extend(views::swap_back(room, stand_ins));
    statements.extend(policies::back(room));
    transaction(
        "swap_back".to_owned(),
        format!(
            "make the old shape the default again: swap names in {} tables",
            room.conversion.tables.len()
        ),
        views::locks_back(room),
        statements,
        Swap::ToOld.done_when(room),
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
        let mut locks = vec![room.exclusive(table)];
        if far.table != *table {
            locks.push(room.exclusive(&far.table));
        }
        locks.sort_by(|a, b| a.table.cmp(&b.table));
        steps.push(transaction(
            format!("drop_foreign_key.{table}.{name}"),
            format!("drop foreign key {name} of {table}"),
            locks,
            drop_everywhere(room, table, constraint, &|name| name.new_shape_of(phase)),
            vec![Fact::Constraint(table.clone(), name).negated()],
        ));
    }
    let missed = carry::missed(room);
    for pass in passes.iter().rev() {
        steps.push(drop_columns(room, &missed, pass));
    }
    for (table, _, index) in constraint_indexes(room).filter(|(_, key, _)| is_primary(key)) {
        if !room.is_partitioned(table) {
            steps.push(drop_index(table, index.name.old_shape_of(phase)));
            continue;
        }
        let second = indexes::second(room, table, index, Shape::Old);
        steps.push(transaction(
            format!("drop_index.{second}"),
            format!("drop the second unique index on the old key of {table}"),
            vec![room.exclusive(table)],
            vec![format!("DROP INDEX IF EXISTS {second}")],
            vec![Fact::IndexPresent(second).negated()],
        ));
        for (member, part) in room.index_parts(table, index) {
            // The first where expand had not come to the index above it.
            steps.push(drop_index(
                member,
                indexes::second(room, member, part, Shape::Old).name,
            ));
            steps.push(drop_index(member, part.name.old_shape_of(phase)));
        }
    }
    // A way back that came before `settle` was through left these to be validated.
    for foreign_key in touched_foreign_keys(room) {
        let names = (Era::BeforeCutOver, Shape::Old);
        for mut step in make_whole(room, foreign_key, &|name| name.clone(), names) {
            step.id = format!("back.{}", step.id);
            steps.push(step);
        }
    }
    steps
}

fn drop_index(table: &TableName, name: Ident) -> Step {
    let index = table.sibling(name);
    Step {
        id: format!("drop_index.{index}"),
        title: format!("drop index {index}, a second one on the old key of {table}"),
        work: Work::Online {
            lock: TableLock::online(table),
            statement: format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"),
            clean: None,
        },
        done_when: vec![Fact::IndexPresent(index).negated()],
    }
}

fn drop_columns(room: &Room<'_>, missed: &carry::Missed<'_>, pass: &Pass) -> Step {
    let table = &pass.table;
    let triggers = sync::triggers(room, pass);
    let mut statements = carry::end(room, missed, table);
    statements.extend(triggers.iter().flat_map(|trigger| trigger.drop()));
    statements.extend(triggers.iter().map(|trigger| trigger.drop_function()));
    if !pass.keys_first {
        // Constraints that span a column of another pass would hold that column up.
        for member in room.members(table) {
            for (check, _) in touched_checks(room, member) {
                let name = check.name.new_shape_of(room.phase());
                let drop = format!("ALTER TABLE {member} DROP CONSTRAINT IF EXISTS {name}");
                statements.push(room.if_partition(member, &drop));
            }
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
        vec![room.exclusive(table)],
        statements,
        pass.columns
            .iter()
            .map(|column| Fact::Column(table.clone(), column.name.new_shape()).negated())
            .collect(),
    )
}
