//! Constraints on the new columns: that they are filled, the checks, the foreign keys. Each
//! is added `NOT VALID`, which looks at no row, and validated online.

use std::collections::BTreeMap;

pub(crate) use super::expression::{is_portable, mentions, rewrite_expression};
use super::parts::part_comments;
use super::passes::Pass;
use super::{Era, Room, Shape, fill, not_null, sync, transaction};
use crate::fact::Fact;
use crate::name::{Ident, TableName, list};
use crate::schema::{Constraint, ConstraintKind, ForeignKey};
use crate::step::{Step, TableLock, Work};

/// Proves that every row is filled, then makes `NOT NULL` what was `NOT NULL`.
///
/// Parents before children: a reference can only be filled from a key that is.
///
/// Adding the check waits out the writers of rows that no backfill could see; what they
/// left is swept up; validation proves that nothing is missing; and a valid check lets
/// `SET NOT NULL` skip its scan (PostgreSQL 12).
pub(super) fn filled(room: &Room<'_>, passes: &[Pass]) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in passes.iter().filter(|p| !p.keys_first).map(|p| &p.table) {
        let columns = &room.conversion.tables[table];
        let name = filled_name(room);
        let test = columns
            .iter()
            .map(|column| {
                let new = column.name.new_shape();
                if column.not_null {
                    format!("{new} IS NOT NULL")
                } else {
                    format!("({} IS NULL) = ({new} IS NULL)", column.name)
                }
            })
            .collect::<Vec<_>>()
            .join(" AND ");
        steps.push(transaction(
            format!("filled.{table}"),
            format!("from here on, no row of {table} is written unfilled"),
            vec![room.exclusive(table)],
            vec![format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({test}) NOT VALID"
            )],
            vec![Fact::Constraint(table.clone(), name.clone())],
        ));
        let of_table: Vec<Pass> = passes
            .iter()
            .filter(|pass| &pass.table == table)
            .cloned()
            .collect();
        for pass in fill::by_leaf(room, &of_table) {
            steps.push(Step {
                id: format!("sweep.{}", pass.id()),
                title: format!(
                    "sweep up rows of {} that were written before that and not yet filled",
                    pass.table
                ),
                work: Work::Backfill(fill::sweep(room, &pass)),
                done_when: vec![],
            });
        }
        steps.extend(validate_all(room, table, &name));
        let mut statements: Vec<String> = columns
            .iter()
            .filter(|column| column.not_null)
            .map(|column| not_null::set(room, table, &column.name))
            .collect();
        statements.push(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"));
        let mut facts: Vec<Fact> = columns
            .iter()
            .filter(|column| column.not_null)
            .map(|column| Fact::NotNull(table.clone(), column.name.new_shape()))
            .collect();
        facts.push(Fact::Constraint(table.clone(), name).negated());
        for trigger in sync::all(room, table) {
            statements.extend(trigger.once_filled());
            if trigger.ends_with_the_backfill() {
                let names = trigger.names().into_iter();
                facts.extend(names.map(|name| Fact::Trigger(table.clone(), name).negated()));
            }
        }
        steps.push(transaction(
            format!("not_null.{table}"),
            format!("what was NOT NULL in {table} is NOT NULL in the new columns"),
            vec![room.exclusive(table)],
            statements,
            facts,
        ));
    }
    steps
}

fn filled_name(room: &Room<'_>) -> Ident {
    Ident::new("turnback_filled").with_suffix(&format!("_{}", room.phase()))
}

/// `VALIDATE CONSTRAINT`, a step of its own.
pub(super) fn validate(table: &TableName, name: &Ident) -> Step {
    Step {
        id: format!("validate.{table}.{name}"),
        title: format!("validate {name} on {table}"),
        work: Work::Online {
            lock: TableLock::online(table),
            statement: format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"),
            clean: None,
        },
        done_when: vec![Fact::ConstraintValid(table.clone(), name.clone())],
    }
}

/// The same for a partitioned table: its partitions first, each by itself, so that little is
/// left to do for the whole.
pub(super) fn validate_all(room: &Room<'_>, table: &TableName, name: &Ident) -> Vec<Step> {
    let mut steps = Vec::new();
    if room.is_partitioned(table) {
        steps.extend(
            room.leaves_below(table)
                .into_iter()
                .map(|leaf| validate_part(room, leaf, name)),
        );
    }
    steps.push(validate(table, name));
    steps
}

/// `VALIDATE CONSTRAINT` on a table that may be a partition, and none any more.
pub(super) fn validate_part(room: &Room<'_>, table: &TableName, name: &Ident) -> Step {
    let mut step = validate(table, name);
    if let Work::Online { statement, .. } = &mut step.work {
        *statement = format!("ALTER TABLE IF EXISTS {table} VALIDATE CONSTRAINT {name}");
    }
    room.unless_gone(table, step)
}

