//! Which columns a conversion touches: the keys, and whatever foreign keys lead to them.

use std::collections::{BTreeMap, VecDeque};

use super::Lookup;
use super::lookup::Pointer;
use crate::name::{Ident, TableName, list, literal};
use crate::plan::{ConvertKey, Generate};
use crate::preflight::Finding;
use crate::schema::{Column, IndexedBy, Snapshot, Table};

/// Everything that one phase converts.
#[derive(Debug)]
pub(crate) struct Conversion {
    pub(crate) phase: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) tables: BTreeMap<TableName, Vec<TouchedColumn>>,
    /// Of these, the partitioned ones: each with itself and its partitions, parents first.
    pub(crate) families: BTreeMap<TableName, Vec<TableName>>,
    roots: BTreeMap<TableName, TableName>,
}

/// A key that gets new values: the root that every touched column leads to.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) table: TableName,
    pub(crate) column: Ident,
    pub(crate) generate: Generate,
    /// An SQL expression that makes a fresh old key, for rows written through the new shape.
    pub(crate) allocate: String,
    /// Columns that it takes beside the key to name one row by an index: those of the partition
    /// key, without which a partitioned table has no unique index. Empty for other tables.
    pub(crate) beside: Vec<Ident>,
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
    /// Columns of this table that go with it, each with the one of [`Key::beside`] it matches.
    pub(crate) beside: Vec<(Ident, Ident)>,
}

impl Conversion {
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&TableName, &TouchedColumn)> {
        self.tables
            .iter()
            .flat_map(|(table, columns)| columns.iter().map(move |column| (table, column)))
    }

    pub(crate) fn column(&self, table: &TableName, column: &Ident) -> Option<&TouchedColumn> {
        self.columns_of(table).iter().find(|c| &c.name == column)
    }

    /// Touched columns of a table, or of the partitioned table that it is a partition of.
    pub(crate) fn columns_of(&self, table: &TableName) -> &[TouchedColumn] {
        self.tables
            .get(self.root_of(table))
            .map_or(&[], Vec::as_slice)
    }

    /// Their names in the old shape.
    pub(crate) fn names_of(&self, table: &TableName) -> Vec<Ident> {
        let columns = self.columns_of(table).iter();
        columns.map(|column| column.name.clone()).collect()
    }

    /// Whether the table, or the partitioned one that it is a partition of, is touched.
    pub(crate) fn touches(&self, table: &TableName) -> bool {
        self.tables.contains_key(self.root_of(table))
    }

    /// The table itself, or the touched one at the top of those it is a partition of.
    pub(crate) fn root_of<'t>(&'t self, table: &'t TableName) -> &'t TableName {
        self.roots.get(table).unwrap_or(table)
    }

    /// Whether any touched table is partitioned.
    pub(crate) fn has_partitions(&self) -> bool {
        !self.roots.is_empty()
    }

    /// Every touched table, partitions among them.
    pub(crate) fn relations(&self) -> impl Iterator<Item = &TableName> {
        self.tables
            .keys()
            .flat_map(|table| match self.families.get(table) {
                Some(members) => members.as_slice(),
                None => std::slice::from_ref(table),
            })
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
        match key(lookup, operation) {
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
        let families: BTreeMap<TableName, Vec<TableName>> = tables
            .keys()
            .filter_map(|table| Some((table.clone(), lookup.families.get(table)?)))
            .map(|(table, members)| (table, members.iter().map(|m| (*m).clone()).collect()))
            .collect();
        let roots = families
            .iter()
            .flat_map(|(root, members)| members.iter().map(|m| (m.clone(), root.clone())))
            .collect();
        Ok(Conversion {
            phase: phase.to_owned(),
            keys,
            tables,
            families,
            roots,
        })
    } else {
        Err(findings)
    }
}

