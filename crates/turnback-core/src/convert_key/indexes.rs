//! Indexes that mention a touched column, built again on the new columns, concurrently; and a
//! second unique index on an old primary key, for the old foreign keys to stand on once the
//! primary key has moved, and for the way back to have its primary key ready.

mod partitions;

use std::collections::BTreeMap;

use super::{Era, Room, Shape, transaction};
use crate::convert_key::constraints::{deferrable, rewrite_expression};
use crate::fact::Fact;
use crate::name::{Ident, TableName, list, literal};
use crate::schema::{Constraint, ConstraintKind, Index, IndexedBy};
use crate::step::{Step, TableLock, Work};

pub(super) use self::partitions::{add_keys, second};

/// Indexes of a table that mention a touched column, those that stand aside left out, and those
/// that are a part of the index of a partitioned table.
pub(super) fn touched<'a>(
    room: &'a Room<'_>,
    table: &TableName,
) -> impl Iterator<Item = &'a Index> {
    let columns = room.conversion.names_of(table);
    room.table(table).indexes.iter().filter(move |index| {
        index.parent.is_none()
            && !index.name.is_aside()
            && columns.iter().any(|column| index.reads.contains(column))
    })
}

/// Build steps for all touched tables. Keys first: the references' foreign keys need them. Of
/// several unique indexes that would do, a foreign key takes the one that was made first:
/// those that carry other columns along come last, for a later phase may convert one of these.
pub(super) fn build(room: &Room<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in room.relations() {
        let mut indexes: Vec<&Index> = touched(room, table).collect();
        indexes.sort_by_key(|index| !index.include.is_empty());
        for index in indexes {
            if room.is_partitioned(table) {
                steps.extend(partitions::build(room, table, index));
                continue;
            }
            let name = index.name.new_shape_of(room.phase());
            steps.push(room.unless_gone(
                table,
                step(
                    table,
                    &name,
                    format!(
                        "build index {} again on the new columns of {table}",
                        index.name
                    ),
                    sql(room, table, index, &name, Era::BeforeCutOver, Shape::New),
                ),
            ));
            steps.extend(put_off(room, table, index, &name));
            if index.primary {
                let name = index.name.old_shape_of(room.phase());
                steps.push(room.unless_gone(table, step(
                    table,
                    &name,
                    format!("build a second unique index on the old key of {table}, so that the way back has its primary key ready"),
                    sql(room, table, index, &name, Era::BeforeCutOver, Shape::Old),
                )));
            }
        }
    }
    steps
}

/// A unique index checks at once; where the old one waits for the end of the statement or the
/// transaction, so must the new one, or writes that were right would fail while both live.
fn put_off(room: &Room<'_>, table: &TableName, index: &Index, name: &Ident) -> Option<Step> {
    let constraint = room
        .table(table)
        .constraints
        .iter()
        .find(|c| is_deferrable_unique(c) && c.name == index.name)?;
    Some(transaction(
        format!("unique.{table}.{name}"),
        format!("check {name} no earlier than {}", constraint.name),
        vec![TableLock::exclusive(table)],
        vec![room.if_partition(
            table,
            &format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE USING INDEX {name}{}",
                deferrable(constraint)
            ),
        )],
        vec![Fact::Constraint(table.clone(), name.clone())],
    ))
}

/// A unique constraint whose check can be put off: its new counterpart is a constraint before
/// the cut-over already.
pub(super) fn is_deferrable_unique(constraint: &Constraint) -> bool {
    constraint.deferrable && matches!(constraint.kind, ConstraintKind::Unique { .. })
}

/// After the cut-over: a second unique index on each new primary key. The way back drops the
/// key's own, and clients of the new shape still look rows up by it, and upsert, until the
/// new shape is gone; so do the sync triggers on their behalf.
pub(super) fn build_spare(room: &Room<'_>) -> Vec<Step> {
    primary(room)
        // A partitioned table has had one since expand.
        .filter(|(table, _)| !room.is_partitioned(table))
        .map(|(table, index)| {
            let name = index.name.new_shape_of(room.phase());
            let mut step = step(
                table,
                &name,
                format!("build a second unique index on the new key of {table}, so that its clients keep one on the way back"),
                // The condition takes nothing from it for upserts and look-ups (PostgreSQL folds
                // it away when it loads the index, though not when it stores it), but a foreign
                // key stands on no index with one: those of a later phase would, and contract
                // drops this index.
                format!(
                    "{} WHERE 1 = 1",
                    sql(room, table, index, &name, Era::AfterCutOver, Shape::New)
                ),
            );
            step.id = format!("spare.{}", step.id);
            room.unless_gone(table, step)
        })
        .collect()
}

