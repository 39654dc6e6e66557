//! Partitioned tables and partitions that cannot be carried.

use super::Look;
use crate::convert_key::constraints::mentions;
use crate::convert_key::touched::Conversion;
use crate::name::{TableName, list};
use crate::preflight::Finding;
use crate::schema::Snapshot;

/// A touched table that has partitions, or is one.
pub(super) fn partitions_of(conversion: &Conversion, look: &Look<'_>, findings: &mut Vec<Finding>) {
    if let Some(key) = &look.table.partition_key
        && mentions(key, look.touched)
    {
        findings.push(Finding::no_go(
            "partition-key",
            format!("table {}", look.name),
            format!("it is partitioned by {key}, and the rows stay where their old key puts them"),
            "Leave the key out of the plan, or copy the table into one that is partitioned by something else",
        ));
    }
    let root = conversion.root_of(look.name);
    for column in conversion.columns_of(look.name) {
        let both_touched: Vec<_> = column
            .beside
            .iter()
            .filter(|(near, _)| look.touched.contains(near))
            .map(|(near, _)| near)
            .collect();
        if root == look.name && !column.is_key && !both_touched.is_empty() {
            findings.push(Finding::no_go(
                "two-keys-at-once",
                format!("column {}.{}", look.name, column.name),
                format!(
                    "it says which row it means together with {}, which changes in the same phase",
                    list(both_touched)
                ),
                "Convert the two keys in phases of their own",
            ));
        }
        let stricter = look
            .table
            .column(&column.name)
            .is_some_and(|own| own.not_null && !column.not_null);
        if root != look.name && stricter {
            findings.push(Finding::no_go(
                "partition-not-null",
                format!("column {}.{}", look.name, column.name),
                format!("it is NOT NULL in this partition and not in {root}"),
                format!(
                    "ALTER TABLE {root} ALTER COLUMN {0} SET NOT NULL, or ALTER TABLE {1} ALTER COLUMN {0} DROP NOT NULL",
                    column.name, look.name
                ),
            ));
        }
    }
}

/// Views that read a key of one partition: version schemas show the partitioned table alone.
pub(super) fn read_by_views(
    snapshot: &Snapshot,
    conversion: &Conversion,
    findings: &mut Vec<Finding>,
) {
    for (view, entry) in &snapshot.views {
        for (table, columns) in &entry.reads {
            let root = conversion.root_of(table);
            if root != table
                && columns
                    .iter()
                    .any(|c| conversion.column(table, c).is_some())
            {
                findings.push(Finding::no_go(
                    "view-of-a-partition",
                    format!("view {view}"),
                    format!("it reads {table}, one partition of {root}, whose key changes"),
                    format!("Let it read {root} for the rows of that partition, or drop it for the time of the change"),
                ));
            }
        }
    }
}

/// Foreign keys that point at one partition of a touched table.
pub(super) fn pointed_at(
    snapshot: &Snapshot,
    conversion: &Conversion,
    findings: &mut Vec<Finding>,
) {
    if !conversion.has_partitions() {
        return;
    }
    let is_part = |table: &TableName| conversion.root_of(table) != table;
    for (table, constraint, far) in snapshot.foreign_keys() {
        if constraint.parent.is_none()
            && is_part(&far.table)
            && far
                .columns
                .iter()
                .any(|column| conversion.column(&far.table, column).is_some())
        {
            findings.push(Finding::no_go(
                "points-at-a-partition",
                format!("constraint {} on {table}", constraint.name),
                format!(
                    "it points at {}, one partition of a table whose key changes",
                    far.table
                ),
                format!(
                    "Let it point at {}, or ALTER TABLE {table} DROP CONSTRAINT {}",
                    conversion.root_of(&far.table),
                    constraint.name
                ),
            ));
        }
    }
}