fn key(lookup: &Lookup<'_>, operation: &ConvertKey) -> Result<Key, Finding> {
    let snapshot = lookup.snapshot;
    let object = format!("table {}", operation.table);
    let Some(table) = snapshot.tables.get(&operation.table) else {
        return Err(Finding::no_go(
            "unknown-table",
            object,
            "there is no such table",
            "Correct the name in the plan; names without a schema are looked up in the plan's `schema`",
        ));
    };
    let root = lookup.root_of(&operation.table);
    if *root != operation.table {
        return Err(Finding::no_go(
            "table-kind",
            object,
            format!("it is a partition of {root}, and shares its columns with it"),
            format!("Name {root} in the plan: its partitions follow by themselves"),
        ));
    }
    let column = match (
        operation.column.as_ref().or(table.own_key()),
        table.primary_key(),
    ) {
        (Some(column), _) => column.clone(),
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
    let Some(beside) = beside(table, &column) else {
        return Err(Finding::no_go(
            "not-unique",
            object.clone(),
            "no unique index on this column alone says that its values differ, so a value cannot stand for one row",
            format!(
                "CREATE UNIQUE INDEX CONCURRENTLY ON {} ({column})",
                operation.table
            ),
        ));
    };
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
    let Some(allocate) = allocate(found) else {
        return Err(Finding::no_go(
            "no-sequence",
            object,
            "it has no sequence to take a value from, and rows written through the new shape need an old key too",
            "Give it a default first: CREATE SEQUENCE, then ALTER COLUMN … SET DEFAULT nextval(…)",
        ));
    };
    Ok(Key {
        table: operation.table.clone(),
        column,
        generate: operation.generate.clone(),
        allocate,
        beside,
        is_referenced: false,
    })
}

/// An expression that draws a fresh value for a key, if its own values are drawn: an old key
/// for rows that are written through the new shape.
pub(crate) fn allocate(column: &Column) -> Option<String> {
    // A sequence that the column owns but does not draw from fills no row.
    if !column.draws_from_a_sequence() {
        return None;
    }
    match &column.sequence {
        Some(sequence) => Some(format!(
            "pg_catalog.nextval({}::regclass)",
            literal(&sequence.to_string())
        )),
        None => column.default.clone(),
    }
}

/// What a valid unique index over all rows holds beside this column: nothing, or in a
/// partitioned table, where there is none on the column alone, as little as there is.
fn beside(table: &Table, column: &Ident) -> Option<Vec<Ident>> {
    table
        .indexes
        .iter()
        .filter(|index| index.unique && index.valid && index.predicate.is_none())
        .filter_map(|index| {
            let columns: Option<Vec<Ident>> = index
                .keys
                .iter()
                .map(|key| match &key.what {
                    IndexedBy::Column(column) => Some(column.clone()),
                    IndexedBy::Expression(_) => None,
                })
                .collect();
            let mut columns = columns?;
            let place = columns.iter().position(|c| c == column)?;
            columns.remove(place);
            Some((!index.primary, columns))
        })
        .filter(|(_, beside)| beside.is_empty() || table.partition_key.is_some())
        .min_by_key(|(not_primary, beside)| (beside.len(), *not_primary))
        .map(|(_, beside)| beside)
}

/// A column on its way to a key, with the columns that go with it.
struct Reach {
    key: usize,
    beside: Vec<(Ident, Ident)>,
}

type Reached = BTreeMap<(TableName, Ident), Reach>;

/// Every column that leads to a key by foreign keys, with the key it leads to.
fn closure(lookup: &Lookup<'_>, keys: &[Key], findings: &mut Vec<Finding>) -> Reached {
    let mut reached = Reached::new();
    let mut queue: VecDeque<((TableName, Ident), Reach)> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| {
            let itself = key.beside.iter().map(|c| (c.clone(), c.clone())).collect();
            let reach = Reach {
                key: index,
                beside: itself,
            };
            ((key.table.clone(), key.column.clone()), reach)
        })
        .collect();
    while let Some((column, reach)) = queue.pop_front() {
        let object = || format!("column {}.{}", column.0, column.1);
        match reached.get(&column) {
            Some(known) if known.key == reach.key && known.beside == reach.beside => continue,
            Some(known) if known.key == reach.key => findings.push(Finding::no_go(
                "two-ways",
                object(),
                format!(
                    "it leads to {} together with different columns: {} and {}",
                    keys[reach.key].table,
                    list(known.beside.iter().map(|(near, _)| near)),
                    list(reach.beside.iter().map(|(near, _)| near)),
                ),
                "Drop one of the foreign keys before the conversion",
            )),
            Some(known) => findings.push(Finding::no_go(
                "two-keys",
                object(),
                format!(
                    "it leads to two different keys, {} and {}, and one uuid cannot be both",
                    keys[known.key].table, keys[reach.key].table
                ),
                "Give each reference a column of its own before the conversion",
            )),
            None => {
                for pointer in lookup
                    .pointing
                    .get(&(&column.0, &column.1))
                    .into_iter()
                    .flatten()
                {
                    match beside_of(pointer, &reach) {
                        Some(beside) => queue.push_back((
                            (pointer.table.clone(), pointer.column.clone()),
                            Reach {
                                key: reach.key,
                                beside,
                            },
                        )),
                        None => findings.push(Finding::no_go(
                            "half-a-reference",
                            format!(
                                "foreign key {} of {}",
                                pointer.constraint.name, pointer.table
                            ),
                            format!(
                                "it points at {} by {} without {}, so it does not say which partition's row it means",
                                column.0,
                                list(&pointer.far.columns),
                                list(reach.beside.iter().map(|(near, _)| near)),
                            ),
                            format!("ALTER TABLE {} DROP CONSTRAINT {}, or leave the key out of the plan", pointer.table, pointer.constraint.name),
                        )),
                    }
                }
                reached.insert(column, reach);
            }
        }
    }
    reached
}

/// The columns of a foreign key that match those which go with the column it points at.
fn beside_of(pointer: &Pointer<'_>, reach: &Reach) -> Option<Vec<(Ident, Ident)>> {
    reach
        .beside
        .iter()
        .map(|(there, of_key)| {
            let place = pointer.far.columns.iter().position(|c| c == there)?;
            Some((pointer.constraint.columns[place].clone(), of_key.clone()))
        })
        .collect()
}

fn collect(
    snapshot: &Snapshot,
    keys: &[Key],
    reached: &Reached,
    findings: &mut Vec<Finding>,
) -> BTreeMap<TableName, Vec<TouchedColumn>> {
    let mut tables: BTreeMap<TableName, Vec<TouchedColumn>> = BTreeMap::new();
    for ((name, column), Reach { key, beside }) in reached {
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
            beside: beside.clone(),
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
