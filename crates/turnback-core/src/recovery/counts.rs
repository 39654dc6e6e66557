//! What is counted to see that the data is whole: rows, and references that lead nowhere.

use std::collections::BTreeSet;

use crate::name::TableName;
use crate::schema::{Constraint, ConstraintKind, ForeignKey, Snapshot, TableKind};
use crate::step::Check;

/// The rows of each table, as queries with one number. Partitions count with the table above
/// them, where that is among the tables.
pub fn rows(catalog: &Snapshot, tables: &BTreeSet<TableName>) -> Vec<(TableName, String)> {
    tables
        .iter()
        .filter(|name| {
            catalog.tables.get(*name).is_some_and(|table| {
                table.kind != TableKind::Partition
                    || !table.parents.iter().any(|above| tables.contains(above))
            })
        })
        .map(|name| (name.clone(), format!("SELECT count(*) FROM {name}")))
        .collect()
}

/// For each foreign key of these tables, or to one of them, a query that counts the rows whose
/// reference leads nowhere. Those of partitions count with the table above them.
pub fn orphans(catalog: &Snapshot, tables: &BTreeSet<TableName>) -> Vec<Check> {
    foreign_keys(catalog, tables)
        .into_iter()
        .map(|(table, constraint, key)| Check {
            promise: format!(
                "every row of {table} refers by {} to a row",
                constraint.name
            ),
            sql: orphans_of(table, constraint, key),
        })
        .collect()
}

/// The foreign keys of these tables, and those to one of them.
fn foreign_keys<'a>(
    catalog: &'a Snapshot,
    tables: &BTreeSet<TableName>,
) -> Vec<(&'a TableName, &'a Constraint, &'a ForeignKey)> {
    catalog
        .tables
        .iter()
        .flat_map(|(name, table)| table.constraints.iter().map(move |found| (name, found)))
        .filter_map(|(name, constraint)| match &constraint.kind {
            ConstraintKind::ForeignKey(key) if constraint.parent.is_none() => {
                Some((name, constraint, key))
            }
            _ => None,
        })
        .filter(|(name, _, key)| tables.contains(*name) || tables.contains(&key.table))
        .collect()
}

/// `MATCH SIMPLE` asks nothing of a row with a null among its columns, and with `MATCH FULL` such
/// a row has nulls only (PostgreSQL manual, CREATE TABLE).
fn orphans_of(table: &TableName, constraint: &Constraint, key: &ForeignKey) -> String {
    let given: Vec<String> = constraint
        .columns
        .iter()
        .map(|column| format!("c.{column} IS NOT NULL"))
        .collect();
    let same: Vec<String> = constraint
        .columns
        .iter()
        .zip(&key.columns)
        .map(|(column, far)| format!("p.{far} = c.{column}"))
        .collect();
    format!(
        "SELECT count(*) FROM {table} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {})",
        given.join(" AND "),
        key.table,
        same.join(" AND ")
    )
}

/// How many foreign keys of these tables there are, and which of them are not validated.
pub fn unvalidated(catalog: &Snapshot, tables: &BTreeSet<TableName>) -> (usize, Vec<String>) {
    let keys = foreign_keys(catalog, tables);
    let open = keys
        .iter()
        .filter(|(_, constraint, _)| !constraint.validated);
    let named = open.map(|(table, constraint, _)| format!("{} on {table}", constraint.name));
    (keys.len(), named.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Ident;
    use crate::schema::{Action, Table};

    fn catalog() -> (Snapshot, BTreeSet<TableName>) {
        let users = TableName::new("public", "users");
        let logs = TableName::new("public", "Logs");
        let key = Constraint {
            name: Ident::new("logs_user"),
            columns: vec![Ident::new("user_id"), Ident::new("of")],
            kind: ConstraintKind::ForeignKey(ForeignKey {
                table: users.clone(),
                columns: vec![Ident::new("id"), Ident::new("tenant")],
                on_update: Action::NoAction,
                on_delete: Action::NoAction,
                on_delete_columns: vec![],
                match_full: false,
                index: None,
                turn: None,
            }),
            deferrable: false,
            deferred: false,
            validated: false,
            inherited: false,
            parent: None,
            definition: String::new(),
            comment: None,
        };
        let mut catalog = Snapshot::default();
        catalog.tables.insert(users.clone(), Table::default());
        catalog.tables.insert(
            logs,
            Table {
                constraints: vec![key],
                ..Table::default()
            },
        );
        (catalog, BTreeSet::from([users]))
    }

    #[test]
    fn a_reference_leads_nowhere_where_no_row_has_all_its_columns() {
        let (catalog, tables) = catalog();
        let checks = orphans(&catalog, &tables);
        assert_eq!(
            checks[0].sql,
            "SELECT count(*) FROM public.\"Logs\" c WHERE c.user_id IS NOT NULL AND c.of IS NOT NULL \
             AND NOT EXISTS (SELECT FROM public.users p WHERE p.id = c.user_id AND p.tenant = c.of)"
        );
        assert_eq!(checks.len(), 1);
    }

    #[test]
    fn foreign_keys_to_a_table_count_with_its_own() {
        let (catalog, tables) = catalog();
        let (all, open) = unvalidated(&catalog, &tables);
        assert_eq!(
            (all, open),
            (1, vec!["logs_user on public.\"Logs\"".to_owned()])
        );
    }
}
