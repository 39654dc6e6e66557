//! What a client remembers: every row that was acknowledged to it, as it left it.

use std::collections::BTreeMap;

use super::Values;
use super::naming::Side;

/// A row's key, as text.
pub(super) type Key = Vec<String>;

/// Rows of one client, by recipe and key.
#[derive(Debug)]
pub(super) struct Model {
    /// Which side keys and references are of.
    pub(super) side: Side,
    pub(super) rows: BTreeMap<(usize, Key), Entry>,
    /// Acknowledged writes.
    pub(super) acknowledged: u64,
    /// What a client saw that must not be.
    pub(super) wrong: Vec<String>,
}

/// A row.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) values: Values,
    /// Rows of this client's that were made for it as their parent.
    pub(super) children: u32,
    /// Rows that were made as its parents.
    pub(super) parents: Vec<(usize, Key)>,
    /// It was there before the client.
    pub(super) adopted: bool,
}

/// What a transaction does to the model once it is acknowledged.
#[derive(Debug)]
pub(super) enum Change {
    /// A new row.
    Made((usize, Key), Entry),
    /// A row with new values.
    Changed((usize, Key), Values),
    /// A row that is gone.
    Gone((usize, Key)),
}

impl Model {
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            rows: BTreeMap::new(),
            acknowledged: 0,
            wrong: Vec::new(),
        }
    }

    pub(super) fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            self.acknowledged += 1;
            match change {
                Change::Made(name, entry) => {
                    for parent in &entry.parents {
                        if let Some(parent) = self.rows.get_mut(parent) {
                            parent.children += 1;
                        }
                    }
                    self.rows.insert(name, entry);
                }
                Change::Changed(name, values) => {
                    if let Some(entry) = self.rows.get_mut(&name) {
                        entry.values = values;
                    }
                }
                Change::Gone(name) => {
                    let Some(gone) = self.rows.remove(&name) else {
                        continue;
                    };
                    for parent in &gone.parents {
                        if let Some(parent) = self.rows.get_mut(parent) {
                            parent.children = parent.children.saturating_sub(1);
                        }
                    }
                }
            }
        }
    }

    /// Rows of a recipe that a test holds for.
    pub(super) fn of(&self, recipe: usize, test: impl Fn(&Entry) -> bool) -> Vec<(&Key, &Entry)> {
        self.rows
            .range((recipe, vec![])..(recipe + 1, vec![]))
            .filter(|(_, entry)| test(entry))
            .map(|((_, key), entry)| (key, entry))
            .collect()
    }
}

/// The key of a row.
pub(super) fn key(values: &Values, places: &[usize]) -> Key {
    places
        .iter()
        .map(|at| values[*at].clone().unwrap_or_default())
        .collect()
}
