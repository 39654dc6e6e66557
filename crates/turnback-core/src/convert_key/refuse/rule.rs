//! Rewrite rules: those on a touched table, and those elsewhere that read a touched column.

use crate::convert_key::reach::Reach;
use crate::convert_key::touched::Conversion;
use crate::name::list;
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn rules(
    snapshot: &Snapshot,
    conversion: &Conversion,
    reach: &Reach<'_>,
    findings: &mut Vec<Finding>,
) {
    for (name, table) in &snapshot.tables {
        for rule in &table.rules {
            let reads = reach.touched(&rule.reads);
            let reason = if conversion.touches(name) {
                "rewrite rules bypass the sync triggers".to_owned()
            } else if !reads.is_empty() {
                format!(
                    "it is bound to {}, and would go on using the old column after the cut-over",
                    list(reads)
                )
            } else {
                continue;
            };
            findings.push(Finding::no_go(
                "rule",
                format!("rule {} on {name}", rule.name),
                reason,
                format!(
                    "DROP RULE {} ON {name}; a trigger can do what it does",
                    rule.name
                ),
            ));
        }
    }
}
