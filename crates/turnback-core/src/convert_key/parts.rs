//! Constraints and indexes that a partitioned table shares with its partitions: what is one
//! statement for an ordinary table is one for each of its parts here.

use super::constraints::{add_foreign_key, adopt, holders, validate_part};
use super::cut_over::{constraint_comment, rename_constraint};
use super::family::{rename_below, when};
use super::swap::Swap;
use super::{Era, Room, Shape, indexes};
use crate::fact::Fact;
use crate::name::{Ident, TableName, list, literal};
use crate::schema::{Constraint, ForeignKey, Index};
use crate::step::Step;

/// Validates a foreign key that came back `NOT VALID`; a partitioned table then takes over
/// those of its partitions.
pub(super) fn make_whole(
    room: &Room<'_>,
    (table, constraint, far): (&TableName, &Constraint, &ForeignKey),
    name: &dyn Fn(&Ident) -> Ident,
    (era, shape): (Era, Shape),
) -> Vec<Step> {
    let mut steps: Vec<Step> = holders(room, table, constraint)
        .into_iter()
        .map(|(holder, part)| validate_part(room, holder, &name(&part.name)))
        .collect();
    if room.is_partitioned(table) {
        steps.push(adopt(room, table, constraint, far, name, (era, shape)));
    }
    steps
}

/// A foreign key, `NOT VALID`, on every table that holds rows.
pub(super) fn add_not_valid(
    room: &Room<'_>,
    (table, constraint, far): (&TableName, &Constraint, &ForeignKey),
    name: &dyn Fn(&Ident) -> Ident,
    (era, shape): (Era, Shape),
) -> Vec<String> {
    holders(room, table, constraint)
        .into_iter()
        .map(|(holder, part)| {
            let name = name(&part.name);
            room.if_partition(
                holder,
                &add_foreign_key(room, holder, part, far, &name, era, shape),
            )
        })
        .collect()
}

/// Renames a constraint that is one in each partition too, wherever it is.
pub(super) fn rename_parts(
    room: &Room<'_>,
    table: &TableName,
    constraint: &Constraint,
    names: &dyn Fn(&Ident) -> (Ident, Ident),
) -> Vec<String> {
    let (from, to) = names(&constraint.name);
    if !room.is_partitioned(table) {
        return vec![room.if_partition(table, &rename_constraint(table, &from, &to))];
    }
    let mut statements: Vec<String> = std::iter::once((table, constraint))
        .chain(room.constraint_parts(table, constraint))
        .map(|(member, part)| {
            let (from, to) = names(&part.name);
            let there = Fact::Constraint(member.clone(), from.clone());
            when(&there, &rename_constraint(member, &from, &to))
        })
        .collect();
    statements.push(rename_below(table, &from, &to));
    statements
}

/// Comments of a constraint that is one in each partition too.
pub(super) fn part_comments(
    room: &Room<'_>,
    table: &TableName,
    constraint: &Constraint,
) -> Vec<String> {
    std::iter::once((table, constraint))
        .chain(room.constraint_parts(table, constraint))
        .filter_map(|(member, part)| {
            let there = Fact::Constraint(member.clone(), part.name.clone());
            let comment = constraint_comment(member, part)?;
            Some(if room.conversion.families.is_empty() {
                comment
            } else {
                when(&there, &comment)
            })
        })
        .collect()
}

/// A table's index with its parts in the partitions.
pub(super) fn with_parts<'r>(
    room: &'r Room<'_>,
    table: &'r TableName,
    index: &'r Index,
) -> Vec<(&'r TableName, &'r Index)> {
    let mut all = vec![(table, index)];
    all.extend(room.index_parts(table, index));
    all
}

/// A unique constraint of a partitioned table changes its name with that of its counterpart.
pub(super) fn rename_family(
    room: &Room<'_>,
    table: &TableName,
    key: &Constraint,
    swap: Swap,
) -> Vec<String> {
    let phase = room.phase();
    let mut statements = rename_parts(room, table, key, &|name| {
        (name.clone(), swap.away(name, phase))
    });
    statements.extend(rename_parts(room, table, key, &|name| {
        (swap.aside(name, phase), name.clone())
    }));
    statements
}

