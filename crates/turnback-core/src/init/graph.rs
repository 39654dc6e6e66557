//! The foreign-key graph, column by column: what points at what, and what follows a key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::write;
use crate::name::{Ident, TableName};
use crate::schema::{Column, Snapshot, Table, Vitals};

/// A column: number of its table in the graph, its position in the table.
pub(super) type Place = (usize, usize);

/// Tables numbered in the order of their names, and the foreign keys between their columns.
pub(super) struct Graph<'a> {
    tables: Vec<(&'a TableName, &'a Table)>,
    numbers: HashMap<&'a TableName, usize>,
    points_at: BTreeMap<Place, BTreeSet<Place>>,
    pointed_at_by: BTreeMap<Place, BTreeSet<Place>>,
    snapshot: &'a Snapshot,
    schema: &'a Ident,
}

impl<'a> Graph<'a> {
    /// Reads the graph out of a snapshot. Names are shown without `schema`, which the plan
    /// names once.
    pub(super) fn new(snapshot: &'a Snapshot, schema: &'a Ident) -> Self {
        let tables: Vec<_> = snapshot.tables.iter().collect();
        let numbers: HashMap<_, _> = tables.iter().enumerate().map(|(i, t)| (t.0, i)).collect();
        let mut graph = Self {
            tables,
            numbers,
            points_at: BTreeMap::new(),
            pointed_at_by: BTreeMap::new(),
            snapshot,
            schema,
        };
        for (from, constraint, far) in snapshot.foreign_keys() {
            // Partitions follow the table they belong to, in all that they refer to.
            let from = snapshot.root_of(from);
            for (near, far_column) in constraint.columns.iter().zip(&far.columns) {
                // What an earlier phase keeps aside is the old shape's, and converted.
                if near.is_aside() || far_column.is_aside() {
                    continue;
                }
                let near = graph.place(from, near.as_str());
                let far = graph.place(&far.table, far_column.as_str());
                if let (Some(near), Some(far)) = (near, far)
                    && near != far
                {
                    graph.points_at.entry(near).or_default().insert(far);
                    graph.pointed_at_by.entry(far).or_default().insert(near);
                }
            }
        }
        graph
    }

    /// The table itself, or the one at the top of those it is a partition of.
    pub(super) fn root(&self, table: &'a TableName) -> &'a TableName {
        self.snapshot.root_of(table)
    }

    /// How many tables there are.
    pub(super) fn len(&self) -> usize {
        self.tables.len()
    }

    /// The number of a table.
    pub(super) fn number(&self, name: &TableName) -> Option<usize> {
        self.numbers.get(name).copied()
    }

    /// The name of a table.
    pub(super) fn name(&self, table: usize) -> &'a TableName {
        self.tables[table].0
    }

    /// A table's name for comments and messages.
    pub(super) fn show(&self, name: &TableName) -> String {
        write::printable(&write::table_in(name, self.schema))
    }

    /// A column's name, with its table's, for comments and messages.
    pub(super) fn show_place(&self, place: Place) -> String {
        let column = &self.column(place).name;
        format!("{}.{}", self.show(self.name(place.0)), write::ident(column))
    }

    /// A table.
    pub(super) fn table(&self, table: usize) -> &'a Table {
        self.tables[table].1
    }

    /// The tables that hold its rows, with their measures: its partitions, where it has any.
    pub(super) fn stored(&self, table: usize) -> impl Iterator<Item = &'a Vitals> {
        let tables = self.snapshot.with_partitions(self.name(table));
        tables.map(|(_, table)| &table.vitals)
    }

    /// A column.
    pub(super) fn column(&self, (table, column): Place) -> &'a Column {
        &self.table(table).columns[column]
    }

    /// Finds a column of a table by name.
    pub(super) fn place(&self, table: &TableName, column: &str) -> Option<Place> {
        let number = self.number(table)?;
        let position = self
            .table(number)
            .columns
            .iter()
            .position(|c| c.name.as_str() == column)?;
        Some((number, position))
    }

    /// The columns that this one points at by a foreign key.
    pub(super) fn points_at(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        self.points_at.get(&place).into_iter().flatten().copied()
    }

    /// The columns that point at this one by a foreign key.
    pub(super) fn pointed_at_by(&self, place: Place) -> impl Iterator<Item = Place> + '_ {
        self.pointed_at_by
            .get(&place)
            .into_iter()
            .flatten()
            .copied()
    }

    /// The keys and all that follows them: columns whose referenced column is touched.
    pub(super) fn touched(&self, keys: &[Place]) -> BTreeSet<Place> {
        closure(keys, |place| self.pointed_at_by(place))
    }

    /// The keys that a column follows in the end: those that point no further.
    ///
    /// Empty where foreign keys lead around in a circle.
    pub(super) fn origins(&self, place: Place) -> BTreeSet<Place> {
        let mut all = closure(&[place], |place| self.points_at(place));
        all.retain(|&place| self.points_at(place).next().is_none());
        all
    }
}

/// Everything reachable from `start`, itself included. A list instead of recursion: a graph
/// may be deeper than the stack.
fn closure<I: Iterator<Item = Place>>(
    start: &[Place],
    next: impl Fn(Place) -> I,
) -> BTreeSet<Place> {
    let mut seen: BTreeSet<Place> = start.iter().copied().collect();
    let mut waiting = start.to_vec();
    while let Some(place) = waiting.pop() {
        waiting.extend(next(place).filter(|&found| seen.insert(found)));
    }
    seen
}

/// Strongly connected components, each sorted, by Tarjan's algorithm (SIAM Journal on
/// Computing 1(2), 1972), with a list of its own in place of the call stack.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let mut order = vec![NEW; edges.len()];
    let mut low = vec![0; edges.len()];
    let mut open = vec![false; edges.len()];
    let (mut stack, mut found, mut count) = (Vec::new(), Vec::new(), 0);
    for start in 0..edges.len() {
        if order[start] != NEW {
            continue;
        }
        // Each entry: a node, and how many of its edges have been followed.
        let mut calls = vec![(start, 0)];
        while let Some((node, followed)) = calls.pop() {
            if followed == 0 {
                (order[node], low[node], open[node]) = (count, count, true);
                count += 1;
                stack.push(node);
            } else {
                let child = edges[node][followed - 1];
                if open[child] {
                    low[node] = low[node].min(low[child]);
                }
            }
            if let Some(&next) = edges[node].get(followed) {
                calls.push((node, followed + 1));
                if order[next] == NEW {
                    calls.push((next, 0));
                } else if open[next] {
                    low[node] = low[node].min(order[next]);
                }
                continue;
            }
            if low[node] == order[node] {
                let from = stack.iter().rposition(|&n| n == node).unwrap_or(0);
                let mut component = stack.split_off(from);
                component.iter().for_each(|&member| open[member] = false);
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found_and_the_rest_stands_alone() {
        let mut found = components(&[vec![1], vec![2], vec![0, 3], vec![], vec![3, 4], vec![0]]);
        found.sort();
        assert_eq!(found, [vec![0, 1, 2], vec![3], vec![4], vec![5]]);
    }

    #[test]
    fn two_rings_that_share_a_node_are_one_component() {
        let found = components(&[vec![1, 3], vec![2], vec![0], vec![4], vec![0]]);
        assert_eq!(found, [vec![0, 1, 2, 3, 4]]);
    }

    #[test]
    fn a_deep_ring_does_not_overflow_the_stack() {
        let edges: Vec<_> = (0..200_000).map(|i| vec![(i + 1) % 200_000]).collect();
        assert_eq!(components(&edges).len(), 1);
    }
}
