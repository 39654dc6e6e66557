//! What preflight must refuse: nothing more, nothing less.

use std::collections::BTreeSet;

use crate::clients::Shape;
use crate::schema::*;
use crate::split::Split;
use crate::ways;

/// The rules that must refuse a schema when its keys are converted to these shapes, one after
/// the other.
pub fn codes(schema: &Schema, shapes: &[Shape], server_version: u32) -> BTreeSet<&'static str> {
    let mut codes = BTreeSet::new();
    for step in shapes.windows(2) {
        let (before, after) = (&step[0].converted, &step[1].converted);
        let phase = Phase {
            schema,
            own: after.difference(before).copied().collect(),
        };
        // What cannot be followed is not looked at any further.
        let unclear = phase.unclear();
        if unclear.is_empty() {
            codes.extend(phase.not_carried(server_version));
        }
        codes.extend(unclear);
    }
    codes
}

/// Keys that change together.
struct Phase<'a> {
    schema: &'a Schema,
    own: BTreeSet<usize>,
}

impl Phase<'_> {
    fn touched(&self, column: &Column) -> bool {
        column.root.is_some_and(|root| self.own.contains(&root))
    }

    /// Where it cannot even be said which columns change.
    fn unclear(&self) -> BTreeSet<&'static str> {
        let mut codes = BTreeSet::new();
        // A number that others refer to looks like a key; what fills it is the user's secret.
        for &root in &self.own {
            match self.schema.tables[root].key() {
                None => {
                    codes.insert("no-sequence");
                }
                Some(key) => codes.extend(ways::to(self.schema, root, key).unclear),
            }
        }
        codes
    }

    fn not_carried(&self, server_version: u32) -> BTreeSet<&'static str> {
        let tables = || self.schema.tables.iter();
        let mut codes = BTreeSet::new();
        // Before PostgreSQL 15 a view cannot show what its reader may see.
        let secured =
            tables().any(|table| table.policy && table.columns.iter().any(|c| self.touched(c)));
        if secured && server_version < 150_000 {
            codes.insert("row-security");
        }
        for table in tables() {
            let (columns, _) = table.split.as_ref().map(Split::columns).unwrap_or_default();
            if columns.iter().any(|&at| self.touched(&table.columns[at])) {
                codes.insert("partition-key");
            }
        }
        let keys = self
            .own
            .iter()
            .filter_map(|&root| Some((root, tables().nth(root)?.key()?)));
        for ((table, _), beside) in
            keys.flat_map(|(root, key)| ways::to(self.schema, root, key).known)
        {
            let columns = &self.schema.tables[table].columns;
            if beside.iter().any(|&(near, _)| self.touched(&columns[near])) {
                codes.insert("two-keys-at-once");
            }
        }
        codes.extend(self.schema.defect.iter().filter_map(|d| self.defect(d)));
        for reference in tables().flat_map(|table| &table.references) {
            let there = &self.schema.tables[reference.table];
            let changes = |at: &usize| self.touched(&there.columns[*at]);
            // The index goes without its foreign key where no key of it goes in the same phase.
            if stands_on(there, reference).iter().any(changes) && !reference.far.iter().any(changes)
            {
                codes.insert("foreign-key-on-include");
            }
        }
        codes
    }

    fn defect(&self, defect: &Defect) -> Option<&'static str> {
        let table = &self.schema.tables[defect.table];
        let whole_table = table.columns.iter().any(|c| self.touched(c));
        let column = self.touched(&table.columns[defect.column]);
        match defect.kind {
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
            DefectKind::Materialized => column.then_some("materialized-view"),
            DefectKind::PublishedColumn | DefectKind::PublishedRows => {
                column.then_some("publication-columns")
            }
            DefectKind::Function => column.then_some("function"),
            DefectKind::ViewOfPartition => {
                (column && table.split.is_some()).then_some("view-of-a-partition")
            }
        }
    }
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
