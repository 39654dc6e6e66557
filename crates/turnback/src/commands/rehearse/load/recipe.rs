//! How a client makes, changes and finds rows of a table, told from the schema alone.

use std::collections::BTreeSet;

use turnback_core::name::{Ident, TableName};
use turnback_core::schema::{Column, ConstraintKind, IndexedBy, Snapshot, Table, TableKind};

use super::fresh::Fresh;

/// A table as clients use it.
#[derive(Clone, Debug)]
pub(in crate::commands::rehearse) struct Recipe {
    pub(in crate::commands::rehearse) table: TableName,
    pub(super) columns: Vec<Place>,
    /// The primary key, as places in `columns`.
    pub(super) key: Vec<usize>,
    pub(super) references: Vec<Reference>,
    /// Columns that take any other row's value.
    pub(super) free: Vec<usize>,
    /// Why no row can be made, where none can.
    pub(in crate::commands::rehearse) no_insert: Option<String>,
    /// Why rows cannot be changed, where they cannot.
    pub(in crate::commands::rehearse) no_update: Option<String>,
    /// Rows cannot be removed.
    pub(super) no_remove: bool,
    /// Triggers or rules change its rows besides: contents are not compared, keys are.
    pub(in crate::commands::rehearse) loose: bool,
    /// Triggers of other tables add or remove rows: those that nobody acknowledged are not counted.
    pub(in crate::commands::rehearse) open: bool,
}

/// A column, and where its value comes from when a row is made.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) name: Ident,
    /// It changes its type.
    pub(super) touched: bool,
    pub(super) from: From,
}

/// Where the value of a new row comes from.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum From {
    /// The column's own default.
    Default,
    /// The row that served as a template.
    Template,
    /// A value that was never there.
    Fresh(Fresh),
}

/// A foreign key.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) columns: Vec<usize>,
    pub(super) far: TableName,
    pub(super) far_columns: Vec<Ident>,
    /// Each new row takes a parent that was made for it, for no two rows may have the same.
    pub(super) own_parent: bool,
    /// Can be changed to another row's parent.
    pub(super) can_move: bool,
}

/// Recipes of these tables and of those that they need parents from, parents or not.
pub(in crate::commands::rehearse) fn recipes(
    snapshot: &Snapshot,
    tables: &BTreeSet<TableName>,
    touched: &BTreeSet<(TableName, Ident)>,
) -> Vec<Recipe> {
    let mut wanted: Vec<TableName> = tables.iter().cloned().collect();
    let mut recipes: Vec<Recipe> = Vec::new();
    let mut at = 0;
    while at < wanted.len() {
        let name = wanted[at].clone();
        at += 1;
        let Some(table) = snapshot.tables.get(&name) else {
            continue;
        };
        // A partition's rows come and go through the table it belongs to.
        if !matches!(table.kind, TableKind::Ordinary | TableKind::Partitioned) {
            continue;
        }
        let recipe = recipe(&name, table, touched);
        for reference in recipe.references.iter().filter(|r| r.own_parent) {
            if !wanted.contains(&reference.far) {
                wanted.push(reference.far.clone());
            }
        }
        recipes.push(recipe);
    }
    recipes
}

