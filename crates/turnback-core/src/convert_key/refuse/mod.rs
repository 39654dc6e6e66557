//! What this operation cannot carry, found before anything is touched and named object by
//! object. Nothing is dropped silently.

mod constraint;
mod domain;
mod function;
mod index;
mod partition;
mod policy;
mod publication;
mod rule;
mod sequence;
mod statistics;
mod table;
mod trigger;
mod turn;
mod view;

use std::collections::BTreeSet;

use super::Lookup;
use super::policies::NewPolicy;
use super::reach::Reach;
use super::touched::Conversion;
use super::versions::{BASE, LiveVersion, version_schema};
use super::views::Carried;
use crate::name::{Ident, TableName};
use crate::preflight::Finding;
use crate::schema::{Snapshot, Table};

pub(super) fn findings(
    lookup: &Lookup<'_>,
    conversion: &Conversion,
    given: &[NewPolicy<'_>],
    views: &[Carried<'_>],
    live: &[LiveVersion],
) -> Vec<Finding> {
    let snapshot = lookup.snapshot;
    let mut findings = Vec::new();
    for name in conversion.relations() {
        let table = &snapshot.tables[name];
        let touched = conversion.names_of(name);
        let look = Look {
            name,
            table,
            touched: &touched,
        };
        table::whole_table(snapshot, &look, &lookup.parents, &mut findings);
        table::columns_of(conversion, &look, &mut findings);
        partition::partitions_of(conversion, &look, &mut findings);
        // What a partition has from above is judged there.
        for index in table
            .indexes
            .iter()
            .filter(|index| index.parent.is_none() && !index.name.is_aside())
        {
            index::index_of(&look, index, &mut findings);
            index::stood_on(snapshot, &look, index, &mut findings);
        }
        constraint::constraints_of(&look, &mut findings);
        statistics::statistics_of(&look, &mut findings);
        trigger::triggers_of(snapshot, conversion, &look, &mut findings);
    }
    for carried in views {
        view::view(snapshot, conversion, carried, &mut findings);
    }
    partition::pointed_at(snapshot, conversion, &mut findings);
    partition::read_by_views(snapshot, conversion, &mut findings);
    let reach = Reach::new(snapshot, conversion);
    policy::policies(snapshot, &reach, given, &mut findings);
    rule::rules(snapshot, conversion, &reach, &mut findings);
    function::functions(snapshot, conversion, &reach, &mut findings);
    publication::publications(snapshot, conversion, &mut findings);
    turn::turns(lookup, conversion, &mut findings);
    sequence::sequences(snapshot, conversion, &mut findings);
    collisions(snapshot, conversion, views, live, &mut findings);
    findings
}

/// A touched table, with its touched columns.
struct Look<'a> {
    name: &'a TableName,
    table: &'a Table,
    touched: &'a [Ident],
}

impl Look<'_> {
    fn touches<'i>(&self, columns: impl IntoIterator<Item = &'i Ident>) -> bool {
        columns
            .into_iter()
            .any(|column| self.touched.contains(column))
    }
}

fn collisions(
    snapshot: &Snapshot,
    conversion: &Conversion,
    views: &[Carried<'_>],
    live: &[LiveVersion],
    findings: &mut Vec<Finding>,
) {
    if conversion.phase == BASE {
        findings.push(Finding::no_go(
            "name-taken",
            format!("phase {BASE}"),
            "its version schemas would have the names of those that show the database as it was",
            "Give the phase another id",
        ));
    }
    for (table, column) in conversion.columns() {
        for name in [column.name.new_shape(), column.name.old_shape()] {
            if snapshot.tables[table].column(&name).is_some() {
                findings.push(Finding::no_go(
                    "name-taken",
                    format!("column {table}.{name}"),
                    "turnback needs this name, and a column has it already (the remains of another run?)",
                    "If another plan is at work here, finish it or turn it back; otherwise rename the column",
                ));
            }
        }
    }
    let schemas: BTreeSet<&Ident> = conversion
        .tables
        .keys()
        .chain(views.iter().map(|carried| carried.name))
        .map(|relation| &relation.schema)
        .collect();
    let mut tags = vec![conversion.phase.as_str()];
    if live.is_empty() {
        tags.push(BASE);
    }
    for schema in schemas {
        for tag in &tags {
            let name = version_schema(schema, tag);
            if snapshot.schemas.contains_key(&name) {
                findings.push(Finding::no_go(
                    "name-taken",
                    format!("schema {name}"),
                    "turnback needs this name for a version schema, and it is taken",
                    "Rename the schema, or the phase",
                ));
            }
        }
    }
}
