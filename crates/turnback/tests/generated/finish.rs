//! What a schema gets once all its tables are known.

use crate::genes::{Genes, once_in, one_of};
use crate::names::name;
use crate::schema::*;

/// Columns of a table that fit.
pub fn columns_of(table: &Table, fits: impl Fn(&Column) -> bool) -> Vec<usize> {
    (0..table.columns.len())
        .filter(|&at| fits(&table.columns[at]))
        .collect()
}

/// What depends on who points at a table.
pub fn finish(schema: &mut Schema, genes: &Genes) {
    for number in 0..schema.tables.len() {
        let head = &genes.tables[number].head;
        let referenced = |by_itself: bool| {
            schema.tables.iter().enumerate().any(|(at, table)| {
                (by_itself || at != number) && table.references.iter().any(|r| r.table == number)
            })
        };
        // What is permanent may only point at what is permanent.
        let unlogged = once_in(head[6], 6) && !referenced(false);
        let deferred = once_in(head[15], 10) && !referenced(true);
        let table = &mut schema.tables[number];
        table.unlogged = unlogged;
        if once_in(head[15] / 3, 5) {
            let (tag, note) = (table.tag(), table.note());
            for unique in table.uniques.iter_mut().filter(|u| u.primary) {
                unique.include = vec![tag, note];
            }
        }
        if deferred {
            for unique in table.uniques.iter_mut().filter(|u| u.primary) {
                unique.deferral = Deferral::Deferred;
            }
        }
    }
}

/// Views over tables and over views.
pub fn views(schema: &mut Schema, genes: &Genes) {
    for (n, genes) in genes.views.iter().enumerate() {
        let view_of = usize::from(genes[2]) % (schema.tables.len() + n);
        let of = match view_of.checked_sub(schema.tables.len()) {
            Some(view) => Source::View(view),
            None => Source::Table(view_of),
        };
        let columns = match of {
            Source::View(view) => schema.views[view].columns.clone(),
            Source::Table(table) => columns_of(&schema.tables[table], |c| {
                once_in(genes[3], 2) || c.root.is_none()
            }),
        };
        schema.views.push(View {
            schema: usize::from(genes[1]) % schema.schemas.len(),
            name: name(genes[0], "view", n),
            of,
            columns,
            decorated: once_in(genes[4], 2),
        });
    }
}

/// A defect on a column that leads to a key, where there is one.
pub fn defect(schema: &Schema, head: &[u8; 16]) -> Option<Defect> {
    let places: Vec<(usize, usize)> = schema
        .tables
        .iter()
        .enumerate()
        .flat_map(|(number, table)| {
            columns_of(table, |c| c.root.is_some())
                .into_iter()
                .map(move |column| (number, column))
        })
        .collect();
    let (table, column) = *places.get(usize::from(head[3]) % places.len().max(1))?;
    let kind = one_of(
        head[2],
        &[
            DefectKind::ExpressionIndex,
            DefectKind::PredicateIndex,
            DefectKind::Check,
            DefectKind::TriggerOf,
            DefectKind::Inheritance,
            DefectKind::Generated,
            DefectKind::Rule,
            DefectKind::Statistics,
            DefectKind::Default,
            DefectKind::Policy,
        ],
    );
    Some(Defect {
        kind,
        table,
        column,
    })
}