/// Comments of a partitioned table's key, its index, and their parts.
pub(super) fn family_comments(
    room: &Room<'_>,
    table: &TableName,
    key: &Constraint,
    index: &Index,
) -> Vec<String> {
    let mut comments = part_comments(room, table, key);
    comments.extend(
        with_parts(room, table, index)
            .into_iter()
            .flat_map(|(member, part)| {
                indexes::hangs_on(part, &member.sibling(part.name.clone()))
                    .into_iter()
                    .map(|one| room.if_partition(member, &one))
            }),
    );
    comments
}

/// The primary key of a partitioned table on indexes of its partitions that were built for it,
/// by the names of an era whose shape it is; and those of partitions that came meanwhile.
pub(super) fn add_family_key(
    room: &Room<'_>,
    table: &TableName,
    key: &Constraint,
    index: &Index,
    (era, shape): (Era, Shape),
) -> Vec<String> {
    let texts = |names: &mut dyn Iterator<Item = String>| {
        format!("ARRAY[{}]", list(names.map(|name| literal(&name))))
    };
    let members = room.members(room.conversion.root_of(table));
    let mut known = members.into_iter().map(ToString::to_string);
    // For a person, who would build an index before the names change.
    let aside = match era {
        Era::BeforeCutOver => Era::AfterCutOver,
        Era::AfterCutOver => Era::BeforeCutOver,
    };
    let mut columns = room.renamed(table, &key.columns, era, shape).into_iter();
    let mut named = room.renamed(table, &key.columns, aside, shape).into_iter();
    let mut statements = vec![format!(
        "SELECT turnback.key_of_newcomers({}, {}, {}, {})",
        literal(&table.to_string()),
        texts(&mut known),
        texts(&mut columns.by_ref().map(|c| c.as_str().to_owned())),
        texts(&mut named.by_ref().map(|c| c.as_str().to_owned())),
    )];
    statements.extend(indexes::add_keys(room, table, key, index, era, shape));
    statements
}

/// Drops a foreign key, from the top, where the partitioned table has it; or from each of its
/// parts, where it has not come that far.
pub(super) fn drop_everywhere(
    room: &Room<'_>,
    table: &TableName,
    constraint: &Constraint,
    name: &dyn Fn(&Ident) -> Ident,
) -> Vec<String> {
    std::iter::once((table, constraint))
        .chain(room.constraint_parts(table, constraint))
        .map(|(member, part)| {
            let drop = format!(
                "ALTER TABLE {member} DROP CONSTRAINT IF EXISTS {}",
                name(&part.name)
            );
            room.if_partition(member, &drop)
        })
        .collect()
}

/// A partition that was detached while both shapes live keeps its foreign keys, which stand on
/// indexes that are not to stay as they are.
pub(super) fn none_detached(
    room: &Room<'_>,
    table: &TableName,
    constraint: &Constraint,
) -> Vec<String> {
    room.constraint_parts(table, constraint)
        .into_iter()
        .map(|(member, part)| {
            let root = room.conversion.root_of(member);
            let attached = Fact::Partition(member.clone(), root.clone());
            let there = Fact::Constraint(member.clone(), part.name.clone());
            format!(
                "SELECT turnback.stop_if({} AND {}, {}, {})",
                there.sql(),
                attached.negated().sql(),
                literal(&format!(
                    "turnback: {member} was detached from {root} after the phase began, and its foreign key {} stands in the way",
                    part.name
                )),
                literal(&format!(
                    "Nothing was changed. Type ALTER TABLE {member} DROP CONSTRAINT {}, or drop the table, and try again",
                    part.name
                ))
            )
        })
        .collect()
}

/// Drops a foreign key of the new shape by its plain name, from tables that were partitions
/// until lately too.
pub(super) fn drop_new(room: &Room<'_>, table: &TableName, constraint: &Constraint) -> Vec<String> {
    std::iter::once((table, constraint))
        .chain(room.constraint_parts(table, constraint))
        .map(|(member, part)| {
            format!(
                "ALTER TABLE IF EXISTS {member} DROP CONSTRAINT IF EXISTS {}",
                part.name
            )
        })
        .collect()
}
