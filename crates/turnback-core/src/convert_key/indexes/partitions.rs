//! Indexes of partitioned tables: built concurrently in each partition, then taken over by one
//! index above them (PostgreSQL manual, CREATE INDEX: a partitioned table has no concurrent
//! build of its own).
//!
//! An index of a partition that belongs to an index above it cannot be the partition's primary
//! key. So where the primary key changes, each partition gets two of a kind: one below an index
//! of the partitioned table, for look-ups, upserts and foreign keys while it is not the key; and
//! one by itself, which becomes the key at the cut-over, or at the way back.

use super::{sql, step};
use crate::convert_key::constraints::deferrable;
use crate::convert_key::{Era, Room, Shape, transaction};
use crate::fact::Fact;
use crate::name::{Ident, TableName, list};
use crate::schema::{Constraint, ConstraintKind, Index};
use crate::step::Step;

/// Name of the index on the partition's shape that is not its primary key, below the index of
/// the partitioned table.
fn beside_key(name: &Ident) -> Ident {
    name.with_suffix("_all")
}

/// Everything that expand builds for an index of a partitioned table.
pub(super) fn build(room: &Room<'_>, table: &TableName, index: &Index) -> Vec<Step> {
    let phase = room.phase();
    if !index.primary {
        return match constraint_of(room, table, index) {
            Some(constraint) => unique(room, table, index, constraint),
            None => whole(room, table, index, Shape::New, &|name| {
                name.new_shape_of(phase)
            }),
        };
    }
    let mut steps = Vec::new();
    for (shape, name) in [
        (Shape::New, Ident::new_shape_of as fn(&Ident, &str) -> Ident),
        (Shape::Old, Ident::old_shape_of),
    ] {
        // The one above takes over any index of the same kind that is free: it comes first.
        steps.extend(whole(room, table, index, shape, &|part| {
            name(&beside_key(part), phase)
        }));
        steps.extend(leaves(room, table, index, shape, &|part| name(part, phase)));
    }
    steps
}

/// The index of the partitioned table on one shape while it is not the primary key there.
pub(in crate::convert_key) fn second(
    room: &Room<'_>,
    table: &TableName,
    index: &Index,
    shape: Shape,
) -> TableName {
    let name = beside_key(&index.name);
    table.sibling(match shape {
        Shape::New => name.new_shape_of(room.phase()),
        Shape::Old => name.old_shape_of(room.phase()),
    })
}

/// The key of a partitioned table on prebuilt indexes of its partitions: from the bottom up, so
/// that each table finds those below it, and builds none.
pub(in crate::convert_key) fn add_keys(
    room: &Room<'_>,
    table: &TableName,
    key: &Constraint,
    index: &Index,
    era: Era,
    shape: Shape,
) -> Vec<String> {
    let mut parts = room.index_parts(table, index);
    parts.reverse();
    let mut statements: Vec<String> = parts
        .iter()
        .map(|(member, part)| {
            let add = if room.is_partitioned(member) {
                add_above(room, member, key, part, &part.name, (era, shape))
            } else {
                let prebuilt = match shape {
                    Shape::New => part.name.new_shape_of(room.phase()),
                    Shape::Old => part.name.old_shape_of(room.phase()),
                };
                format!(
                    "ALTER TABLE {member} ADD CONSTRAINT {} PRIMARY KEY USING INDEX {prebuilt}{}",
                    part.name,
                    deferrable(key)
                )
            };
            room.if_partition(member, &add)
        })
        .collect();
    statements.push(add_above(room, table, key, index, &key.name, (era, shape)));
    statements
}

/// A key of a partitioned table, which takes over those of its partitions.
fn add_above(
    room: &Room<'_>,
    table: &TableName,
    key: &Constraint,
    index: &Index,
    name: &Ident,
    (era, shape): (Era, Shape),
) -> String {
    let kind = match key.kind {
        ConstraintKind::PrimaryKey { .. } => "PRIMARY KEY",
        _ => "UNIQUE",
    };
    let mut sql = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {kind} ");
    if index.nulls_not_distinct {
        sql.push_str("NULLS NOT DISTINCT ");
    }
    sql.push_str(&format!(
        "({})",
        list(room.renamed(table, &key.columns, era, shape))
    ));
    if !index.include.is_empty() {
        sql.push_str(&format!(
            " INCLUDE ({})",
            list(room.renamed(table, &index.include, era, shape))
        ));
    }
    if !index.options.is_empty() {
        sql.push_str(&format!(" WITH ({})", index.options.join(", ")));
    }
    if let Some(tablespace) = &index.tablespace {
        sql.push_str(&format!(" USING INDEX TABLESPACE {tablespace}"));
    }
    sql.push_str(deferrable(key));
    sql
}

