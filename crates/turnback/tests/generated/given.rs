//! What the plan gives anew: policies and materialized views that compute with a key.

use std::collections::BTreeSet;

use turnback_core::name::{Ident, TableName};
use turnback_core::plan::{Operations, Plan, Recreate, Recreated};

use crate::clients::Shape;
use crate::ddl::Ddl;
use crate::schema::*;

impl Schema {
    /// The table that a view shows, on whatever way.
    pub fn table_of(&self, view: &View) -> usize {
        match view.of {
            Source::Table(table) => table,
            Source::View(view) => self.table_of(&self.views[view]),
        }
    }
}

/// Adds to each phase what it has to give anew, as it is in the shape that the phase leads to.
pub fn add(schema: &Schema, plan: &mut Plan, shapes: &[Shape]) {
    for (n, phase) in plan.phases.iter_mut().enumerate() {
        let (before, after) = (&shapes[n].converted, &shapes[n + 1].converted);
        let own: BTreeSet<usize> = after.difference(before).copied().collect();
        let changes = |column: &Column| column.root.is_some_and(|root| own.contains(&root));
        let ddl = Ddl {
            schema,
            converted: after,
        };
        let mut given = Vec::new();
        for (number, table) in schema.tables.iter().enumerate() {
            let policy = table.key_policy;
            if let Some(policy) = policy.filter(|policy| changes(&table.columns[policy.column])) {
                given.push(Recreate {
                    what: Recreated::Policy {
                        name: Ident::new("By Key"),
                        on: TableName::new(
                            schema.schemas[table.schema].as_str(),
                            table.name.as_str(),
                        ),
                    },
                    sql: ddl.key_policy(number, policy),
                });
            }
        }
        for view in schema.views.iter().filter(|view| view.materialized) {
            let table = &schema.tables[schema.table_of(view)];
            if view.columns.iter().any(|&at| changes(&table.columns[at])) {
                given.push(Recreate {
                    what: Recreated::MaterializedView(TableName::new(
                        schema.schemas[view.schema].as_str(),
                        view.name.as_str(),
                    )),
                    sql: ddl.view(view).join(";\n"),
                });
            }
        }
        // It may stand under any operation of the phase.
        if let Operations::ConvertKeys(operations) = &mut phase.operations {
            let count = operations.len();
            for (n, one) in given.into_iter().enumerate() {
                operations[n % count].recreate.push(one);
            }
        }
    }
}