fn recipe(name: &TableName, table: &Table, touched: &BTreeSet<(TableName, Ident)>) -> Recipe {
    let place = |wanted: &Ident| table.columns.iter().position(|c| &c.name == wanted);
    let mut columns: Vec<Place> = table
        .columns
        .iter()
        .map(|column| Place {
            name: column.name.clone(),
            touched: touched.contains(&(name.clone(), column.name.clone())),
            from: if is_given(column) {
                From::Default
            } else {
                From::Template
            },
        })
        .collect();
    let mut references: Vec<Reference> = table
        .foreign_keys()
        .filter_map(|(constraint, far)| {
            Some(Reference {
                columns: constraint
                    .columns
                    .iter()
                    .map(place)
                    .collect::<Option<_>>()?,
                far: far.table.clone(),
                far_columns: far.columns.clone(),
                own_parent: false,
                can_move: true,
            })
        })
        .collect();
    let mut unique: BTreeSet<usize> = BTreeSet::new();
    let mut no_insert = None;
    for index in table.indexes.iter().filter(|index| index.unique) {
        let of: Vec<usize> = index.reads.iter().filter_map(place).collect();
        unique.extend(&of);
        let plain: Vec<usize> = index
            .keys
            .iter()
            .filter_map(|key| match &key.what {
                IndexedBy::Column(column) => place(column),
                IndexedBy::Expression(_) => None,
            })
            .collect();
        let candidates = if plain.is_empty() { &of } else { &plain };
        if let Err(why) = make_unique(name, table, candidates, &mut columns, &mut references) {
            no_insert.get_or_insert(why);
        }
    }
    let primary = table.primary_key();
    let key: Vec<usize> = primary
        .map(|key| key.columns.iter().filter_map(place).collect())
        .unwrap_or_default();
    let bound = bound(table);
    let shared: Vec<usize> = references
        .iter()
        .flat_map(|r| r.columns.iter().copied())
        .collect();
    for reference in &mut references {
        // A column of two references cannot follow the one and stay with the other.
        let is_shared = |c: &usize| shared.iter().filter(|other| *other == c).count() > 1;
        let is_tied = |c: &usize| unique.contains(c) || bound.contains(c) || is_shared(c);
        reference.can_move = !reference.own_parent && !reference.columns.iter().any(is_tied);
    }
    let referring: BTreeSet<usize> = references
        .iter()
        .flat_map(|r| r.columns.iter().copied())
        .collect();
    let free = (0..columns.len())
        .filter(|at| !unique.contains(at) && !referring.contains(at) && !columns[*at].touched)
        .filter(|at| !bound.contains(at))
        .filter(|at| {
            table.columns[*at].generated.is_none() && table.columns[*at].identity.is_none()
        })
        .collect();
    if key.is_empty() {
        no_insert = Some("it has no primary key by which a row could be found again".to_owned());
    }
    Recipe {
        table: name.clone(),
        no_update: key.is_empty().then(|| "it has no primary key".to_owned()),
        columns,
        key,
        references,
        free,
        no_insert,
        no_remove: false,
        loose: !table.rules.is_empty(),
        open: false,
    }
}

/// Columns that a check or an exclusion ties to others of the same row, or to other rows: they
/// keep the values that they have together.
fn bound(table: &Table) -> BTreeSet<usize> {
    let place = |wanted: &Ident| table.columns.iter().position(|c| &c.name == wanted);
    table
        .constraints
        .iter()
        .filter(|constraint| match constraint.kind {
            ConstraintKind::Check { .. } => constraint.columns.len() > 1,
            ConstraintKind::Exclusion => true,
            _ => false,
        })
        .flat_map(|constraint| constraint.columns.iter().filter_map(place))
        .collect()
}

/// Whether the server itself gives the value, and clients may not or need not.
fn is_given(column: &Column) -> bool {
    column.generated.is_some() || column.identity.is_some() || gives_fresh_values(column)
}

fn gives_fresh_values(column: &Column) -> bool {
    column.identity.is_some()
        || column.default.as_ref().is_some_and(|default| {
            ["nextval(", "gen_random_uuid", "uuid_generate", "uuidv"]
                .iter()
                .any(|word| default.contains(word))
        })
}

/// Sees to it that no two rows agree in all of these columns.
fn make_unique(
    name: &TableName,
    table: &Table,
    of: &[usize],
    columns: &mut [Place],
    references: &mut [Reference],
) -> Result<(), String> {
    let is_settled = |at: usize| match columns[at].from {
        From::Default => gives_fresh_values(&table.columns[at]),
        From::Fresh(_) => true,
        From::Template => false,
    };
    let has_own_parent = |references: &[Reference]| {
        references
            .iter()
            .any(|r| r.own_parent && r.columns.iter().all(|c| of.contains(c)))
    };
    if of.iter().any(|at| is_settled(*at)) || has_own_parent(references) {
        return Ok(());
    }
    let refers = |at: usize| references.iter().any(|r| r.columns.contains(&at));
    let fresh = of
        .iter()
        .filter(|at| !refers(**at) && columns[**at].from == From::Template)
        .filter_map(|at| Some((*at, Fresh::of(&table.columns[*at].type_name)?)))
        .min_by_key(|(_, fresh)| fresh.preference());
    if let Some((at, fresh)) = fresh {
        columns[at].from = From::Fresh(fresh);
        return Ok(());
    }
    // A row that refers to its own table cannot take itself as its parent.
    let parent = references
        .iter_mut()
        .find(|r| &r.far != name && r.columns.iter().all(|at| of.contains(at)));
    match parent {
        Some(parent) => {
            parent.own_parent = true;
            Ok(())
        }
        None => {
            let names: Vec<String> = of
                .iter()
                .map(|at| table.columns[*at].name.to_string())
                .collect();
            Err(format!(
                "no fresh values are known for its unique {}",
                names.join(", ")
            ))
        }
    }
}
