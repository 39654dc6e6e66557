//! Row-level policies that read a touched column, on whatever table they are.

use super::reach::Reach;
use crate::name::list;
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn policies(snapshot: &Snapshot, reach: &Reach<'_>, findings: &mut Vec<Finding>) {
    for (name, table) in &snapshot.tables {
        for policy in &table.policies {
            let reads = reach.touched(&policy.all_reads(name));
            if !reads.is_empty() {
                findings.push(Finding::no_go(
                    "policy",
                    format!("policy {} on {name}", policy.name),
                    format!(
                        "it computes with {}, and would go on computing with the old column after the cut-over",
                        list(reads)
                    ),
                    format!(
                        "Give it in the plan as it should be for the new shape, beside `table:`: `recreate: [{{ policy: {}, on: {}, sql: CREATE POLICY … }}]`",
                        yaml(&policy.name.to_string()),
                        yaml(&name.to_string()),
                    ),
                ));
            }
        }
    }
}

/// A name as the plan writes it: double quotes of SQL in single ones of YAML.
fn yaml(name: &str) -> String {
    if name.contains(['"', '\'']) {
        format!("'{}'", name.replace('\'', "''"))
    } else {
        name.to_owned()
    }
}
