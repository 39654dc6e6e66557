//! Constraints that would not mean the same on the new columns.

use super::Look;
use crate::convert_key::constraints::is_portable;
use crate::name::Ident;
use crate::preflight::Finding;
use crate::schema::{Action, ConstraintKind};

pub(super) fn constraints_of(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for constraint in look
        .table
        .constraints
        .iter()
        .filter(|c| !c.name.is_aside() && look.touches(&c.columns))
        // What a partition has from above is judged there.
        .filter(|c| c.parent.is_none() && !c.inherited)
    {
        let object = format!("constraint {} on {}", constraint.name, look.name);
        match &constraint.kind {
            ConstraintKind::Check { expression } if !is_portable(expression, look.touched) => {
                findings.push(Finding::no_go(
                    "check-constraint",
                    &object,
                    format!("it computes with a key that becomes a uuid: {expression}"),
                    format!(
                        "ALTER TABLE {} DROP CONSTRAINT {}, if the rule may go",
                        look.name, constraint.name
                    ),
                ))
            }
            ConstraintKind::Exclusion => findings.push(Finding::no_go(
                "exclusion-constraint",
                &object,
                "it compares a key that becomes a uuid, and cannot be built again concurrently",
                format!(
                    "ALTER TABLE {} DROP CONSTRAINT {}, if the rule may go",
                    look.name, constraint.name
                ),
            )),
            ConstraintKind::ForeignKey(far) => {
                let nullable =
                    |column: &&Ident| look.table.column(column).is_some_and(|c| !c.not_null);
                if constraint.columns.len() > 1
                    && !far.match_full
                    && constraint.columns.iter().any(|c| nullable(&c))
                {
                    findings.push(Finding::no_go(
                        "partly-null-reference",
                        &object,
                        "one of its columns may be null, and then nothing says which row the others refer to",
                        "Make its columns NOT NULL, or the foreign key MATCH FULL",
                    ));
                }
                if far.on_delete == Action::SetDefault || far.on_update == Action::SetDefault {
                    findings.push(Finding::no_go(
                        "set-default",
                        &object,
                        "SET DEFAULT needs a default that is a key, and turnback does not carry those yet",
                        "Change the action to SET NULL, RESTRICT or CASCADE",
                    ));
                }
            }
            _ => {}
        }
        if !constraint.validated {
            findings.push(Finding::no_go(
                "not-validated",
                &object,
                "it is NOT VALID: rows may be there that break it, and those could not be converted",
                format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", look.name, constraint.name),
            ));
        }
    }
}
