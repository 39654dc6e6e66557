//! What preflight must refuse: nothing more, nothing less.

use std::collections::BTreeSet;

use crate::clients::Shape;
use crate::schema::*;

/// The rules that must refuse a schema when its keys are converted to these shapes, one after
/// the other.
pub fn codes(schema: &Schema, shapes: &[Shape], server_version: u32) -> BTreeSet<&'static str> {
    let converted = &shapes[shapes.len() - 1].converted;
    let touched = |column: &Column| column.root.is_some_and(|root| converted.contains(&root));
    let mut codes = BTreeSet::new();
    // Before PostgreSQL 15 a view cannot show what its reader may see.
    let secured = schema
        .tables
        .iter()
        .any(|table| table.policy && table.columns.iter().any(touched));
    if secured && server_version < 150_000 {
        codes.insert("row-security");
    }
    // A number that others refer to looks like a key; what fills it is the user's secret.
    let without_sequence = |number: &usize| {
        let columns = &schema.tables[*number].columns;
        !columns.iter().any(|c| matches!(c.role, Role::Key(_)))
    };
    if converted.iter().any(without_sequence) {
        codes.insert("no-sequence");
    }
    if let Some(defect) = &schema.defect {
        let table = &schema.tables[defect.table];
        let whole_table = table.columns.iter().any(touched);
        let column = touched(&table.columns[defect.column]);
        let code = match defect.kind {
            DefectKind::ExpressionIndex => column.then_some("expression-index"),
            DefectKind::PredicateIndex => column.then_some("index-predicate"),
            DefectKind::Check => column.then_some("check-constraint"),
            DefectKind::TriggerOf => column.then_some("trigger-columns"),
            DefectKind::Generated => column.then_some("generated-column"),
            DefectKind::Inheritance => whole_table.then_some("inheritance"),
            // Carried.
            DefectKind::Statistics => None,
            // A key's own default is what a key has.
            DefectKind::Default => {
                let own = table.columns[defect.column].role;
                (column && own == Role::Reference).then_some("reference-default")
            }
            DefectKind::Policy => column.then_some("policy"),
            DefectKind::Rule => whole_table.then_some("rule"),
        };
        codes.extend(code);
    }
    for reference in schema.tables.iter().flat_map(|table| &table.references) {
        let there = &schema.tables[reference.table];
        let phase = |at: &usize| {
            let root = there.columns[*at].root?;
            shapes
                .iter()
                .position(|shape| shape.converted.contains(&root))
        };
        let own: BTreeSet<Option<usize>> = reference.far.iter().map(phase).collect();
        let includes = stands_on(there, reference).iter().map(phase);
        // The index goes without its foreign key where no key of it goes in the same phase.
        if includes.flatten().any(|phase| !own.contains(&Some(phase))) {
            codes.insert("foreign-key-on-include");
        }
    }
    codes
}

/// What the unique index includes that a foreign key stands on: of those that would do, the one
/// that was made first.
fn stands_on<'a>(there: &'a Table, reference: &Reference) -> &'a [usize] {
    let far: BTreeSet<&usize> = reference.far.iter().collect();
    let uniques = there
        .uniques
        .iter()
        .filter(|u| u.deferral == Deferral::Never)
        .map(|u| (&u.columns, &u.include));
    let indexes = there
        .indexes
        .iter()
        .filter(|i| i.unique && i.predicate == Predicate::None)
        .map(|i| (&i.columns, &i.include));
    uniques
        .chain(indexes)
        .find(|(columns, _)| columns.iter().collect::<BTreeSet<_>>() == far)
        .map_or(&[], |(_, include)| include)
}
