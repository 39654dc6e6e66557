//! What else in the database depends on a touched column.

use std::collections::{BTreeMap, BTreeSet};

use crate::convert_key::touched::Conversion;
use crate::convert_key::versions::{LiveVersion, version_schema};
use crate::name::{Ident, TableName, list};
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn views(
    snapshot: &Snapshot,
    conversion: &Conversion,
    live: &[LiveVersion],
    findings: &mut Vec<Finding>,
) {
    let ours: BTreeSet<Ident> = snapshot
        .schemas
        .keys()
        .flat_map(|schema| {
            live.iter()
                .map(move |version| version_schema(schema, &version.tag))
        })
        .collect();
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

pub(super) fn others(snapshot: &Snapshot, conversion: &Conversion, findings: &mut Vec<Finding>) {
    for function in &snapshot.functions {
        let reads = touched_of(&function.reads, conversion);
        if !reads.is_empty() {
            findings.push(Finding::no_go(
                "function",
                format!("function {}", function.signature),
                format!("its body is bound to {}, which becomes a uuid", list(reads)),
                "Drop the function for the time of the change, or write its body as a string",
            ));
        }
    }
    for publication in &snapshot.publications {
        let touched: Vec<&TableName> = conversion
            .tables
            .keys()
            .filter(|table| publication.all_tables || publication.tables.contains_key(*table))
            .collect();
        if !touched.is_empty() {
            findings.push(Finding::no_go(
                "publication",
                format!("publication {}", publication.name),
                format!(
                    "it publishes {}: its subscribers do not have the new columns and would stop",
                    list(touched)
                ),
                "Take these tables out of the publication for the time of the change",
            ));
        }
    }
    for (sequence, entry) in &snapshot.sequences {
        let Some((table, column)) = &entry.owned_by else {
            continue;
        };
        let others: Vec<String> = entry
            .used_by
            .iter()
            .filter(|(t, c)| (t, c) != (table, column))
            .map(|(t, c)| format!("{t}.{c}"))
            .collect();
        if conversion.column(table, column).is_some() && !others.is_empty() {
            findings.push(Finding::no_go(
                "shared-sequence",
                format!("sequence {sequence}"),
                format!(
                    "it belongs to {table}.{column} and would go with it, but {} uses it too",
                    list(others)
                ),
                format!("ALTER SEQUENCE {sequence} OWNED BY NONE"),
            ));
        }
    }
}
