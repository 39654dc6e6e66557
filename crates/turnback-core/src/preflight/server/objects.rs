//! Objects on the touched tables whose state, and not whose shape, stands in the way.

use std::collections::BTreeSet;

use super::Look;
use crate::human::some;
use crate::name::TableName;
use crate::preflight::{Finding, Weight};
use crate::schema::{Column, ConstraintKind, Sequence};

/// Parts of a sequence's range, in percent. Both shapes take values until contract.
const USED_UP_PERCENT: u32 = 90;
const NEARLY_USED_UP_PERCENT: u32 = 75;

pub(super) fn findings(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for table in look.touched.keys() {
        remains(look, table, findings);
    }
    sequences(look, findings);
    notes(look, findings);
}

/// What reads a touched column is refused by the operation itself; here is the rest.
fn remains(look: &Look<'_>, table: &TableName, findings: &mut Vec<Finding>) {
    let Some(entry) = look.snapshot.tables.get(table) else {
        return;
    };
    let touched = &look.touched[table];
    for index in entry.indexes.iter().filter(|index| {
        !index.valid && !index.name.is_aside() && !index.reads.iter().any(|c| touched.contains(c))
    }) {
        let name = table.sibling(index.name.clone());
        findings.push(Finding::warning(
            "invalid-index",
            format!("index {name}"),
            "it is invalid, the remains of a concurrent build that failed: every write keeps it up, no query uses it",
            format!("REINDEX INDEX CONCURRENTLY {name}, or DROP INDEX CONCURRENTLY {name}"),
        ));
    }
    for constraint in entry.constraints.iter().filter(|constraint| {
        !constraint.validated
            && !constraint.name.is_aside()
            && !constraint.name.as_str().starts_with("turnback_")
            && !constraint.columns.iter().any(|c| touched.contains(c))
    }) {
        findings.push(Finding::warning(
            "not-validated",
            format!("constraint {} on {table}", constraint.name),
            match constraint.kind {
                ConstraintKind::ForeignKey(_) => "it is NOT VALID: rows may be there that break it",
                _ => "it is NOT VALID: a row that breaks it cannot be filled, as PostgreSQL checks every row that is written again",
            },
            format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", constraint.name),
        ));
    }
}

fn sequences(look: &Look<'_>, findings: &mut Vec<Finding>) {
    for (table, columns) in &look.touched {
        let Some(entry) = look.snapshot.tables.get(*table) else {
            continue;
        };
        for column in entry.columns.iter().filter(|c| columns.contains(&c.name)) {
            let feeds = |name: &TableName, sequence: &Sequence| {
                column.sequence.as_ref() == Some(name)
                    || sequence
                        .used_by
                        .iter()
                        .any(|(t, c)| t == *table && *c == column.name)
            };
            for (name, sequence) in &look.snapshot.sequences {
                if feeds(name, sequence) {
                    findings.extend(used_up(look, table, column, name, sequence));
                }
            }
        }
    }
}

fn used_up(
    look: &Look<'_>,
    table: &TableName,
    column: &Column,
    name: &TableName,
    sequence: &Sequence,
) -> Option<Finding> {
    let last = look
        .facts
        .sequences
        .iter()
        .find(|position| position.sequence == *name)?
        .last_value;
    let widest = match column.base_type() {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    let most = sequence.max_value.min(widest);
    let percent = i128::from(last) * 100 / i128::from(most.max(1));
    let weight = match percent {
        p if p > i128::from(USED_UP_PERCENT) => Weight::NoGo,
        p if p > i128::from(NEARLY_USED_UP_PERCENT) => Weight::Warning,
        _ => return None,
    };
    let remedy = if sequence.max_value < widest {
        let type_name = column.base_type();
        format!("ALTER SEQUENCE {name} AS {type_name} MAXVALUE {widest}")
    } else {
        let least = -widest - 1;
        format!(
            "If the application can bear negative keys: ALTER SEQUENCE {name} MINVALUE {least} RESTART WITH {least}"
        )
    };
    Some(Finding {
        weight,
        code: "sequence-used-up".to_owned(),
        object: format!("sequence {name}"),
        reason: format!(
            "{percent} % of the values that {table}.{} can take are used up, and rows written through either shape take one until contract",
            column.name
        ),
        remedy,
    })
}

/// What everyone should know whose clients read tables that have two shapes.
fn notes(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let tables: BTreeSet<&TableName> = look
        .programs
        .iter()
        .filter(|program| !program.version_schemas.is_empty())
        .flat_map(|program| &program.tables)
        .collect();
    if tables.is_empty() {
        return;
    }
    findings.push(Finding::note(
        "columns-beside",
        some(tables.iter().map(|table| format!("table {table}"))),
        "both shapes stand side by side here until contract: SELECT * and COPY without a list of columns meet columns they do not know, \
         and statements prepared with SELECT * fail once (\"cached plan must not change result type\")",
        "Name the columns, or read through a version schema (SET search_path = public_base, public), which shows one shape alone",
    ));
}