/// Check constraints of a table that mention a touched column.
pub(super) fn touched_checks<'a>(
    room: &'a Room<'_>,
    table: &TableName,
) -> impl Iterator<Item = (&'a Constraint, &'a str)> {
    let columns = room.conversion.names_of(table);
    room.table(table)
        .constraints
        .iter()
        .filter_map(move |constraint| match &constraint.kind {
            ConstraintKind::Check { expression }
                if !constraint.name.is_aside()
                    && !constraint.inherited
                    && columns.iter().any(|c| constraint.columns.contains(c)) =>
            {
                Some((constraint, expression.as_str()))
            }
            _ => None,
        })
}

/// Check constraints again, on the new columns.
pub(super) fn checks(room: &Room<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in room.relations() {
        let map: BTreeMap<Ident, Ident> = room
            .conversion
            .columns_of(table)
            .iter()
            .map(|c| (c.name.clone(), c.name.new_shape()))
            .collect();
        for (constraint, expression) in touched_checks(room, table) {
            let name = constraint.name.new_shape_of(room.phase());
            steps.push(transaction(
                format!("check.{table}.{name}"),
                format!(
                    "add check {} again on the new columns of {table}",
                    constraint.name
                ),
                vec![room.exclusive(table)],
                vec![room.if_partition(
                    table,
                    &format!(
                        "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({}) NOT VALID",
                        rewrite_expression(expression, &map)
                    ),
                )],
                vec![Fact::Constraint(table.clone(), name.clone())],
            ));
            steps.extend(validate_all(room, table, &name));
        }
    }
    steps
}

/// Foreign keys with a touched column, by table; those that stand aside left out. Of those that
/// point at one table the elder come first: made again in this order, they keep their turns.
pub(super) fn touched_foreign_keys<'a>(
    room: &'a Room<'_>,
) -> Vec<(&'a TableName, &'a Constraint, &'a ForeignKey)> {
    let found = room
        .relations()
        .flat_map(|table| {
            room.table(table)
                .foreign_keys()
                .filter(move |(constraint, _)| {
                    constraint.parent.is_none()
                        && !constraint.name.is_aside()
                        && constraint
                            .columns
                            .iter()
                            .any(|column| room.is_touched(table, column))
                })
                .map(move |(constraint, far)| (table, constraint, far))
        })
        .collect();
    by_turn(found)
}

type Found<'a> = (&'a TableName, &'a Constraint, &'a ForeignKey);

/// Foreign keys to the same table change places among themselves, until the elder come first.
fn by_turn(found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let mut places: BTreeMap<&TableName, Vec<usize>> = BTreeMap::new();
    for (place, (_, _, far)) in found.iter().enumerate() {
        places.entry(&far.table).or_default().push(place);
    }
    let mut ordered = found.clone();
    for places in places.into_values() {
        let mut turns = places.clone();
        turns.sort_by_key(|&place| found[place].2.turn);
        for (to, from) in places.into_iter().zip(turns) {
            ordered[to] = found[from];
        }
    }
    ordered
}

/// Foreign keys again, between the new columns.
pub(super) fn foreign_keys(room: &Room<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (table, constraint, far) in touched_foreign_keys(room) {
        let (era, shape) = (Era::BeforeCutOver, Shape::New);
        for (leaf, part) in holders(room, table, constraint) {
            let name = part.name.new_shape_of(room.phase());
            steps.push(transaction(
                format!("foreign_key.{leaf}.{name}"),
                format!(
                    "add foreign key {} again between the new columns of {leaf} and {}",
                    part.name, far.table
                ),
                writers_of_both(room, leaf, far),
                vec![room.if_partition(
                    leaf,
                    &add_foreign_key(room, leaf, part, far, &name, era, shape),
                )],
                vec![Fact::Constraint(leaf.clone(), name.clone())],
            ));
            steps.push(validate_part(room, leaf, &name));
        }
        if room.is_partitioned(table) {
            let name = |name: &Ident| name.new_shape_of(room.phase());
            steps.push(adopt(room, table, constraint, far, &name, (era, shape)));
        }
    }
    steps
}

fn writers_of_both(room: &Room<'_>, table: &TableName, far: &ForeignKey) -> Vec<TableLock> {
    let mut locks = vec![room.writers(table)];
    if far.table != *table {
        locks.push(room.writers(&far.table));
    }
    locks.sort_by(|a, b| a.table.cmp(&b.table));
    locks
}

/// A foreign key's tables that hold rows, each with its own part of it: the table itself, or
/// the partitions.
pub(super) fn holders<'r>(
    room: &'r Room<'_>,
    table: &'r TableName,
    constraint: &'r Constraint,
) -> Vec<(&'r TableName, &'r Constraint)> {
    if !room.is_partitioned(table) {
        return vec![(table, constraint)];
    }
    let mut parts = room.constraint_parts(table, constraint);
    parts.retain(|(member, _)| !room.is_partitioned(member));
    parts
}

