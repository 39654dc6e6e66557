//! Extended statistics that read a touched column, made again on the new columns. The old
//! ones stand aside after the cut-over and go with the old columns.

use std::collections::BTreeMap;

use super::constraints::rewrite_expression;
use super::{Era, Room, Shape, transaction};
use crate::fact::Fact;
use crate::name::{Ident, TableName, list, literal};
use crate::schema::ExtendedStatistics;
use crate::step::{Step, TableLock};

/// Extended statistics with a touched column, by table; those that stand aside left out.
pub(super) fn touched<'a>(
    room: &'a Room<'_>,
) -> impl Iterator<Item = (&'a TableName, &'a ExtendedStatistics)> {
    room.relations().flat_map(move |table| {
        room.table(table)
            .statistics
            .iter()
            .filter(|statistics| !statistics.name.is_aside())
            .filter(|statistics| statistics.reads.iter().any(|c| room.is_touched(table, c)))
            .map(move |statistics| (table, statistics))
    })
}

/// Makes them again. Before the tables are analysed, so that the planner has them at once.
pub(super) fn build(room: &Room<'_>) -> Vec<Step> {
    touched(room)
        .map(|(table, statistics)| {
            let name = new_name(room, statistics);
            transaction(
                format!("statistics.{name}"),
                format!(
                    "make statistics {} again on the new columns of {table}",
                    statistics.name
                ),
                vec![TableLock::online(table)],
                create(room, table, statistics, &name)
                    .iter()
                    .map(|one| room.if_partition(table, one))
                    .collect(),
                vec![Fact::Statistics(name.clone())],
            )
        })
        .collect()
}

fn create(
    room: &Room<'_>,
    table: &TableName,
    statistics: &ExtendedStatistics,
    name: &TableName,
) -> Vec<String> {
    let renamed = room.renamed(table, &statistics.columns, Era::BeforeCutOver, Shape::New);
    let names: BTreeMap<Ident, Ident> = room
        .conversion
        .columns_of(table)
        .iter()
        .map(|column| (column.name.clone(), column.name.new_shape()))
        .collect();
    let expressions = statistics
        .expressions
        .iter()
        .map(|expression| format!("({})", rewrite_expression(expression, &names)));
    let parts = renamed.iter().map(Ident::to_string).chain(expressions);
    let kinds = if statistics.kinds.is_empty() {
        String::new()
    } else {
        format!(" ({})", list(&statistics.kinds))
    };
    let mut statements = vec![format!(
        "CREATE STATISTICS {name}{kinds} ON {} FROM {table}",
        list(parts)
    )];
    if let Some(target) = statistics.target {
        statements.push(format!("ALTER STATISTICS {name} SET STATISTICS {target}"));
    }
    if let Some(comment) = &statistics.comment {
        statements.push(format!(
            "COMMENT ON STATISTICS {name} IS {}",
            literal(comment)
        ));
    }
    statements.push(format!(
        "ALTER STATISTICS {name} OWNER TO {}",
        Ident::new(statistics.owner.as_str())
    ));
    statements
}

/// The name that they carry beside the old ones, until the cut-over.
pub(super) fn new_name(room: &Room<'_>, statistics: &ExtendedStatistics) -> TableName {
    let plain = statistics.full_name();
    plain.sibling(plain.name.new_shape_of(room.phase()))
}

pub(super) fn rename(from: &TableName, to: &Ident) -> String {
    format!("ALTER STATISTICS {from} RENAME TO {to}")
}
