//! Rows that refer to one another in a circle: none of them can be put back alone, all of them
//! can in one statement.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::{Ident, TableName};

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The table that refers; of partitions, the one at their top.
    pub child: TableName,
    /// Its columns.
    pub columns: Vec<Ident>,
    /// The table that it refers to.
    pub parent: TableName,
    /// Its columns.
    pub parent_columns: Vec<Ident>,
}

/// A row that could not be put back by itself.
#[derive(Clone, Debug)]
pub struct Loose {
    /// Its table.
    pub table: TableName,
    /// What it holds.
    pub values: BTreeMap<Ident, String>,
    /// It is not there yet, so that others may be waiting for it.
    pub is_new: bool,
}

impl Loose {
    /// What it holds in these columns; nothing where one of them is null, or unknown.
    pub fn at(&self, columns: &[Ident]) -> Option<Vec<String>> {
        columns
            .iter()
            .map(|c| self.values.get(c).cloned())
            .collect()
    }
}

/// What a row refers to: the number of the foreign key, and the values.
pub type Wish = (usize, Vec<String>);

/// What rows refer to, each once.
pub fn wishes(rows: &[Loose], references: &[Reference]) -> BTreeSet<Wish> {
    rows.iter()
        .flat_map(|row| wishes_of(row, references))
        .collect()
}

fn wishes_of<'a>(row: &'a Loose, references: &'a [Reference]) -> impl Iterator<Item = Wish> + 'a {
    references
        .iter()
        .enumerate()
        .filter(|(_, reference)| reference.child == row.table)
        .filter_map(|(at, reference)| Some((at, row.at(&reference.columns)?)))
}

/// Groups of rows (by their place in `rows`) that find all they refer to in the database, which
/// `held` tells, or in one another. A row that refers to something else is in none of them.
pub fn knots(rows: &[Loose], references: &[Reference], held: &BTreeSet<Wish>) -> Vec<Vec<usize>> {
    let mut offered: BTreeMap<Wish, usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.is_new) {
        for (number, reference) in references.iter().enumerate() {
            if reference.parent == row.table
                && let Some(values) = row.at(&reference.parent_columns)
            {
                offered.insert((number, values), at);
            }
        }
    }
    let leads_to: Vec<Vec<Option<usize>>> = rows
        .iter()
        .map(|row| {
            wishes_of(row, references)
                .filter(|wish| !held.contains(wish))
                .map(|wish| offered.get(&wish).copied())
                .collect()
        })
        .collect();
    // Who refers to a row that goes nowhere goes nowhere.
    let mut stays = vec![true; rows.len()];
    loop {
        let lost: Vec<usize> = (0..rows.len())
            .filter(|at| stays[*at])
            .filter(|at| {
                leads_to[*at]
                    .iter()
                    .any(|to| to.is_none_or(|to| !stays[to]))
            })
            .collect();
        if lost.is_empty() {
            break;
        }
        for at in lost {
            stays[at] = false;
        }
    }
    let mut group: Vec<usize> = (0..rows.len()).collect();
    for at in (0..rows.len()).filter(|at| stays[*at]) {
        for to in leads_to[at].iter().flatten() {
            let (a, b) = (first(&mut group, at), first(&mut group, *to));
            group[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in (0..rows.len()).filter(|at| stays[*at]) {
        groups.entry(first(&mut group, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

/// The row that a group is known by.
fn first(group: &mut [usize], mut at: usize) -> usize {
    while group[at] != at {
        group[at] = group[group[at]];
        at = group[at];
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(child: &str, column: &str, parent: &str) -> Reference {
        Reference {
            child: TableName::new("public", child),
            columns: vec![Ident::new(column)],
            parent: TableName::new("public", parent),
            parent_columns: vec![Ident::new("id")],
        }
    }

    fn row(table: &str, values: &[(&str, &str)]) -> Loose {
        Loose {
            table: TableName::new("public", table),
            values: values
                .iter()
                .map(|(name, value)| (Ident::new(*name), (*value).to_owned()))
                .collect(),
            is_new: true,
        }
    }

    #[test]
    fn rows_in_a_circle_go_together_with_those_that_hang_on_them() {
        let references = [
            reference("users", "team_id", "teams"),
            reference("teams", "owner_id", "users"),
        ];
        let rows = [
            row("users", &[("id", "1"), ("team_id", "7")]),
            row("users", &[("id", "2"), ("team_id", "8")]),
            row("teams", &[("id", "7"), ("owner_id", "1")]),
            row("teams", &[("id", "9"), ("owner_id", "1")]),
            // Team 8 has an owner whom nobody knows, so user 2 has no team.
            row("teams", &[("id", "8"), ("owner_id", "99")]),
            row("users", &[("id", "3"), ("team_id", "5")]),
        ];
        let all = wishes(&rows, &references);
        assert_eq!(all.len(), 5, "{all:?}");
        let held = BTreeSet::from([(0, vec!["5".to_owned()])]);
        assert_eq!(knots(&rows, &references, &held), [vec![0, 2, 3], vec![5]]);
    }

    #[test]
    fn a_row_that_is_there_already_offers_nothing_new() {
        let references = [reference("users", "boss_id", "users")];
        let mut rows = [
            row("users", &[("id", "1"), ("boss_id", "1")]),
            row("users", &[("id", "2"), ("boss_id", "1")]),
        ];
        rows[0].is_new = false;
        assert!(knots(&rows, &references, &BTreeSet::new()).is_empty());
        rows[0].is_new = true;
        assert_eq!(knots(&rows, &references, &BTreeSet::new()), [vec![0, 1]]);
    }
}
