//! What is in a schema, for the count of what was carried.

use std::collections::BTreeSet;

use crate::clients::Shape;
use crate::schema::*;
use crate::split::{Bound, By};

/// Names of what a converted schema has, as far as it matters to a conversion.
pub fn of(schema: &Schema, shapes: &[Shape]) -> BTreeSet<&'static str> {
    let converted = &shapes[shapes.len() - 1].converted;
    let touched = |table: &Table, at: usize| {
        table.columns[at]
            .root
            .is_some_and(|root| converted.contains(&root))
    };
    let mut found = BTreeSet::new();
    let mut has = |feature: &'static str, there: bool| {
        if there {
            found.insert(feature);
        }
    };
    has("several phases", shapes.len() > 2);
    has("several schemas", schema.schemas.len() > 1);
    has("views", !schema.views.is_empty());
    has(
        "views of keys",
        schema.views.iter().any(|view| match view.of {
            Source::Table(number) => {
                let table = &schema.tables[number];
                view.columns.iter().any(|&at| touched(table, at))
            }
            Source::View(_) => false,
        }),
    );
    has(
        "materialized views given anew",
        schema.views.iter().any(|view| {
            let table = &schema.tables[schema.table_of(view)];
            view.materialized && view.columns.iter().any(|&at| touched(table, at))
        }),
    );
    has("publications", !schema.publications.is_empty());
    for (number, table) in schema.tables.iter().enumerate() {
        if !(0..table.columns.len()).any(|at| touched(table, at)) {
            has("untouched tables", true);
            continue;
        }
        has(
            "domains",
            table
                .columns
                .iter()
                .enumerate()
                .any(|(at, c)| touched(table, at) && c.type_name.contains("Whole")),
        );
        for column in &table.columns {
            if let Role::Key(identity) = column.role {
                has(
                    match identity {
                        Identity::Serial => "serial",
                        Identity::ByDefault => "identity by default",
                        Identity::Always => "identity always",
                        Identity::OwnSequence => "own sequence",
                    },
                    true,
                );
            }
        }
        if let Some(split) = &table.split {
            has(
                match split.by {
                    By::Range(_) => "partitioned by range",
                    By::List(_) => "partitioned by list",
                    By::Hash(_) | By::HashOfTag => "partitioned by hash",
                },
                true,
            );
            let parts = split.all();
            let converted = table.key().is_some_and(|key| touched(table, key));
            has("partitioned keys", converted);
            has("partitions of partitions", parts.len() > split.parts.len());
            has(
                "default partitions",
                parts.iter().any(|part| part.bound == Bound::Rest),
            );
            has("attached partitions", parts.iter().any(|p| p.attached));
        }
        has(
            "policies given anew",
            (table.key_policy).is_some_and(|policy| touched(table, policy.column)),
        );
        has("tables without rows", table.rows == 0);
        has("long names", table.name.len() > 50);
        has("unlogged tables", table.unlogged);
        has("storage options", table.packed);
        has("comments", table.commented);
        has("grants", table.granted);
        has("column grants", table.columns.iter().any(|c| c.decorated));
        has("replica identity full", table.full_identity);
        has("no primary key", !table.uniques.iter().any(|u| u.primary));
        has("policies", table.policy);
        has("extended statistics", table.statistics);
        has(
            "checks",
            table.null_check.is_some_and(|at| touched(table, at)),
        );
        for trigger in &table.triggers {
            has(
                "triggers that change rows",
                matches!(trigger, Trigger::Capitals | Trigger::CapitalsOfNote),
            );
            has(
                "triggers that change references",
                matches!(trigger, Trigger::Borrow { .. }),
            );
            has("audit triggers", *trigger == Trigger::Audit);
        }
        for unique in table
            .uniques
            .iter()
            .filter(|u| u.columns.iter().any(|&at| touched(table, at)))
        {
            has(
                "composite primary keys",
                unique.primary && unique.columns.len() > 1,
            );
            has(
                "keys that are references",
                unique.primary && table.key().is_none(),
            );
            has("unique references", !unique.primary);
            has("deferrable uniques", unique.deferral != Deferral::Never);
            has("nulls not distinct", unique.nulls_not_distinct);
            has("include", !unique.include.is_empty());
        }
        for index in table
            .indexes
            .iter()
            .filter(|i| i.columns.iter().any(|&at| touched(table, at)))
        {
            has("partial indexes", index.predicate != Predicate::None);
            has("expression indexes", index.expression);
            has("hash and brin", index.method != "btree");
            has("clustered", index.clustered);
            has("unique indexes", index.unique);
        }
        for reference in table
            .references
            .iter()
            .filter(|r| r.columns.iter().any(|&at| touched(table, at)))
        {
            has("self-references", reference.table == number);
            has(
                "references to partitioned tables",
                schema.tables[reference.table].split.is_some(),
            );
            has("references of partitioned tables", table.split.is_some());
            has("cycles", reference.table > number);
            has("composite references", reference.columns.len() > 1);
            has("match full", reference.match_full);
            has(
                "deferrable references",
                reference.deferral != Deferral::Never,
            );
            has(
                "nullable references",
                reference
                    .columns
                    .iter()
                    .any(|&at| !table.columns[at].not_null),
            );
            has("cascades", reference.on_delete == Action::Cascade);
            has("set null", reference.on_delete == Action::SetNull);
            has("set null of some", reference.null_only.is_some());
            has("restrict", reference.on_delete == Action::Restrict);
            has("update cascades", reference.follows_updates);
        }
    }
    found
}
