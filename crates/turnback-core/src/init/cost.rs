//! What a phase costs: tables it touches, bytes it rewrites, indexes it builds again.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Place, components};
use super::risk::Facts;
use crate::name::{Ident, TableName};
use crate::schema::{Snapshot, View, Vitals};

/// One table that a phase touches.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    /// Its name.
    pub table: TableName,
    /// Columns that change: keys, and foreign keys that lead to one.
    pub columns: Vec<Ident>,
    /// Rows, as PostgreSQL estimates them.
    pub rows: u64,
    /// Bytes written about: the heap for each pass, and the indexes built again.
    pub bytes: u64,
    /// Passes over the heap: two where the table's keys must be there before its references.
    pub rewrites: usize,
    /// Indexes that mention a touched column, each built again.
    pub indexes: usize,
}

/// All that a phase touches.
pub(super) struct Work {
    /// Tables, in the order of their names.
    pub tables: Vec<Touched>,
    /// Their numbers, and the positions of their touched columns.
    pub columns: BTreeMap<usize, BTreeSet<usize>>,
    /// Tables that reference themselves or one another through touched columns.
    pub in_cycles: BTreeSet<usize>,
}

impl Work {
    /// Works out what converting these keys in one phase costs.
    pub(super) fn new(graph: &Graph<'_>, keys: &[Place]) -> Self {
        let places = graph.touched(keys);
        let mut columns: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for &(table, column) in &places {
            columns.entry(table).or_default().insert(column);
        }
        let in_cycles = cycles(graph, &places, &columns);
        let tables = columns
            .iter()
            .map(|(&table, touched)| measure(graph, table, touched, in_cycles.contains(&table)))
            .collect();
        Self {
            tables,
            columns,
            in_cycles,
        }
    }

    /// Bytes rewritten in all.
    pub(super) fn bytes(&self) -> u64 {
        self.tables
            .iter()
            .fold(0, |sum, table| sum.saturating_add(table.bytes))
    }

    /// Passes over tables in all.
    pub(super) fn rewrites(&self) -> usize {
        self.tables.iter().map(|table| table.rewrites).sum()
    }

    /// What the risk of the phase is scored from.
    pub(super) fn facts(&self, snapshot: &Snapshot, graph: &Graph<'_>) -> Facts {
        let vitals = self.columns.keys().flat_map(|&t| graph.stored(t));
        Facts {
            bytes: self.bytes(),
            tables: self.tables.len(),
            writes_per_second: vitals
                .filter_map(|vitals| vitals.writes_per_second)
                .reduce(|sum, rate| sum + rate),
            in_cycles: self.in_cycles.len(),
            nullable_composites: self.nullable_composites(graph),
            triggers: self
                .columns
                .keys()
                .map(|&t| graph.table(t).triggers.len())
                .sum(),
            views: snapshot
                .views
                .values()
                .filter(|view| self.is_read_by(graph, view))
                .count(),
        }
    }

    /// Whether a view reads a touched column.
    pub(super) fn is_read_by(&self, graph: &Graph<'_>, view: &View) -> bool {
        view.reads
            .iter()
            .any(|(table, columns)| self.touches(graph, table, columns))
    }

    /// Whether any of these columns is touched.
    pub(super) fn touches<'c>(
        &self,
        graph: &Graph<'_>,
        table: &TableName,
        columns: impl IntoIterator<Item = &'c Ident>,
    ) -> bool {
        columns.into_iter().any(|column| {
            graph
                .place(table, column.as_str())
                .is_some_and(|(table, column)| {
                    self.columns
                        .get(&table)
                        .is_some_and(|touched| touched.contains(&column))
                })
        })
    }

    /// Touched foreign keys of several columns, some nullable, that are not `MATCH FULL`:
    /// a row may hold half a key, which is checked against nothing.
    fn nullable_composites(&self, graph: &Graph<'_>) -> usize {
        let of = |&number: &usize| {
            let (name, table) = (graph.name(number), graph.table(number));
            table
                .foreign_keys()
                .filter(|(constraint, far)| {
                    constraint.columns.len() > 1
                        && !far.match_full
                        && self.touches(graph, name, &constraint.columns)
                        && constraint
                            .columns
                            .iter()
                            .any(|c| table.column(c).is_some_and(|column| !column.not_null))
                })
                .count()
        };
        self.columns.keys().map(of).sum()
    }
}

/// Tables that reach themselves through touched foreign keys.
fn cycles(
    graph: &Graph<'_>,
    places: &BTreeSet<Place>,
    columns: &BTreeMap<usize, BTreeSet<usize>>,
) -> BTreeSet<usize> {
    let tables: Vec<usize> = columns.keys().copied().collect();
    let node: BTreeMap<usize, usize> = tables.iter().enumerate().map(|(i, &t)| (t, i)).collect();
    let mut edges = vec![Vec::new(); tables.len()];
    let mut found = BTreeSet::new();
    for &place in places {
        for far in graph.points_at(place).filter(|far| places.contains(far)) {
            if far.0 == place.0 {
                found.insert(place.0);
            } else {
                edges[node[&place.0]].push(node[&far.0]);
            }
        }
    }
    for component in components(&edges).iter().filter(|c| c.len() > 1) {
        found.extend(component.iter().map(|&node| tables[node]));
    }
    found
}

fn measure(graph: &Graph<'_>, number: usize, columns: &BTreeSet<usize>, cycle: bool) -> Touched {
    let table = graph.table(number);
    let columns: Vec<Ident> = columns
        .iter()
        .map(|&column| table.columns[column].name.clone())
        .collect();
    let indexes = table
        .indexes
        .iter()
        .filter(|index| columns.iter().any(|column| index.reads.contains(column)))
        .count();
    // The catalog look knows the size of all indexes together: each counts as one share.
    let stored = |measure: fn(&Vitals) -> u64| graph.stored(number).map(measure).sum::<u64>();
    let share = match table.indexes.len() {
        0 => 0,
        all => (u128::from(stored(|v| v.index_bytes)) * indexes as u128 / all as u128) as u64,
    };
    let rewrites = if cycle { 2 } else { 1 };
    Touched {
        table: graph.name(number).clone(),
        columns,
        rows: stored(|v| v.rows),
        bytes: stored(|v| v.heap_bytes)
            .saturating_mul(rewrites as u64)
            .saturating_add(share),
        rewrites,
        indexes,
    }
}
