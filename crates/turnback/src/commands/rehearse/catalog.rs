//! The catalog: whether the way back led to where it began, and which phase left what; and which
//! tables clients work on.

use std::collections::BTreeSet;

use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{Operations, Plan};
use turnback_core::program::Program;
use turnback_core::schema::{Snapshot, differences};
use turnback_engine::edges::PhaseRecord;

use super::load::SCHEMA;
use super::verdict::{Catalog, Differs};

/// Compares the catalog with the one before, and finds out which phase left what. `top` is the
/// one in which every phase had gone forward.
pub(super) fn compared(
    before: &Snapshot,
    after: &Snapshot,
    records: &[PhaseRecord],
    top: &Snapshot,
) -> Catalog {
    let left = differences(&without_ours(before), &without_ours(after));
    let differs = left.iter().map(|difference| {
        // What a phase changed is what differs between the catalog before it and the one
        // before the next.
        let by = records.iter().enumerate().find(|(at, record)| {
            let next = records.get(at + 1).map_or(top, |next| &next.before);
            differences(&record.before, next)
                .iter()
                .any(|d| difference.at.starts_with(&d.at) || d.at.starts_with(&difference.at))
        });
        Differs {
            phase: by.map(|(_, record)| record.phase.clone()),
            what: difference.to_string(),
        }
    });
    Catalog {
        identical: Some(left.is_empty()),
        differences: differs.collect(),
    }
}

/// The catalog without what the rehearsal keeps in it.
fn without_ours(snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    snapshot.schemas.remove(&Ident::new(SCHEMA));
    snapshot
        .tables
        .retain(|name, _| name.schema.as_str() != SCHEMA);
    snapshot
}

/// Tables that clients work on: those that change, and those that SQL of the user's names.
pub(super) fn tables(
    plan: &Plan,
    snapshot: &Snapshot,
    programs: &[&Program],
) -> BTreeSet<TableName> {
    let mut tables: BTreeSet<TableName> = programs
        .iter()
        .flat_map(|program| program.tables.iter().cloned())
        .collect();
    let mut words: BTreeSet<String> = BTreeSet::new();
    for phase in &plan.phases {
        if let Operations::Sql(operations) = &phase.operations {
            for text in operations
                .iter()
                .flat_map(|o| [Some(&o.up), o.down.as_ref()])
                .flatten()
            {
                let of = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                words.extend(of.map(str::to_lowercase));
            }
        }
    }
    let named = snapshot
        .tables
        .keys()
        .filter(|name| words.contains(&name.name.as_str().to_lowercase()));
    tables.extend(named.cloned());
    tables
}
