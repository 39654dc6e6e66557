//! The ways that lead to a key of a partitioned table, whose rows are told apart only together
//! with what it is partitioned by.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::*;

/// Columns beside a key or a reference, each with the one beside the key that it stands for.
pub type Beside = BTreeSet<(usize, usize)>;

/// What leads to a key.
#[derive(Default)]
pub struct Ways {
    /// Why nobody can say what these columns mean; nothing where all is clear.
    pub unclear: BTreeSet<&'static str>,
    /// References: table and column, and what goes with them.
    pub known: BTreeMap<(usize, usize), Beside>,
}

/// Follows foreign keys to a key.
pub fn to(schema: &Schema, root: usize, key: usize) -> Ways {
    let mut ways = Ways::default();
    let Some(beside) = beside(&schema.tables[root], key) else {
        return ways;
    };
    let Ways {
        unclear: codes,
        known,
    } = &mut ways;
    let mut open = vec![(
        (root, key),
        beside.iter().map(|&at| (at, at)).collect::<Beside>(),
    )];
    while let Some((column, beside)) = open.pop() {
        match known.get(&column) {
            Some(other) if *other == beside => continue,
            Some(_) => {
                codes.insert("two-ways");
                continue;
            }
            None => {}
        }
        for (number, table) in schema.tables.iter().enumerate() {
            for reference in table.references.iter().filter(|r| r.table == column.0) {
                let near = |far: usize| {
                    let place = reference.far.iter().position(|&at| at == far)?;
                    Some(reference.columns[place])
                };
                let Some(at) = near(column.1) else { continue };
                let matching: Option<Beside> = beside
                    .iter()
                    .map(|&(far, of_key)| Some((near(far)?, of_key)))
                    .collect();
                match matching {
                    Some(matching) => open.push(((number, at), matching)),
                    None => {
                        codes.insert("half-a-reference");
                    }
                }
            }
        }
        known.insert(column, beside);
    }
    ways.known.remove(&(root, key));
    ways
}

/// What the smallest unique index holds beside a key.
fn beside(table: &Table, key: usize) -> Option<Vec<usize>> {
    let uniques = table.uniques.iter().map(|u| (!u.primary, &u.columns));
    let indexes = table
        .indexes
        .iter()
        .filter(|i| i.unique && i.predicate == Predicate::None)
        .map(|i| (true, &i.columns));
    uniques
        .chain(indexes)
        .filter(|(_, columns)| columns.contains(&key))
        .min_by_key(|(secondary, columns)| (columns.len(), *secondary))
        .map(|(_, columns)| columns.iter().copied().filter(|&at| at != key).collect())
        .filter(|beside: &Vec<usize>| beside.is_empty() || table.split.is_some())
}
