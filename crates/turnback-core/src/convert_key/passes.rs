//! The order in which tables get their new columns and are filled.
//!
//! A column can be filled once the keys it refers to are. A table is passed over once, after
//! the tables it points at; where tables point at each other, or at themselves, one of them
//! gets its keys first and is passed over again for the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::touched::{Conversion, TouchedColumn};
use crate::name::TableName;

/// One pass over one table.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    pub(super) table: TableName,
    pub(super) columns: Vec<TouchedColumn>,
    /// Only the keys of a table that stands in a cycle; another pass follows.
    pub(super) keys_first: bool,
}

impl Pass {
    /// The part of a step's id that names this pass.
    pub(super) fn id(&self) -> String {
        format!(
            "{}{}",
            self.table,
            if self.keys_first { ".keys" } else { "" }
        )
    }
}

/// Parents before children, cycles opened where most tables are waiting.
pub(super) fn order(conversion: &Conversion) -> Vec<Pass> {
    let mut line = Line::new(conversion);
    let mut passes = Vec::new();
    while !line.left.is_empty() {
        let ready = std::mem::take(&mut line.ready);
        if ready.is_empty() {
            let first = line.opens_cycle();
            passes.push(line.pass(first, true));
            line.keyed(first);
        }
        for &table in &ready {
            passes.push(line.pass(table, false));
            line.leaves(table);
        }
        for table in ready {
            line.keyed(table);
        }
    }
    passes
}

/// Tables waiting for their pass, by number in the order of their names.
struct Line<'a> {
    tables: Vec<(&'a TableName, &'a [TouchedColumn])>,
    /// The tables whose keys each table refers to, itself perhaps among them.
    needs: Vec<BTreeSet<usize>>,
    /// The other way round.
    needed_by: Vec<Vec<usize>>,
    /// How many of those that a table needs have no keys yet.
    missing: Vec<usize>,
    /// How many of the tables that are left need this one.
    waited_for: Vec<usize>,
    has_keys: Vec<bool>,
    left: BTreeSet<usize>,
    /// Those of the tables left that miss nothing.
    ready: BTreeSet<usize>,
}

impl<'a> Line<'a> {
    fn new(conversion: &'a Conversion) -> Self {
        let tables: Vec<_> = conversion
            .tables
            .iter()
            .map(|(name, columns)| (name, columns.as_slice()))
            .collect();
        let numbers: BTreeMap<&TableName, usize> = tables
            .iter()
            .enumerate()
            .map(|(number, (name, _))| (*name, number))
            .collect();
        let needs: Vec<BTreeSet<usize>> = tables
            .iter()
            .map(|(_, columns)| {
                columns
                    .iter()
                    .filter(|column| !column.is_key)
                    .map(|column| numbers[&conversion.key_of(column).table])
                    .collect()
            })
            .collect();
        let mut needed_by = vec![Vec::new(); tables.len()];
        for (table, parents) in needs.iter().enumerate() {
            for &parent in parents {
                needed_by[parent].push(table);
            }
        }
        let missing: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
        Self {
            left: (0..tables.len()).collect(),
            ready: (0..tables.len()).filter(|&t| missing[t] == 0).collect(),
            waited_for: needed_by.iter().map(Vec::len).collect(),
            has_keys: vec![false; tables.len()],
            tables,
            needs,
            needed_by,
            missing,
        }
    }

    /// When every table left waits for one that is left: the one that most others wait for.
    fn opens_cycle(&self) -> usize {
        self.left
            .iter()
            .copied()
            .filter(|&table| !self.has_keys[table] && self.tables[table].1.iter().any(|c| c.is_key))
            .max_by_key(|&table| self.waited_for[table])
            .expect("tables wait for tables with keys, and one of those is left")
    }

    fn pass(&self, table: usize, keys_first: bool) -> Pass {
        let (name, columns) = self.tables[table];
        let belongs = |column: &&TouchedColumn| match (keys_first, column.is_key) {
            (true, is_key) => is_key,
            (false, is_key) => !(is_key && self.has_keys[table]),
        };
        Pass {
            table: name.clone(),
            columns: columns.iter().filter(belongs).cloned().collect(),
            keys_first,
        }
    }

    /// The table's last pass is in the list.
    fn leaves(&mut self, table: usize) {
        self.left.remove(&table);
        for &parent in &self.needs[table] {
            self.waited_for[parent] -= 1;
        }
    }

    /// Whoever needed these keys misses one table less.
    fn keyed(&mut self, table: usize) {
        if std::mem::replace(&mut self.has_keys[table], true) {
            return;
        }
        for &child in &self.needed_by[table] {
            self.missing[child] -= 1;
            if self.missing[child] == 0 {
                self.ready.insert(child);
            }
        }
    }
}
