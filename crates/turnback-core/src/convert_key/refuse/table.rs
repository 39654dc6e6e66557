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
        TableKind::Partitioned | TableKind::Partition => None,
        TableKind::Foreign => Some("it is a foreign table"),
    };
    if let Some(why) = kind {
        findings.push(Finding::no_go(
            "table-kind",
            &object,
            format!("{why}, and turnback does not carry those yet"),
            "Leave the key that leads here out of the plan; a foreign table that is a partition can be detached",
        ));
    } else if look.table.kind == TableKind::Ordinary
        && (!look.table.parents.is_empty() || parents.contains(look.name))
    {
        findings.push(Finding::no_go(
            "inheritance",
            &object,
            "it takes part in table inheritance, where keys and foreign keys do not reach the children",
            "Detach it with ALTER TABLE … NO INHERIT, or leave the key that leads here out of the plan",
        ));
    }
    if let Some(of) = &look.table.of_type {
        findings.push(Finding::no_go(
            "typed-table",
            &object,
            format!("it is a typed table (OF {of}), to which PostgreSQL adds no columns"),
            format!("ALTER TABLE {} NOT OF", look.name),
        ));
    }
    row_security(snapshot, look, &object, findings);
}

fn row_security(snapshot: &Snapshot, look: &Look<'_>, object: &str, findings: &mut Vec<Finding>) {
    let security = look.table.row_security;
    if security.forced {
        findings.push(Finding::no_go(
            "row-security",
            object,
            "row-level security is forced on its owner, so it applies to the sync triggers too and would hide from them the rows they translate",
            format!(
                "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY for the time of the change",
                look.name
            ),
        ));
    }
    if !security.enabled {
        return;
    }
    if snapshot.server_version < 150_000 {
        findings.push(Finding::no_go(
            "row-security",
            object,
            "before PostgreSQL 15 a view reads with its owner's rights, so clients of a version schema would get past its policies",
            format!(
                "Upgrade to PostgreSQL 15, or ALTER TABLE {} DISABLE ROW LEVEL SECURITY for the time of the change, if that may be",
                look.name
            ),
        ));
    }
    let by_column = look
        .table
        .columns
        .iter()
        .flat_map(|column| &column.grants)
        .map(|grant| grant.grantee.as_str())
        .collect::<BTreeSet<&str>>();
    if !by_column.is_empty() {
        findings.push(Finding::warning(
            "row-security-by-column",
            object,
            format!(
                "it has row-level security, and rights by column for {}: its policies hold in the version schemas, but whoever may not read every column gets no further there than `permission denied`",
                list(by_column)
            ),
            format!(
                "GRANT SELECT ON {} to those who use a version schema, or let them stay on public",
                look.name
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
                format!(
                    "ALTER TABLE {0} DROP COLUMN {1} (or, to keep its values, ALTER COLUMN {1} DROP EXPRESSION), and let a view compute it",
                    look.name, column.name
                ),
            ));
        }
    }
    for touched in conversion.columns_of(look.name) {
        let Some(column) = look.table.column(&touched.name) else {
            continue;
        };
        let object = format!("column {}.{}", look.name, column.name);
        if column.generated.is_some() {
            findings.push(Finding::no_go(
                "generated-key",
                &object,
                "it is generated itself, so nobody can write the value that stands for a uuid",
                format!(
                    "ALTER TABLE {} ALTER COLUMN {} DROP EXPRESSION",
                    look.name, column.name
                ),
            ));
        }
        if !touched.is_key {
            super::domain::domain_of(look, column, findings);
        }
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
