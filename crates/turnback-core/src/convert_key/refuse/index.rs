//! Indexes that cannot be built again on the new columns.

use super::Look;
use crate::convert_key::constraints::{is_portable, mentions};
use crate::preflight::Finding;
use crate::schema::{Index, IndexedBy, Snapshot};

pub(super) fn index_of(look: &Look<'_>, index: &Index, findings: &mut Vec<Finding>) {
    if !look.touches(&index.reads) {
        return;
    }
    let object = format!("index {}", look.name.sibling(index.name.clone()));
    let mut refuse = |code: &str, reason: String, remedy: String| {
        findings.push(Finding::no_go(code, &object, reason, remedy))
    };
    let drop_it = format!(
        "{}, and create what should take its place after contract",
        if index.constraint {
            format!("ALTER TABLE {} DROP CONSTRAINT {}", look.name, index.name)
        } else {
            let name = look.name.sibling(index.name.clone());
            format!("DROP INDEX CONCURRENTLY {name}")
        }
    );
    if !index.valid {
        refuse(
            "invalid-index",
            "it is invalid: the remains of a concurrent build that failed".to_owned(),
            format!(
                "REINDEX INDEX CONCURRENTLY {0}, or DROP INDEX CONCURRENTLY {0}",
                look.name.sibling(index.name.clone())
            ),
        );
    }
    for key in &index.keys {
        match &key.what {
            IndexedBy::Expression(expression) if mentions(expression, look.touched) => refuse(
                "expression-index",
                format!("its expression {expression} computes with a key that becomes a uuid"),
                drop_it.clone(),
            ),
            IndexedBy::Column(column)
                if look.touched.contains(column) && key.operator_class.is_some() =>
            {
                refuse(
                    "operator-class",
                    format!(
                        "it uses the operator class {} on {column}",
                        key.operator_class.as_deref().unwrap_or("")
                    ),
                    drop_it.clone(),
                )
            }
            IndexedBy::Column(_) | IndexedBy::Expression(_) => {}
        }
    }
    if let Some(predicate) = &index.predicate
        && !is_portable(predicate, look.touched)
    {
        refuse(
            "index-predicate",
            format!("its condition {predicate} computes with a key that becomes a uuid"),
            drop_it.clone(),
        );
    }
    if !matches!(index.method.as_str(), "btree" | "hash" | "brin") {
        refuse(
            "index-method",
            format!(
                "{} indexes have no operators for uuid of their own",
                index.method
            ),
            drop_it,
        );
    }
}

/// Foreign keys to columns that stay, on a unique index that goes: it carries a touched column
/// along (`INCLUDE`). They would keep the old index, and the old column, from going at contract.
pub(super) fn stood_on(
    snapshot: &Snapshot,
    look: &Look<'_>,
    index: &Index,
    findings: &mut Vec<Finding>,
) {
    if !look.touches(&index.include) {
        return;
    }
    let standing = snapshot.foreign_keys().filter(|(_, constraint, far)| {
        !constraint.name.is_aside()
            && far.table == *look.name
            && far.index.as_ref() == Some(&index.name)
            && !look.touches(&far.columns)
    });
    let unique = look.name.sibling(index.name.clone());
    for (table, constraint, _) in standing {
        findings.push(Finding::no_go(
            "foreign-key-on-include",
            format!("constraint {} on {table}", constraint.name),
            format!(
                "it stands on {unique}, which includes a key that becomes a uuid and so cannot stay"
            ),
            format!(
                "Make {unique} again without that key in its INCLUDE, and the foreign key on it"
            ),
        ));
    }
}
