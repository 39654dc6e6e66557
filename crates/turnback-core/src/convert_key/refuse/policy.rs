//! Row-level policies that read a touched column, on whatever table they are.

use crate::convert_key::policies::NewPolicy;
use crate::convert_key::reach::Reach;
use crate::name::list;
use crate::preflight::Finding;
use crate::schema::Snapshot;

pub(super) fn policies(
    snapshot: &Snapshot,
    reach: &Reach<'_>,
    given: &[NewPolicy<'_>],
    findings: &mut Vec<Finding>,
) {
    for policy in given {
        findings.push(Finding::note(
            "policy-given-anew",
            policy.title(),
            "it belongs to the table, not to a shape: until the cut-over the old one decides for the clients of both shapes, from then on the new one",
            "Let it recognise its clients by what both versions know (a role, a name), or switch the clients with the cut-over",
        ));
    }
    for (name, table) in &snapshot.tables {
        for policy in &table.policies {
            let reads = reach.touched(&policy.all_reads(name));
            let is_given = given.iter().any(|other| other.is(&policy.name, name));
            if !reads.is_empty() && !is_given {
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
