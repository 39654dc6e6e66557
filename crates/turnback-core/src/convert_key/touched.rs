//! Which columns a conversion touches: the keys, and whatever foreign keys lead to them.

use std::collections::{BTreeMap, VecDeque};

use super::Lookup;
use crate::name::{Ident, TableName, literal};
use crate::plan::{ConvertKey, Generate};
use crate::preflight::Finding;
use crate::schema::{Snapshot, Table};

/// Everything that one phase converts.
#[derive(Debug)]
pub(crate) struct Conversion {
    pub(crate) phase: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) tables: BTreeMap<TableName, Vec<TouchedColumn>>,
}

/// A key that gets new values: the root that every touched column leads to.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) table: TableName,
    pub(crate) column: Ident,
    pub(crate) generate: Generate,
    /// An SQL expression that makes a fresh old key, for rows written through the new shape.
    pub(crate) allocate: String,
    /// Some touched column refers to it.
    pub(crate) is_referenced: bool,
}

/// A column that changes its type.
#[derive(Clone, Debug)]
pub(crate) struct TouchedColumn {
    pub(crate) name: Ident,
    /// Which of [`Conversion::keys`] its values are.
    pub(crate) key: usize,
    /// It is that key itself, and not a reference to it.
    pub(crate) is_key: bool,
    pub(crate) not_null: bool,
}

impl Conversion {
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&TableName, &TouchedColumn)> {
        self.tables
            .iter()
            .flat_map(|(table, columns)| columns.iter().map(move |column| (table, column)))
    }

    pub(crate) fn column(&self, table: &TableName, column: &Ident) -> Option<&TouchedColumn> {
        self.tables.get(table)?.iter().find(|c| &c.name == column)
    }

    pub(crate) fn key_of(&self, column: &TouchedColumn) -> &Key {
        &self.keys[column.key]
    }
}

/// Follows the foreign keys from the keys that the plan names.
pub(super) fn resolve(
    lookup: &Lookup<'_>,
    phase: &str,
    operations: &[ConvertKey],
) -> Result<Conversion, Vec<Finding>> {
    let snapshot = lookup.snapshot;
    let mut findings = Vec::new();
    let mut keys = Vec::new();
    for operation in operations {
        match key(snapshot, operation) {
            Ok(key) => keys.push(key),
            Err(finding) => findings.push(finding),
        }
    }
    let reached = closure(lookup, &keys, &mut findings);
    let tables = collect(snapshot, &keys, &reached, &mut findings);
    for column in tables.values().flatten().filter(|column| !column.is_key) {
        keys[column.key].is_referenced = true;
    }
    if findings.is_empty() {
        Ok(Conversion {
            phase: phase.to_owned(),
            keys,
            tables,
        })
    } else {
        Err(findings)
    }
}

fn key(snapshot: &Snapshot, operation: &ConvertKey) -> Result<Key, Finding> {
    let object = format!("table {}", operation.table);
    let Some(table) = snapshot.tables.get(&operation.table) else {
        return Err(Finding::no_go(
            "unknown-table",
            object,
            "there is no such table",
            "Correct the name in the plan; names without a schema are looked up in the plan's `schema`",
        ));
    };
    let column = match (&operation.column, table.primary_key()) {
        (Some(column), _) => column.clone(),
        (None, Some(primary)) if primary.columns.len() == 1 => primary.columns[0].clone(),
        (None, Some(primary)) => {
            return Err(Finding::no_go(
                "composite-key",
                object,
                format!("its primary key has {} columns", primary.columns.len()),
                "Columns that are foreign keys follow by themselves when the table they point at is converted; \
                 for a key of its own name it with `column:`",
            ));
        }
        (None, None) => {
            return Err(Finding::no_go(
                "no-primary-key",
                object,
                "it has no primary key",
                "Add one, or name a unique column with `column:`",
            ));
        }
    };
    let object = format!("column {}.{column}", operation.table);
    let Some(found) = table.column(&column) else {
        return Err(Finding::no_go(
            "unknown-column",
            object,
            "there is no such column",
            "Correct the name in the plan",
        ));
    };
    if !found.is_integer() {
        return Err(Finding::no_go(
            "not-an-integer",
            object,
            format!(
                "its type is {}, and convert_key starts from smallint, integer or bigint",
                found.type_name
            ),
            "Leave it out of the plan",
        ));
    }
    if let Some((constraint, far)) = table
        .foreign_keys()
        .find(|(c, _)| c.columns == [column.clone()])
    {
        return Err(Finding::no_go(
            "key-is-a-foreign-key",
            object,
            format!(
                "it takes its values from {} (foreign key {})",
                far.table, constraint.name
            ),
            format!(
                "Convert {} instead: this column follows by itself",
                far.table
            ),
        ));
    }
    if !is_unique(table, &column) {
        return Err(Finding::no_go(
            "not-unique",
            object.clone(),
            "no unique index on this column alone says that its values differ, so a value cannot stand for one row",
            format!(
                "CREATE UNIQUE INDEX CONCURRENTLY ON {} ({column})",
                operation.table
            ),
        ));
    }
    if !found.not_null {
        return Err(Finding::no_go(
            "nullable-key",
            object,
            "it may be null, and a row without an old key would have no new one",
            format!(
                "ALTER TABLE {} ALTER COLUMN {column} SET NOT NULL",
                operation.table
            ),
        ));
    }
    // A sequence that the column owns but does not draw from fills no row.
    let draws = found.identity.is_some()
        || found
            .default
            .as_deref()
            .is_some_and(|default| default.contains("nextval("));
    let allocate = match (found.sequence.as_ref().filter(|_| draws), &found.default) {
        (Some(sequence), _) => format!(
            "pg_catalog.nextval({}::regclass)",
            literal(&sequence.to_string())
        ),
        (None, Some(default)) if default.contains("nextval(") => default.clone(),
        _ => {
            return Err(Finding::no_go(
                "no-sequence",
                object,
                "it has no sequence to take a value from, and rows written through the new shape need an old key too",
                "Give it a default first: CREATE SEQUENCE, then ALTER COLUMN … SET DEFAULT nextval(…)",
            ));
        }
    };
    Ok(Key {
        table: operation.table.clone(),
        column,
        generate: operation.generate.clone(),
        allocate,
        is_referenced: false,
    })
}