fn constraint_of<'r>(
    room: &'r Room<'_>,
    table: &TableName,
    index: &Index,
) -> Option<&'r Constraint> {
    room.table(table).constraints.iter().find(|constraint| {
        matches!(&constraint.kind, ConstraintKind::Unique { index: of } if *of == index.name)
    })
}

/// Concurrent builds in all partitions that hold rows.
fn leaves(
    room: &Room<'_>,
    table: &TableName,
    index: &Index,
    shape: Shape,
    name: &dyn Fn(&Ident) -> Ident,
) -> Vec<Step> {
    room.index_parts(table, index)
        .into_iter()
        .filter(|(member, _)| !room.is_partitioned(member))
        .map(|(leaf, part)| {
            let name = name(&part.name);
            let side = match shape {
                Shape::New => "new columns",
                Shape::Old => "old key",
            };
            let title = format!("build index {name} on the {side} of {leaf}");
            let build = sql(room, leaf, part, &name, Era::BeforeCutOver, shape);
            room.unless_gone(leaf, step(leaf, &name, title, build))
        })
        .collect()
}

/// Concurrent builds in the partitions, then the indexes above, which take them over. A
/// partition that came meanwhile gets its own built: it is young.
fn whole(
    room: &Room<'_>,
    table: &TableName,
    index: &Index,
    shape: Shape,
    name: &dyn Fn(&Ident) -> Ident,
) -> Vec<Step> {
    let mut steps = leaves(room, table, index, shape, name);
    let mut above = room.index_parts(table, index);
    above.retain(|(member, _)| room.is_partitioned(member));
    above.insert(0, (table, index));
    above.reverse();
    let statements = above
        .iter()
        .map(|(member, part)| {
            let build = sql(
                room,
                member,
                part,
                &name(&part.name),
                Era::BeforeCutOver,
                shape,
            )
            .replacen("INDEX CONCURRENTLY ", "INDEX ", 1);
            room.if_partition(member, &build)
        })
        .collect();
    let whole = table.sibling(name(&index.name));
    steps.push(transaction(
        format!("index.{whole}"),
        format!("index {whole} takes over those of the partitions of {table}"),
        vec![room.writers(table)],
        statements,
        vec![Fact::IndexValid(whole)],
    ));
    steps
}

/// A unique constraint: one in every partition, on an index built concurrently, then those
/// above, which take them over.
fn unique(room: &Room<'_>, table: &TableName, index: &Index, constraint: &Constraint) -> Vec<Step> {
    let name = |part: &Ident| part.new_shape_of(room.phase());
    let mut steps = leaves(room, table, index, Shape::New, &name);
    let mut parts = room.index_parts(table, index);
    parts.reverse();
    let mut statements: Vec<String> = parts
        .iter()
        .map(|(member, part)| {
            let new = name(&part.name);
            let add = if room.is_partitioned(member) {
                let names = (Era::BeforeCutOver, Shape::New);
                add_above(room, member, constraint, part, &new, names)
            } else {
                format!(
                    "ALTER TABLE {member} ADD CONSTRAINT {new} UNIQUE USING INDEX {new}{}",
                    deferrable(constraint)
                )
            };
            room.if_partition(member, &add)
        })
        .collect();
    let whole = name(&index.name);
    let names = (Era::BeforeCutOver, Shape::New);
    statements.push(add_above(room, table, constraint, index, &whole, names));
    steps.push(transaction(
        format!("unique.{table}.{whole}"),
        format!("constraint {whole} of {table} takes over those of its partitions"),
        vec![room.exclusive(table)],
        statements,
        vec![Fact::Constraint(table.clone(), whole)],
    ));
    steps
}