/// Whether a foreign key points at the primary key of a partitioned table that changes.
///
/// No index of a partitioned table becomes its primary key, in either direction: the key is
/// made anew above those of the partitions, and a foreign key stands on one index for good.
/// So these foreign keys are made anew too, where the primary key is; while the new key is not
/// the primary one, theirs stand on the index beside it.
pub(super) fn stands_on_partitioned_key(room: &Room<'_>, far: &ForeignKey) -> bool {
    room.is_partitioned(&far.table)
        && room.table(&far.table).primary_key().is_some_and(|key| {
            key.columns.len() == far.columns.len()
                && far
                    .columns
                    .iter()
                    .all(|column| key.columns.contains(column))
                && key
                    .columns
                    .iter()
                    .any(|column| room.is_touched(&far.table, column))
        })
}

/// The partitioned table takes over what its partitions have and know to hold, and so reads
/// no row (`NOT VALID` is refused there before PostgreSQL 18).
pub(super) fn adopt(
    room: &Room<'_>,
    table: &TableName,
    constraint: &Constraint,
    far: &ForeignKey,
    names: &dyn Fn(&Ident) -> Ident,
    (era, shape): (Era, Shape),
) -> Step {
    let name = names(&constraint.name);
    let add = |member: &TableName, part: &Constraint, name: &Ident| {
        let sql = add_foreign_key(room, member, part, far, name, era, shape);
        let there = Fact::Constraint(member.clone(), name.clone());
        super::family::when(
            &there.negated(),
            sql.strip_suffix(" NOT VALID").unwrap_or(&sql),
        )
    };
    // Those in between first, each with its own name.
    let mut statements: Vec<String> = room
        .constraint_parts(table, constraint)
        .into_iter()
        .rev()
        .filter(|(member, _)| room.is_partitioned(member))
        .map(|(member, part)| room.if_partition(member, &add(member, part, &names(&part.name))))
        .collect();
    statements.push(add(table, constraint, &name));
    if name == constraint.name {
        statements.extend(part_comments(room, table, constraint));
    }
    transaction(
        format!("foreign_key.{table}.{name}"),
        format!("foreign key {name} of {table} takes over those of its partitions"),
        locks_to_adopt(room, table, far),
        statements,
        vec![Fact::Constraint(table.clone(), name.clone())],
    )
}

/// What the partitions' own foreign keys have on the table they point at goes, which takes
/// readers and writers of that table out. Asked for at the beginning: whoever makes a lock
/// stronger while clients wait for it is in a deadlock with those that hold a weaker one, and
/// PostgreSQL ends theirs.
fn locks_to_adopt(room: &Room<'_>, table: &TableName, far: &ForeignKey) -> Vec<TableLock> {
    let mut locks = vec![room.exclusive(&far.table)];
    if far.table != *table {
        locks.push(room.writers(table));
    }
    locks.sort_by(|a, b| a.table.cmp(&b.table));
    locks
}

/// `ADD CONSTRAINT … FOREIGN KEY … NOT VALID` for a shape, by the names of an era.
pub(super) fn add_foreign_key(
    room: &Room<'_>,
    table: &TableName,
    constraint: &Constraint,
    far: &ForeignKey,
    name: &Ident,
    era: Era,
    shape: Shape,
) -> String {
    let near = room.renamed(table, &constraint.columns, era, shape);
    let there = room.renamed(&far.table, &far.columns, era, shape);
    let mut sql = format!("ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ");
    match in_order_of_key(room, constraint, far)
        .filter(|_| (era, shape) == (Era::AfterCutOver, Shape::New))
    {
        // Another index on the same columns stands there until contract: only the primary key
        // is found without naming columns. (The order of the pairs is then the key's.)
        Some(near) => sql.push_str(&format!(
            "({}) REFERENCES {}",
            list(room.renamed(table, &near, era, shape)),
            far.table
        )),
        None => sql.push_str(&format!(
            "({}) REFERENCES {} ({})",
            list(near),
            far.table,
            list(there)
        )),
    }
    if far.match_full {
        sql.push_str(" MATCH FULL");
    }
    sql.push_str(&format!(
        " ON UPDATE {} ON DELETE {}",
        far.on_update.sql(),
        far.on_delete.sql()
    ));
    if !far.on_delete_columns.is_empty() {
        sql.push_str(&format!(
            " ({})",
            list(room.renamed(table, &far.on_delete_columns, era, shape))
        ));
    }
    sql.push_str(deferrable(constraint));
    sql.push_str(" NOT VALID");
    sql
}

/// The columns of a foreign key to a partitioned table's primary key, in that key's order.
fn in_order_of_key(
    room: &Room<'_>,
    constraint: &Constraint,
    far: &ForeignKey,
) -> Option<Vec<Ident>> {
    if !stands_on_partitioned_key(room, far) {
        return None;
    }
    let key = room.table(&far.table).primary_key()?;
    key.columns
        .iter()
        .map(|column| {
            let place = far.columns.iter().position(|c| c == column)?;
            constraint.columns.get(place).cloned()
        })
        .collect()
}

/// `DEFERRABLE …`, with a space before it, or nothing.
pub(super) fn deferrable(constraint: &Constraint) -> &'static str {
    match (constraint.deferrable, constraint.deferred) {
        (true, true) => " DEFERRABLE INITIALLY DEFERRED",
        (true, false) => " DEFERRABLE",
        (false, _) => "",
    }
}