/// A valid unique index on this column alone, over all rows.
fn is_unique(table: &Table, column: &Ident) -> bool {
    table.indexes.iter().any(|index| {
        index.unique
            && index.valid
            && index.predicate.is_none()
            && matches!(index.keys.as_slice(), [only] if matches!(&only.what, crate::schema::IndexedBy::Column(c) if c == column))
    })
}

type Reached = BTreeMap<(TableName, Ident), usize>;

/// Every column that leads to a key by foreign keys, with the key it leads to.
fn closure(lookup: &Lookup<'_>, keys: &[Key], findings: &mut Vec<Finding>) -> Reached {
    let mut reached = Reached::new();
    let mut queue: VecDeque<((TableName, Ident), usize)> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| ((key.table.clone(), key.column.clone()), index))
        .collect();
    while let Some((column, key)) = queue.pop_front() {
        match reached.get(&column) {
            Some(known) if *known == key => continue,
            Some(known) => {
                findings.push(Finding::no_go(
                    "two-keys",
                    format!("column {}.{}", column.0, column.1),
                    format!(
                        "it leads to two different keys, {} and {}, and one uuid cannot be both",
                        keys[*known].table, keys[key].table
                    ),
                    "Give each reference a column of its own before the conversion",
                ));
                continue;
            }
            None => {
                for (table, near) in lookup
                    .pointing
                    .get(&(&column.0, &column.1))
                    .into_iter()
                    .flatten()
                {
                    queue.push_back((((*table).clone(), (*near).clone()), key));
                }
                reached.insert(column, key);
            }
        }
    }
    reached
}

fn collect(
    snapshot: &Snapshot,
    keys: &[Key],
    reached: &Reached,
    findings: &mut Vec<Finding>,
) -> BTreeMap<TableName, Vec<TouchedColumn>> {
    let mut tables: BTreeMap<TableName, Vec<TouchedColumn>> = BTreeMap::new();
    for ((name, column), key) in reached {
        let Some(found) = snapshot
            .tables
            .get(name)
            .and_then(|table| table.column(column))
        else {
            continue;
        };
        let object = format!("column {name}.{column}");
        if !found.is_integer() {
            findings.push(Finding::no_go(
                "not-an-integer",
                object,
                format!(
                    "it points at {} but its type is {}",
                    keys[*key].table, found.type_name
                ),
                "Only smallint, integer and bigint columns are carried; change its type first",
            ));
            continue;
        }
        tables.entry(name.clone()).or_default().push(TouchedColumn {
            name: column.clone(),
            key: *key,
            is_key: keys[*key].table == *name && keys[*key].column == *column,
            not_null: found.not_null,
        });
    }
    // In the table's own order of columns, so that previews read like the table.
    for (name, columns) in &mut tables {
        let position = |column: &TouchedColumn| {
            snapshot.tables[name]
                .columns
                .iter()
                .position(|c| c.name == column.name)
        };
        columns.sort_by_key(position);
    }
    tables
}
