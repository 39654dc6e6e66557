//! The order in which tables are put back.

use std::collections::{BTreeMap, BTreeSet};

use super::knots::Reference;
use crate::name::TableName;

/// Places of tables in an order in which those come first that others refer to. Of a circle one
/// has to be the first; what only refers to the circle comes after all of it.
pub fn parents_first<'a>(
    tables: impl Iterator<Item = &'a TableName>,
    references: &'a [Reference],
) -> BTreeMap<TableName, usize> {
    let mut left: BTreeSet<&TableName> = tables.collect();
    let mut order = BTreeMap::new();
    while let Some(first) = left.first().copied() {
        let next = first_of(&left, references).unwrap_or(first);
        left.remove(next);
        order.insert(next.clone(), order.len());
    }
    order
}

/// A table that refers to none of these; where there is none, one of a circle that refers to
/// nothing else.
fn first_of<'a>(
    left: &BTreeSet<&'a TableName>,
    references: &'a [Reference],
) -> Option<&'a TableName> {
    let needs: BTreeMap<&TableName, BTreeSet<&TableName>> = left
        .iter()
        .map(|table| (*table, needed_by(table, left, references)))
        .collect();
    let waits_for = |table: &TableName| needs.get(table).into_iter().flatten();
    left.iter()
        .copied()
        .find(|table| waits_for(table).all(|needed| waits_for(needed).any(|back| back == table)))
}

/// All of these that a table refers to, and that those refer to.
fn needed_by<'a>(
    table: &TableName,
    left: &BTreeSet<&'a TableName>,
    references: &[Reference],
) -> BTreeSet<&'a TableName> {
    let mut found: BTreeSet<&TableName> = BTreeSet::new();
    let mut ahead = vec![table];
    while let Some(child) = ahead.pop() {
        let parents = references
            .iter()
            .filter(|reference| reference.child == *child && reference.parent != *child)
            .filter_map(|reference| left.get(&reference.parent).copied());
        for parent in parents {
            if found.insert(parent) {
                ahead.push(parent);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(tables: &[&str], references: &[(&str, &str)]) -> Vec<String> {
        let tables: Vec<TableName> = tables.iter().map(|t| TableName::new("s", *t)).collect();
        let references: Vec<Reference> = references
            .iter()
            .map(|(child, parent)| Reference {
                child: TableName::new("s", *child),
                columns: vec![],
                parent: TableName::new("s", *parent),
                parent_columns: vec![],
            })
            .collect();
        let places = parents_first(tables.iter(), &references);
        let mut placed: Vec<_> = places.into_iter().collect();
        placed.sort_by_key(|(_, place)| *place);
        placed
            .into_iter()
            .map(|(table, _)| table.name.as_str().to_owned())
            .collect()
    }

    #[test]
    fn those_come_first_that_others_refer_to() {
        assert_eq!(
            order(&["a", "b", "c"], &[("a", "b"), ("b", "c"), ("c", "c")]),
            ["c", "b", "a"]
        );
    }

    #[test]
    fn what_refers_to_a_circle_comes_after_it() {
        let references = [("u", "t"), ("t", "u"), ("a", "u"), ("u", "z")];
        assert_eq!(
            order(&["a", "t", "u", "z"], &references),
            ["z", "t", "u", "a"]
        );
    }
}
