//! Views and materialized views that cannot be carried.

use crate::convert_key::constraints::mentions;
use crate::convert_key::touched::Conversion;
use crate::convert_key::views::{Carried, makes_materialized_view};
use crate::name::{Ident, TableName, list};
use crate::preflight::Finding;
use crate::schema::{Snapshot, View};

pub(super) fn view(
    snapshot: &Snapshot,
    conversion: &Conversion,
    carried: &Carried<'_>,
    findings: &mut Vec<Finding>,
) {
    let (name, view) = (carried.name, carried.view);
    let kind = carried.kind().to_lowercase();
    let object = format!("{kind} {name}");
    if view.materialized {
        materialized(conversion, carried, &object, findings);
    }
    for (table, constraint) in &view.counts_on {
        if moves(snapshot, conversion, table, constraint) {
            findings.push(Finding::no_go(
                "view-group-by",
                &object,
                format!(
                    "its GROUP BY counts on {constraint} of {table} for columns that it does not name, and that key becomes another"
                ),
                format!(
                    "CREATE OR REPLACE VIEW {name} with every column that it shows in its GROUP BY"
                ),
            ));
        }
    }
    for rule in &view.rules {
        findings.push(Finding::no_go(
            "view-rule",
            &object,
            format!("it has a rule of its own, and turnback does not carry those: {rule}"),
            "Turn the rule into an INSTEAD OF trigger, or drop it",
        ));
    }
    for dependent in &view.dependents {
        findings.push(Finding::no_go(
            "view-dependent",
            format!("{dependent}, on {object}"),
            "it is bound to this view, and would follow the old one when the new one takes its place",
            "Drop it for the time of the change, or have it read the tables; a function may keep its body as a string",
        ));
    }
    triggers(snapshot, conversion, &object, view, findings);
}

fn materialized(
    conversion: &Conversion,
    carried: &Carried<'_>,
    object: &str,
    findings: &mut Vec<Finding>,
) {
    let name = carried.name;
    match carried.sql {
        None => {
            let reads: Vec<String> = carried
                .view
                .reads
                .iter()
                .flat_map(|(table, columns)| columns.iter().map(move |column| (table, column)))
                .filter(|(table, column)| conversion.column(table, column).is_some())
                .map(|(table, column)| format!("{table}.{column}"))
                .collect();
            let reads = if reads.is_empty() {
                list(carried.view.reads.keys())
            } else {
                list(reads)
            };
            findings.push(Finding::no_go(
                "materialized-view",
                object,
                format!("it keeps what it read from {reads}, which changes"),
                format!(
                    "Give it anew in the plan: recreate: [{{ materialized_view: {name}, sql: \"CREATE MATERIALIZED VIEW {name} AS …\" }}], or drop it for the time of the change"
                ),
            ));
        }
        Some(sql) if !makes_materialized_view(sql) => findings.push(Finding::no_go(
            "recreate-sql",
            object,
            "what the plan gives for it under recreate does not begin with CREATE MATERIALIZED VIEW",
            format!("Begin with CREATE MATERIALIZED VIEW {name} AS …; its indexes follow after that"),
        )),
        Some(_) => findings.push(Finding::note(
            "materialized-view",
            object,
            "the one that the plan gives anew is filled once, towards the end of expand; neither is refreshed by turnback after that",
            format!("REFRESH MATERIALIZED VIEW {name} goes on refreshing the one that its schema shows"),
        )),
    }
}

/// Whether the cut-over puts another constraint in this one's place.
fn moves(
    snapshot: &Snapshot,
    conversion: &Conversion,
    table: &TableName,
    constraint: &Ident,
) -> bool {
    let found = snapshot
        .tables
        .get(table)
        .and_then(|entry| entry.constraints.iter().find(|c| c.name == *constraint));
    found.is_some_and(|constraint| {
        let mut columns = constraint.columns.iter();
        columns.any(|column| conversion.column(table, column).is_some())
    })
}

fn triggers(
    snapshot: &Snapshot,
    conversion: &Conversion,
    object: &str,
    view: &View,
    findings: &mut Vec<Finding>,
) {
    let touched: Vec<Ident> = conversion.columns().map(|(_, c)| c.name.clone()).collect();
    for trigger in &view.triggers {
        let call = format!("{}(", trigger.function);
        let mut functions = snapshot.functions.iter();
        let function = functions.find(|f| f.signature.starts_with(&call));
        if function.is_some_and(|function| mentions(&function.source, &touched)) {
            findings.push(Finding::warning(
                "trigger-function",
                format!("trigger {} on {object}", trigger.name),
                format!(
                    "its function {} mentions a key: called through the old view it sees an integer, through the new one a uuid",
                    trigger.function
                ),
                "Read the function: it must write to the tables of its caller's search_path, and not put the key in an integer",
            ));
        }
    }
}
