//! Rights that the role must have before anything starts.

use std::collections::{BTreeMap, BTreeSet};

use super::Look;
use crate::convert_key::functions_read_by;
use crate::human::some;
use crate::name::{Ident, TableName};
use crate::preflight::Finding;
use crate::schema::TableKind;

pub(super) fn findings(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let role = &look.facts.role;
    if !role.superuser {
        owners(look, findings);
        schemas(look, findings);
        ledger(look, findings);
        functions(look, findings);
    }
    triggers(look, findings);
}

fn role(look: &Look<'_>) -> (String, Ident) {
    let name = Ident::new(look.facts.role.name.as_str());
    (format!("role {name}"), name)
}

/// Only a table's owner may change it (PostgreSQL manual, `ALTER TABLE`).
fn owners(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let mut foreign: BTreeMap<&str, Vec<&TableName>> = BTreeMap::new();
    for table in look.touched.keys() {
        if let Some(entry) = look.snapshot.tables.get(*table)
            && entry.kind != TableKind::Foreign
            && !look.facts.role.has_rights_of.contains(&entry.owner)
        {
            foreign.entry(&entry.owner).or_default().push(table);
        }
    }
    let views = look.programs.iter().flat_map(|program| &program.views);
    for view in views {
        if let Some(entry) = look.snapshot.views.get(view)
            && !look.facts.role.has_rights_of.contains(&entry.owner)
        {
            foreign.entry(&entry.owner).or_default().push(view);
        }
    }
    let (object, name) = role(look);
    for (owner, mut tables) in foreign {
        tables.sort();
        tables.dedup();
        let owner = Ident::new(owner);
        findings.push(Finding::no_go(
            "not-owner",
            &object,
            format!(
                "only its owner may change a table or a view, and {} {} to {owner}",
                some(&tables),
                if tables.len() == 1 {
                    "belongs"
                } else {
                    "belong"
                }
            ),
            format!("GRANT {owner} TO {name}"),
        ));
    }
}

/// The ledger and the version schemas are schemas; indexes are built where their table is.
fn schemas(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let (object, name) = role(look);
    let makes_schemas = look.programs.iter().any(|p| !p.version_schemas.is_empty());
    if !look.facts.role.creates_schemas && (makes_schemas || look.facts.ledger.is_none()) {
        findings.push(Finding::no_go(
            "no-create-on-database",
            &object,
            format!(
                "it may not create schemas in {}, and turnback needs its own and the version schemas",
                look.database()
            ),
            format!(
                "GRANT CREATE ON DATABASE {} TO {name}",
                Ident::new(look.facts.state.database.as_str())
            ),
        ));
    }
    let views = look.programs.iter().flat_map(|program| &program.views);
    let relations = look.touched.keys().copied().chain(views);
    let schemas: BTreeSet<&Ident> = relations.map(|relation| &relation.schema).collect();
    for schema in schemas {
        if !look.facts.role.creates_in.contains(schema) {
            findings.push(Finding::no_go(
                "no-create-on-schema",
                &object,
                format!(
                    "it may not create anything in schema {schema}, and indexes and views are made there"
                ),
                format!("GRANT CREATE ON SCHEMA {schema} TO {name}"),
            ));
        }
    }
}

fn ledger(look: &Look<'_>, findings: &mut Vec<Finding>) {
    if let Some(ledger) = &look.facts.ledger
        && !look.facts.role.has_rights_of.contains(&ledger.owner)
    {
        let (object, name) = role(look);
        let owner = Ident::new(ledger.owner.as_str());
        findings.push(Finding::no_go(
            "not-owner-of-ledger",
            object,
            format!("turnback's ledger in this database (schema turnback) belongs to {owner}"),
            format!("GRANT {owner} TO {name}, or connect as {owner}"),
        ));
    }
}

/// Only its owner may write a function again, which is how sessions that hold its plans are made to
/// plan anew at the cut-over and at the way back.
fn functions(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let converted = look
        .touched
        .iter()
        .filter(|(_, columns)| !columns.is_empty());
    let tables: BTreeSet<&TableName> = converted.map(|(table, _)| *table).collect();
    let read = functions_read_by(
        look.snapshot,
        tables.iter().copied(),
        tables.iter().copied(),
    );
    let (object, name) = role(look);
    for function in &look.snapshot.functions {
        if function.language != "plpgsql"
            || !read.contains(&function.signature)
            || look.facts.role.has_rights_of.contains(&function.owner)
        {
            continue;
        }
        let owner = Ident::new(function.owner.as_str());
        findings.push(Finding::warning(
            "not-owner-of-function",
            format!("function {}", function.signature),
            format!(
                "it belongs to {owner}, so {object} cannot have sessions read it anew: one that has called it keeps the types that keys had then, and its writes fail after the cut-over, and after a way back, until it connects again"
            ),
            format!("GRANT {owner} TO {name}, or have the sessions that call it connect again at both"),
        ));
    }
}

/// A quiet backfill sets `session_replication_role` to `replica`.
fn triggers(look: &Look<'_>, findings: &mut Vec<Finding>) {
    let tables = look.quiet_tables();
    if tables.is_empty() || look.facts.role.may_silence_triggers {
        return;
    }
    let (object, name) = role(look);
    let remedy = if look.facts.state.version >= 150_000 {
        format!("GRANT SET ON PARAMETER session_replication_role TO {name}")
    } else {
        "Connect as a superuser: before PostgreSQL 15 this right cannot be granted".to_owned()
    };
    findings.push(Finding::no_go(
        "no-session-replication-role",
        object,
        format!(
            "it may not set session_replication_role, without which the triggers of {} would fire for every row that is filled",
            some(tables)
        ),
        remedy,
    ));
}
