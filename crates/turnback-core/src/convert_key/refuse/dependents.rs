//! What else in the database depends on a touched column.

use std::collections::{BTreeMap, BTreeSet};

use crate::convert_key::touched::Conversion;
use crate::convert_key::versions::{LiveVersion, schemas};
use crate::name::{Ident, TableName, list};
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn views(
    snapshot: &Snapshot,
    conversion: &Conversion,
    live: &[LiveVersion],
    findings: &mut Vec<Finding>,
) {
    let ours = schemas(snapshot, live);
    for (view, entry) in snapshot
        .views
        .iter()
        .filter(|(view, _)| !ours.contains(&view.schema))
    {
        let reads = touched_of(&entry.reads, conversion);
        if !reads.is_empty() {
            let kind = if entry.materialized {
                "materialized view"
            } else {
                "view"
            };
            findings.push(Finding::no_go(
                kind.replace(' ', "-").as_str(),
                format!("{kind} {view}"),
                format!(
                    "it reads {}, and turnback does not carry views yet",
                    list(reads)
                ),
                "Drop the view for the time of the change, or leave the key out of the plan",
            ));
        }
    }
}

/// The touched columns among those that something reads, for its message.
fn touched_of(
    reads: &BTreeMap<TableName, BTreeSet<Ident>>,
    conversion: &Conversion,
) -> Vec<String> {
    reads
        .iter()
        .flat_map(|(table, columns)| columns.iter().map(move |column| (table, column)))
        .filter(|(table, column)| conversion.column(table, column).is_some())
        .map(|(table, column)| format!("{table}.{column}"))
        .collect()
}
