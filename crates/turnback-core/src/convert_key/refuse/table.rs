//! Tables, and columns of theirs, that cannot be carried.

use std::collections::BTreeSet;

use super::Look;
use crate::convert_key::touched::Conversion;
use crate::name::{TableName, list};
use crate::preflight::Finding;
use crate::schema::{Snapshot, TableKind};

pub(super) fn whole_table(
    snapshot: &Snapshot,
    look: &Look<'_>,
    parents: &BTreeSet<&TableName>,
    findings: &mut Vec<Finding>,
) {
    let object = format!("table {}", look.name);
    let kind = match look.table.kind {
        TableKind::Ordinary => None,
        TableKind::Partitioned => Some("it is partitioned"),
        TableKind::Partition => Some("it is a partition"),
        TableKind::Foreign => Some("it is a foreign table"),
    };
    if let Some(why) = kind {
        findings.push(Finding::no_go(
            "table-kind",
            &object,
            format!("{why}, and turnback does not carry those yet"),
            "Leave the key that leads here out of the plan",
        ));
    } else if !look.table.parents.is_empty() || parents.contains(look.name) {
        findings.push(Finding::no_go(
            "inheritance",
            &object,
            "it takes part in table inheritance, where keys and foreign keys do not reach the children",
            "Detach it with ALTER TABLE … NO INHERIT, or leave the key that leads here out of the plan",
        ));
    }
    let security = look.table.row_security;
    if security.forced || (security.enabled && snapshot.server_version < 150_000) {
        findings.push(Finding::no_go(
            "row-security",
            &object,
            "row-level security applies to the sync triggers or to the version views here, and would hide rows from them",
            "Turn off FORCE ROW LEVEL SECURITY for the time of the change (before PostgreSQL 15: row-level security)",
        ));
    }
    for policy in look
        .table
        .policies
        .iter()
        .filter(|policy| look.touches(&policy.reads))
    {
        findings.push(Finding::no_go(
            "policy",
            format!("policy {} on {}", policy.name, look.name),
            format!(
                "it reads {}, which becomes a uuid",
                list(policy.reads.iter().filter(|c| look.touched.contains(c)))
            ),
            "Rewrite the policy so that it does not read the key, or leave the key out of the plan",
        ));
    }
    for rule in &look.table.rules {
        findings.push(Finding::no_go(
            "rule",
            format!("a rule on {}", look.name),
            format!("rewrite rules bypass the sync triggers: {rule}"),
            "Drop the rule, or turn it into a trigger",
        ));
    }
    for statistics in look
        .table
        .statistics
        .iter()
        .filter(|s| look.touches(&s.reads))
    {
        findings.push(Finding::no_go(
            "extended-statistics",
            format!("statistics {}", statistics.name),
            "they would be dropped with the old column",
            format!(
                "DROP STATISTICS {} now, and create them again after contract",
                statistics.name
            ),
        ));
    }
}

pub(super) fn columns_of(conversion: &Conversion, look: &Look<'_>, findings: &mut Vec<Finding>) {
    for column in &look.table.columns {
        if column.generated.is_some() && look.touches(&column.reads) {
            findings.push(Finding::no_go(
                "generated-column",
                format!("column {}.{}", look.name, column.name),
                format!(
                    "it is generated from {}, which becomes a uuid",
                    list(column.reads.iter().filter(|c| look.touched.contains(c)))
                ),
                "Drop the generated column, or leave the key out of the plan",
            ));
        }
    }
    for touched in &conversion.tables[look.name] {
        let Some(column) = look.table.column(&touched.name) else {
            continue;
        };
        let object = format!("column {}.{}", look.name, column.name);
        if !touched.is_key
            && (column
                .default
                .as_deref()
                .is_some_and(|d| !d.starts_with("NULL"))
                || column.identity.is_some())
        {
            findings.push(Finding::no_go(
                "reference-default",
                &object,
                format!("it refers to another table and has a default of its own ({}), which has no uuid yet", column.default.as_deref().unwrap_or("identity")),
                format!("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT, and let the application give the value", look.name, column.name),
            ));
        }
        if let crate::plan::Generate::V7From(time) = &conversion.key_of(touched).generate
            && touched.is_key
            && look
                .table
                .column(time)
                .is_none_or(|c| !(c.type_name.starts_with("timestamp") || c.type_name == "date"))
        {
            findings.push(Finding::no_go(
                "time-column",
                format!("column {}.{time}", look.name),
                "v7 keys cannot take their time from it: it must be there, and be a timestamp or a date",
                "Correct `v7_from` in the plan",
            ));
        }
    }
}
