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
        let is_split = schema.tables[number].split.is_some();
        let unlogged = once_in(head[6], 6) && !referenced(false) && !is_split;
        let deferred = once_in(head[15], 10) && !referenced(true);
        let table = &mut schema.tables[number];
        table.unlogged = unlogged;
        // PostgreSQL takes the columns of `SET NULL (…)` for those at the same place in each
        // partition, whatever these are there.
        if is_split {
            for reference in &mut table.references {
                reference.null_only = None;
            }
        }
        if once_in(head[15] / 3, 5) {
            let (tag, note) = (table.tag(), table.note());
            for unique in table.uniques.iter_mut().filter(|u| u.primary) {
                unique.include = vec![tag, note];
                unique.include.retain(|at| !unique.columns.contains(at));
            }
        }
        if let Some(genes) = &genes.tables[number].policy {
            let able = columns_of(table, |c| c.root.is_some());
            table.key_policy = (!able.is_empty()).then(|| KeyPolicy {
                column: one_of(genes[0], &able),
                restrictive: once_in(genes[1], 2),
                all: once_in(genes[2], 2),
            });
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
            materialized: once_in(genes[5], 3),
        });
    }
}

/// Publications, of what can be published without refusing the clients' own writes.
pub fn publications(schema: &mut Schema, genes: &Genes) {
    for (n, genes) in genes.publications.iter().enumerate() {
        let lists = schema.server_version >= 150_000;
        let tables: Vec<usize> = (0..schema.tables.len())
            .filter(|&table| !schema.tables[table].unlogged)
            .filter(|&table| (genes[2] >> (table % 8)) & 1 == 1)
            .collect();
        let free = |table: usize| {
            let columns = columns_of(&schema.tables[table], |c| c.root.is_none());
            (table, columns)
        };
        let of = match (genes[1] % 5, tables.first()) {
            (4, _) => Published::All,
            (3, _) if lists => Published::Schema(usize::from(genes[3]) % schema.schemas.len()),
            (2, Some(&table)) if lists => {
                let (table, columns) = free(table);
                Published::Columns(table, columns)
            }
            (_, Some(_)) => Published::Tables(tables),
            _ => continue,
        };
        let of_tables = |number: &usize| match &of {
            Published::All => true,
            Published::Schema(schema_number) => {
                schema.tables[*number].schema == *schema_number
                    || schema.tables[*number].split.is_some()
            }
            Published::Tables(tables) => tables.contains(number),
            Published::Columns(table, _) => table == number,
        };
        let all_known = (0..schema.tables.len()).filter(of_tables).all(|number| {
            let table = &schema.tables[number];
            let key = table.uniques.iter().find(|unique| unique.primary);
            let by_key = key.is_some_and(|key| key.deferral == Deferral::Never);
            (table.full_identity && table.split.is_none()) || (by_key && !table.full_identity)
        });
        let is_list = matches!(of, Published::Columns(..));
        let with_heirs =
            (schema.defect.as_ref()).is_some_and(|d| d.kind == DefectKind::Inheritance);
        schema.publications.push(Publication {
            name: name(genes[0], "publication", n),
            inserts: is_list || with_heirs || !all_known || once_in(genes[4], 3),
            // A partitioned table has a list of columns only so.
            via_root: is_list || once_in(genes[5], 2),
            of,
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
            DefectKind::Materialized,
            DefectKind::PublishedColumn,
            DefectKind::PublishedRows,
            DefectKind::Function,
            DefectKind::ViewOfPartition,
        ],
    );
    // PostgreSQL 15 brought lists of columns and filters; an unlogged table is never published.
    let kind = match kind {
        DefectKind::PublishedColumn | DefectKind::PublishedRows
            if schema.server_version < 150_000 || schema.tables[table].unlogged =>
        {
            DefectKind::Function
        }
        // A row filter takes no types of the user's.
        DefectKind::PublishedRows
            if schema.tables[table].columns[column]
                .type_name
                .contains("Whole") =>
        {
            DefectKind::PublishedColumn
        }
        // Nothing inherits from a partitioned table but its partitions.
        DefectKind::Inheritance if schema.tables[table].split.is_some() => DefectKind::Function,
        kind => kind,
    };
    Some(Defect {
        kind,
        table,
        column,
    })
}
