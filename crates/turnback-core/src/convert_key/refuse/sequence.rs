//! Sequences that would go with a touched column, and that somebody else needs.

use crate::convert_key::touched::Conversion;
use crate::name::list;
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn sequences(snapshot: &Snapshot, conversion: &Conversion, findings: &mut Vec<Finding>) {
    for (sequence, entry) in &snapshot.sequences {
        let Some((table, column)) = &entry.owned_by else {
            continue;
        };
        if conversion.column(table, column).is_none() {
            continue;
        }
        let others: Vec<String> = entry
            .used_by
            .iter()
            .filter(|(t, c)| (conversion.root_of(t), c) != (table, column))
            .map(|(t, c)| format!("{t}.{c}"))
            .chain(entry.dependents.iter().cloned())
            .collect();
        if !others.is_empty() {
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