/// Gives it up, in the transaction that gives up the way back.
pub(super) fn drop_spare(room: &Room<'_>) -> Vec<String> {
    primary(room)
        .map(|(table, index)| {
            let spare = if room.is_partitioned(table) {
                second(room, table, index, Shape::New)
            } else {
                table.sibling(index.name.new_shape_of(room.phase()))
            };
            format!("DROP INDEX IF EXISTS {spare}")
        })
        .collect()
}

fn primary<'a>(room: &'a Room<'_>) -> impl Iterator<Item = (&'a TableName, &'a Index)> {
    room.relations()
        .flat_map(move |table| touched(room, table).map(move |index| (table, index)))
        .filter(|(_, index)| index.primary)
}

fn step(table: &TableName, name: &Ident, title: String, statement: String) -> Step {
    let index = table.sibling(name.clone());
    Step {
        id: format!("index.{index}"),
        title,
        work: Work::Online {
            lock: TableLock::online(table),
            statement,
            clean: Some(format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")),
        },
        done_when: vec![Fact::IndexPresent(index.clone()), Fact::IndexValid(index)],
    }
}

/// `CREATE INDEX CONCURRENTLY` for a shape, from the catalog's parts of the index.
fn sql(
    room: &Room<'_>,
    table: &TableName,
    index: &Index,
    name: &Ident,
    era: Era,
    shape: Shape,
) -> String {
    let rename = |column: &Ident| {
        if room.is_touched(table, column) {
            era.name(column, shape)
        } else {
            column.clone()
        }
    };
    let map: BTreeMap<Ident, Ident> = room
        .conversion
        .columns_of(table)
        .iter()
        .map(|c| (c.name.clone(), rename(&c.name)))
        .collect();
    let keys = index.keys.iter().map(|key| {
        let mut text = match &key.what {
            IndexedBy::Column(column) => rename(column).to_string(),
            IndexedBy::Expression(expression) => format!("({expression})"),
        };
        if let Some(collation) = &key.collation {
            text.push_str(&format!(" COLLATE {collation}"));
        }
        if let Some(class) = &key.operator_class {
            text.push_str(&format!(" {class}"));
        }
        match (key.descending, key.nulls_first) {
            (true, true) => text.push_str(" DESC"),
            (true, false) => text.push_str(" DESC NULLS LAST"),
            (false, true) => text.push_str(" NULLS FIRST"),
            (false, false) => {}
        }
        text
    });
    let mut sql = format!(
        "CREATE {}INDEX CONCURRENTLY {name} ON {table} USING {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        Ident::new(index.method.as_str()),
        list(keys)
    );
    if !index.include.is_empty() {
        sql.push_str(&format!(
            " INCLUDE ({})",
            list(index.include.iter().map(rename))
        ));
    }
    if index.nulls_not_distinct {
        sql.push_str(" NULLS NOT DISTINCT");
    }
    if !index.options.is_empty() {
        sql.push_str(&format!(" WITH ({})", index.options.join(", ")));
    }
    if let Some(tablespace) = &index.tablespace {
        sql.push_str(&format!(" TABLESPACE {tablespace}"));
    }
    if let Some(predicate) = &index.predicate {
        sql.push_str(&format!(" WHERE {}", rewrite_expression(predicate, &map)));
    }
    sql
}

/// What hangs on an index and is carried over: its comment, and the statistics targets of its
/// expressions.
pub(super) fn hangs_on(index: &Index, on: &TableName) -> Vec<String> {
    let comment = index
        .comment
        .as_ref()
        .map(|comment| format!("COMMENT ON INDEX {on} IS {}", literal(comment)));
    let targets = index.keys.iter().enumerate().filter_map(|(at, key)| {
        let target = key.statistics_target?;
        let number = at + 1;
        Some(format!(
            "ALTER INDEX {on} ALTER COLUMN {number} SET STATISTICS {target}"
        ))
    });
    comment.into_iter().chain(targets).collect()
}
