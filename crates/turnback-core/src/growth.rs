//! What a change has left behind in size, and the commands that take it back.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::human::human_bytes;
use crate::name::TableName;
use crate::schema::Snapshot;

/// Growth below this part of a table is not worth a word.
const WORTH: f64 = 0.05;
/// And below these bytes.
const WORTH_BYTES: u64 = 1 << 20;

/// A table before the change and now, in bytes of heap, indexes and TOAST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The table.
    pub table: TableName,
    /// Before.
    pub before: u64,
    /// Now.
    pub after: u64,
}

/// Tables that are larger than they were, in order of their names. `before` are the tables of a
/// change with the catalog before it, the earliest first; `now` is the catalog now.
pub fn growth<'a>(
    before: impl IntoIterator<Item = (&'a TableName, &'a Snapshot)>,
    now: &Snapshot,
) -> Vec<Growth> {
    let mut tables: BTreeMap<&TableName, u64> = BTreeMap::new();
    for (table, snapshot) in before {
        if let Some(found) = snapshot.tables.get(table) {
            tables.entry(table).or_insert(found.vitals.total_bytes);
        }
    }
    tables
        .into_iter()
        .filter_map(|(table, before)| {
            let after = now.tables.get(table)?.vitals.total_bytes;
            let more = after.saturating_sub(before);
            let worth = more >= WORTH_BYTES && more as f64 >= before as f64 * WORTH;
            worth.then(|| Growth {
                table: table.clone(),
                before,
                after,
            })
        })
        .collect()
}

impl Growth {
    /// From what to what.
    pub fn sizes(&self) -> [String; 2] {
        [human_bytes(self.before), human_bytes(self.after)]
    }

    /// The statement that gives the space back, and holds up readers and writers meanwhile.
    pub fn rewrite(&self) -> String {
        format!("VACUUM FULL {}", self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Table, Vitals};

    fn of(sizes: &[(&str, u64)]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (name, total_bytes) in sizes {
            let table = Table {
                vitals: Vitals {
                    total_bytes: *total_bytes,
                    ..Vitals::default()
                },
                ..Table::default()
            };
            snapshot
                .tables
                .insert(TableName::new("public", *name), table);
        }
        snapshot
    }

    #[test]
    fn growth_counts_from_before_the_first_phase_and_only_where_it_is_worth_a_word() {
        let (first, second) = (
            of(&[("a", 10 << 20), ("b", 100 << 20), ("gone", 5)]),
            of(&[("a", 18 << 20), ("b", 100 << 20)]),
        );
        let now = of(&[("a", 20 << 20), ("b", 102 << 20)]);
        let names = ["a", "b", "gone"].map(|name| TableName::new("public", name));
        let before = names
            .iter()
            .map(|name| (name, &first))
            .chain(names.iter().map(|name| (name, &second)));
        let grown = growth(before, &now);
        assert_eq!(grown.len(), 1, "{grown:?}");
        assert_eq!(grown[0].sizes(), ["10 MB", "20 MB"]);
        assert_eq!(grown[0].rewrite(), "VACUUM FULL public.a");
    }
}
